# The policy lets people choose between TPM alone and PIN.
# kind: value
# flips: ENC-03
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v UseTPM /t REG_DWORD /d '2' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v UseTPMPIN /t REG_DWORD /d '2' /f /reg:64
