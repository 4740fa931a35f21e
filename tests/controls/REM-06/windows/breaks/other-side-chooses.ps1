# Security layer 1 lets the other side choose RDP's own old encryption (at level standard).
# kind: value
# level: standard
# flips: REM-06
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v SecurityLayer /t REG_DWORD /d '1' /f /reg:64
