# Nobody says any more whose certificates are meant.
# kind: lock_removed
# flips: FWD-02
# expect: drifted
# mends: no
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v 1 /t REG_SZ /d 'Server=https://wec.school.example:5986/wsman/SubscriptionManager/WEC,Refresh=60' /f /reg:64
