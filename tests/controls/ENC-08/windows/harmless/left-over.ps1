# What an MDM service once wrote lies about, and none manages the device.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker' /v ConfigureRecoveryPasswordRotation /t REG_DWORD /d '0' /f /reg:64
