# The switch for the clipboard is kept as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v fDisableClip /t REG_SZ /d '1' /f /reg:64
