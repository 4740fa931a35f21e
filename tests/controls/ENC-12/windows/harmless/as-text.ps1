# A script wrote the number as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v FDVHardwareEncryption /t REG_SZ /d '0' /f /reg:64
