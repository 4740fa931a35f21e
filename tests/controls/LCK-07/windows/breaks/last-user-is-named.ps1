# The sign-in screen names whoever was there last.
# kind: value
# flips: LCK-07
# expect: drifted
# pending: LCK-01
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v DontDisplayLastUserName /t REG_DWORD /d '0' /f /reg:64
