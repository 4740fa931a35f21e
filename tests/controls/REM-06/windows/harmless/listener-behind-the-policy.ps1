# A second listener asks for no proof, and the policy asks for all.
# kind: precedence
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\Vendor-Tcp' /v PortNumber /t REG_DWORD /d '3390' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\Vendor-Tcp' /v UserAuthentication /t REG_DWORD /d '0' /f /reg:64
