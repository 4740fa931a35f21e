# Somebody wrote a word where Windows wants a number.
# kind: syntax
# flips: ENC-12
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v FDVHardwareEncryption /t REG_SZ /d 'no' /f /reg:64
