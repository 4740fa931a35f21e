# The policy for Remote Assistance is gone, and the machine itself has it off.
# kind: precedence
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fAllowToGetHelp /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance' /v fAllowToGetHelp /t REG_DWORD /d '0' /f /reg:64
