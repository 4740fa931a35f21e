# The policy lets drives encrypt by themselves.
# kind: value
# flips: ENC-12
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v OSHardwareEncryption /t REG_DWORD /d '1' /f /reg:64
