# A stricter limit, and a restart.
# kind: value
# restart: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /t REG_DWORD /d '120' /f /reg:64
