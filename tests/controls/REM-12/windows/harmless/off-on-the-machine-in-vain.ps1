# Somebody switched the firewall off on the machine, and the policy, which wins, has it on.
# kind: precedence
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile' /v EnableFirewall /t REG_DWORD /d '1' /f /reg:64
Set-NetFirewallProfile -Name Public -Enabled False
