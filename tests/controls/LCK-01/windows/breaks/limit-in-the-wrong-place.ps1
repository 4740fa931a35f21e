# A guide from the web put the limit below SOFTWARE\Policies, where Windows does not look, and the real one was deleted.
# kind: precedence
# flips: LCK-01
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\System' /v InactivityTimeoutSecs /t REG_DWORD /d 300 /f /reg:64
