# Events go over http from a machine that is in no domain.
# kind: value
# flips: FWD-01 FWD-02
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v 1 /t REG_SZ /d 'Server=http://wec.school.example:5985/wsman/SubscriptionManager/WEC,Refresh=60,IssuerCA=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a' /f /reg:64
