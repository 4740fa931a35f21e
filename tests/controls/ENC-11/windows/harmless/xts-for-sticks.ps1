# Sticks are encrypted with XTS-AES 256, which older Windows cannot read.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v EncryptionMethodWithXtsRdv /t REG_DWORD /d '7' /f /reg:64
