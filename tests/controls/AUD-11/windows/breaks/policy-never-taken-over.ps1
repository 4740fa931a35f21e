# The policy is gone and Windows was restarted, so that the log is kept as it was installed.
# kind: not_loaded
# flips: AUD-11
# expect: drifted
# restart: yes
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\System' /v MaxSize /f /reg:64
