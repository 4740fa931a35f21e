# Somebody switched Remote Assistance on in the control panel, after its policy was taken away.
# kind: precedence
# flips: REM-09
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fAllowToGetHelp /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance' /v fAllowToGetHelp /t REG_DWORD /d '1' /f /reg:64
