# Somebody wrote a word where Windows wants a number.
# kind: syntax
# flips: ENC-07
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v OSRequireActiveDirectoryBackup /t REG_SZ /d 'yes' /f /reg:64
