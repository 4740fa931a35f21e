# Somebody switched Remote Assistance on in the control panel; the policy still has it off.
# kind: precedence
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance' /v fAllowToGetHelp /t REG_DWORD /d '1' /f /reg:64
