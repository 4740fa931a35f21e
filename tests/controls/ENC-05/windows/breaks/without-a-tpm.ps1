# The policy lets machines without a TPM encrypt with a password.
# kind: value
# flips: ENC-05
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v EnableBDEWithNoTPM /t REG_DWORD /d '1' /f /reg:64
