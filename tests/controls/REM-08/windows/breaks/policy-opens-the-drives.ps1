# The listener blocks drives, and a group policy, which wins, lets them through.
# kind: precedence
# flips: REM-08
# expect: drifted
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' /v fDisableCdm /t REG_DWORD /d '1' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fDisableCdm /t REG_DWORD /d '0' /f /reg:64
