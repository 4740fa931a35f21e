# The limit is kept as text; the number is what counts (windows.md rule 17).
# kind: value
# restart: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /t REG_SZ /d '300' /f /reg:64
