# An old client could not connect, so the proof before the desktop (NLA) was switched off.
# kind: value
# flips: REM-06
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v UserAuthentication /t REG_DWORD /d '0' /f /reg:64
