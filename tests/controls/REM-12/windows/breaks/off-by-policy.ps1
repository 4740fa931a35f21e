# A group policy for a supplier switches the firewall off on private networks; the machine itself has it on.
# kind: precedence
# flips: REM-12
# expect: drifted
# mends: no
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PrivateProfile' /v EnableFirewall /t REG_DWORD /d '0' /f /reg:64
