# The policy for the clipboard was deleted, since somebody wanted to copy a password.
# kind: value
# flips: REM-08
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fDisableClip /f /reg:64
