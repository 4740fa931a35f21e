# No grace: the password is asked for at once.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon' /v ScreenSaverGracePeriod /t REG_SZ /d '0' /f /reg:64
