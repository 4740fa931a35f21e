# The Security log is as small again as Windows installs it.
# kind: value
# flips: AUD-11
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Security' /v MaxSize /t REG_DWORD /d 20480 /f /reg:64
