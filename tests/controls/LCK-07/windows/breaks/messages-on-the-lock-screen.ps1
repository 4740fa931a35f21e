# Messages are shown on the lock screen again.
# kind: value
# flips: LCK-07
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\System' /v DisableLockScreenAppNotifications /t REG_DWORD /d '0' /f /reg:64
