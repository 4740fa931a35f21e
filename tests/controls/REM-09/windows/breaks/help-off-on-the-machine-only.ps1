# The policy for Remote Assistance is gone. The machine itself has it off, but now people can switch it on.
# kind: lock_removed
# flips: REM-09
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fAllowToGetHelp /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance' /v fAllowToGetHelp /t REG_DWORD /d '0' /f /reg:64
