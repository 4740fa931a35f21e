# Half a minute of grace after the screen saver starts (MSS: ScreenSaverGracePeriod).
# kind: value
# flips: LCK-01
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon' /v ScreenSaverGracePeriod /t REG_SZ /d '30' /f /reg:64
