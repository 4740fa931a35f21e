# The policy says that nobody is asked on battery.
# kind: value
# flips: LCK-04
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\0e796bdb-100d-47d6-a2d5-f7d2daa51f51' /v DCSettingIndex /t REG_DWORD /d '0' /f /reg:64
