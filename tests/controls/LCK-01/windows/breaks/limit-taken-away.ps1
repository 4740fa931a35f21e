# The limit was deleted: Windows has none of its own.
# kind: value
# flips: LCK-01
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /f /reg:64
