# The limit is 0, which Windows takes for "never" (Microsoft, machine inactivity limit).
# kind: value
# flips: LCK-01
# expect: drifted
# restart: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /t REG_DWORD /d '0' /f /reg:64
