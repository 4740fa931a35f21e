# The profile leaves used recovery passwords as they are.
# kind: value
# flips: ENC-08
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker' /v ConfigureRecoveryPasswordRotation /t REG_DWORD /d '0' /f /reg:64
