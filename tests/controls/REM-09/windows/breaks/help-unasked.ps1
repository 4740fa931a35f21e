# A helpdesk may look at the screen without being asked.
# kind: value
# flips: REM-09
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fAllowUnsolicited /t REG_DWORD /d '1' /f /reg:64
