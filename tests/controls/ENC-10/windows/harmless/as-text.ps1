# A script wrote the number as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v FDVRecovery /t REG_SZ /d '1' /f /reg:64
