# Pulling the card signs out.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon' /v ScRemoveOption /t REG_SZ /d '2' /f /reg:64
