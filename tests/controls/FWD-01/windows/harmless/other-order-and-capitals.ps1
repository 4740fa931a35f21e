# The same entry in another order, and with the host in capitals.
# kind: syntax
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v 1 /t REG_SZ /d 'IssuerCA=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a, Server=https://WEC.School.Example:5986/wsman/SubscriptionManager/WEC' /f /reg:64
