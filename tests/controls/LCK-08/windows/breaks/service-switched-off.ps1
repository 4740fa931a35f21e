# The service that reacts to the card was disabled.
# kind: not_loaded
# flips: LCK-08
# expect: drifted
# mends: no
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\SCPolicySvc' /v Start /t REG_DWORD /d 4 /f
