# The policy against the camera was deleted.
# kind: lock_removed
# flips: LCK-07
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\Personalization' /v NoLockScreenCamera /f /reg:64
