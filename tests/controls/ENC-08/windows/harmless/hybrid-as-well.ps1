# The profile counts for hybrid joined devices as well.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker' /v ConfigureRecoveryPasswordRotation /t REG_DWORD /d '2' /f /reg:64
