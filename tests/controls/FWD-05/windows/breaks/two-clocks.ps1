# Somebody installed another time service beside it.
# kind: precedence
# flips: FWD-05
# expect: drifted
# mends: no
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\NTP' /v Start /t REG_DWORD /d 2 /f /reg:64
