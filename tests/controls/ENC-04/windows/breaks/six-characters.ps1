# The policy asks for the six that Windows asks for anyway.
# kind: value
# flips: ENC-04
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v MinimumPIN /t REG_DWORD /d '6' /f /reg:64
