# The policy is gone, and the listener itself blocks drives.
# kind: precedence
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fDisableCdm /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' /v fDisableCdm /t REG_DWORD /d '1' /f /reg:64
