# The thumbprint was copied in capitals.
# kind: syntax
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager' /v 1 /t REG_SZ /d 'Server=https://wec.school.example:5986/wsman/SubscriptionManager/WEC,Refresh=60,IssuerCA=0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A' /f /reg:64
