# Ten digits.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\PassportForWork\PINComplexity' /v MinimumPINLength /t REG_DWORD /d '10' /f /reg:64
