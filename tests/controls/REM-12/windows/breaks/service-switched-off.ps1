# The service was switched off in the registry, as old guides say, and no profile counts any more.
# kind: not_loaded
# flips: REM-12
# expect: drifted
# mends: no
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\MpsSvc' /v Start /t REG_DWORD /d '4' /f /reg:64
