# The limit was changed by hand, and the machine has not been restarted since (it works after a restart).
# kind: not_loaded
# flips: LCK-01
# expect: pending
# mends: no
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /t REG_DWORD /d '240' /f /reg:64
