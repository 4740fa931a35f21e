# The policy for the Setup log is gone; what the service still has is gone with the next start.
# kind: lock_removed
# flips: AUD-11
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Setup' /v MaxSize /f /reg:64
