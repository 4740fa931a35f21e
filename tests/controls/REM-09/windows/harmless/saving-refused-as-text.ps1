# The switch for saved passwords is kept as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v DisablePasswordSaving /t REG_SZ /d '1' /f /reg:64
