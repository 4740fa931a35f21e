# Somebody wrote a word where Windows wants a number.
# kind: syntax
# flips: ENC-04
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v UseEnhancedPin /t REG_SZ /d 'yes' /f /reg:64
