# The limit of a teaching display is two hours.
# kind: syntax
# level: standard
# role: teaching_display
# flips: LCK-01 LCK-03
# expect: drifted
# restart: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /t REG_DWORD /d '7200' /f /reg:64
