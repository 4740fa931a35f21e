# Somebody let a supplier in by Remote Desktop: the group policy says yes, whatever the machine says.
# kind: precedence
# flips: REM-06
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fDenyTSConnections /t REG_DWORD /d '0' /f /reg:64
