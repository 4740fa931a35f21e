# The policy was taken away: what happens here stays here.
# kind: lock_removed
# flips: FWD-01
# expect: drifted
# alone: yes
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /f /reg:64
