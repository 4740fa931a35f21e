# Idle sessions end after a minute.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v MaxIdleTime /t REG_DWORD /d '60000' /f /reg:64
