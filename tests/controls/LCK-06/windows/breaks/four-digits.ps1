# A PIN of four digits is enough.
# kind: value
# flips: LCK-06
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\PassportForWork\PINComplexity' /v MinimumPINLength /t REG_DWORD /d '4' /f /reg:64
