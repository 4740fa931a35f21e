# The policy is gone, and the listener has a limit of its own that counts.
# kind: precedence
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v MaxIdleTime /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' /v MaxIdleTime /t REG_DWORD /d '300000' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' /v fInheritMaxIdleTime /t REG_DWORD /d '0' /f /reg:64
