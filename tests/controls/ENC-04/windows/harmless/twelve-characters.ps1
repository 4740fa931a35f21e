# A school asks for longer PINs.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v MinimumPIN /t REG_DWORD /d '12' /f /reg:64
