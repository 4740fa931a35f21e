# A program added a listener of its own, which asks nobody who he is; the policy that would rule them all is gone.
# kind: precedence
# flips: REM-06
# expect: drifted
Remove-ItemProperty 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' -Name UserAuthentication -ErrorAction SilentlyContinue
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' /v UserAuthentication /t REG_DWORD /d '1' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\Vendor-Tcp' /v PortNumber /t REG_DWORD /d '3390' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\Vendor-Tcp' /v UserAuthentication /t REG_DWORD /d '0' /f /reg:64
