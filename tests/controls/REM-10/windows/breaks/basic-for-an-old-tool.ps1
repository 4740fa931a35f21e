# An old tool knows Basic only: the policy was taken away, and the service's own switch set.
# kind: value
# flips: REM-10
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' /v AllowBasic /f /reg:64
Set-WSManInstance winrm/config/service/auth -ValueSet @{ Basic = 'true' }
