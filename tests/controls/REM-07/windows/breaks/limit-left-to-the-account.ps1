# The policy is gone, and the listener's own limit does not count, since it is left to each account.
# kind: precedence
# flips: REM-07
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v MaxIdleTime /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' /v MaxIdleTime /t REG_DWORD /d '300000' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' /v fInheritMaxIdleTime /t REG_DWORD /d '1' /f /reg:64
