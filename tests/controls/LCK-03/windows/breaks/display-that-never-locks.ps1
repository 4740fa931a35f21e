# The limit of a teaching display was deleted, so that it stays on all day.
# kind: value
# level: standard
# role: teaching_display
# flips: LCK-01 LCK-03
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /f /reg:64
