# Pulling the card does nothing.
# kind: value
# flips: LCK-08
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon' /v ScRemoveOption /t REG_SZ /d '0' /f /reg:64
