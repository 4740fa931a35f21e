# The entry has another name, and the collector is asked more often.
# kind: value
# alone: yes
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v 1 /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v collector /t REG_SZ /d 'Server=https://wec.school.example:5986/wsman/SubscriptionManager/WEC,Refresh=30,IssuerCA=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a' /f /reg:64
