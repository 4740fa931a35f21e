# The policy for Basic is gone, and the service itself does not take it.
# kind: precedence
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' /v AllowBasic /f /reg:64
