# Disconnected sessions stay for a day.
# kind: value
# flips: REM-07
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v MaxDisconnectionTime /t REG_DWORD /d '86400000' /f /reg:64
