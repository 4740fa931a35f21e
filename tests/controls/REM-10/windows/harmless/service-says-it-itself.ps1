# The service's own switch lets Basic in, and the policy, which wins, does not.
# kind: precedence
Set-WSManInstance winrm/config/service/auth -ValueSet @{ Basic = 'true' }
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' /v AllowBasic /t REG_DWORD /d '0' /f /reg:64
