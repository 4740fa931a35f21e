# The Security log may grow to twice the size.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Security' /v MaxSize /t REG_DWORD /d 2097152 /f /reg:64
