# A script wrote the start-up options as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v UseAdvancedStartup /t REG_SZ /d '1' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v UseTPMPIN /t REG_SZ /d '1' /f /reg:64
