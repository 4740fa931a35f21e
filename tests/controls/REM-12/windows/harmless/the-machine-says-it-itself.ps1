# The policy for the school's network is gone, and the machine itself says the same.
# kind: precedence
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\DomainProfile' /v EnableFirewall /f /reg:64
Set-NetFirewallProfile -Name Domain -Enabled True
