# The policy against stored credentials is gone.
# kind: lock_removed
# flips: REM-10
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' /v DisableRunAs /f /reg:64
