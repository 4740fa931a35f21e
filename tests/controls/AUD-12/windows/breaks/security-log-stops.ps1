# A full Security log keeps what it has and records nothing new.
# kind: value
# flips: AUD-12
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Security' /v Retention /t REG_SZ /d 1 /f /reg:64
