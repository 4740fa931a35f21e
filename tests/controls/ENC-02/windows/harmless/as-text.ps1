# A script wrote the numbers as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v EncryptionMethodWithXtsOs /t REG_SZ /d '7' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v OSEncryptionType /t REG_SZ /d '1' /f /reg:64
