# A full System log is put aside, again and again, until the disk is full.
# kind: precedence
# flips: AUD-12
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\System' /v Retention /t REG_SZ /d 1 /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\System' /v AutoBackupLogFiles /t REG_SZ /d 1 /f /reg:64
