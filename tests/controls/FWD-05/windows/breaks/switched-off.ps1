# The Windows Time service is disabled.
# kind: lock_removed
# flips: FWD-05
# expect: drifted
# mends: no
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time' /v Start /t REG_DWORD /d 4 /f /reg:64
