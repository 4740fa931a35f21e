# The warning comes earlier.
# kind: value
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Security' /v WarningLevel /t REG_DWORD /d 75 /f /reg:64
