# Overwriting is asked for by a number, not by text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Application' /v Retention /t REG_DWORD /d 0 /f /reg:64
