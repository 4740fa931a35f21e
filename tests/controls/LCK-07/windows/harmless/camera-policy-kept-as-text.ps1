# The policy against the camera is kept as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\Personalization' /v NoLockScreenCamera /t REG_SZ /d '1' /f /reg:64
