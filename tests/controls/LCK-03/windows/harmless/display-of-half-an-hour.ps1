# A teaching display may stay open for half an hour.
# kind: value
# level: standard
# role: teaching_display
# restart: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /t REG_DWORD /d '1800' /f /reg:64
