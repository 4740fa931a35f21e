# Somebody wrote the length in words.
# kind: syntax
# flips: LCK-06
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\PassportForWork\PINComplexity' /v MinimumPINLength /t REG_SZ /d 'eight' /f /reg:64
