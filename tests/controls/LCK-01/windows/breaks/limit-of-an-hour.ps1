# The limit was put to an hour, because a teacher complained, and the machine was restarted.
# kind: value
# flips: LCK-01
# expect: drifted
# restart: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /t REG_DWORD /d '3600' /f /reg:64
