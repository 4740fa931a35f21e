# The limit is gone, and the user's own screen saver, which the user may switch off, is all there is.
# kind: per_user
# flips: LCK-01
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /f /reg:64
reg.exe add 'HKCU\Control Panel\Desktop' /v ScreenSaveActive /t REG_SZ /d 1 /f
reg.exe add 'HKCU\Control Panel\Desktop' /v ScreenSaverIsSecure /t REG_SZ /d 1 /f
reg.exe add 'HKCU\Control Panel\Desktop' /v ScreenSaveTimeOut /t REG_SZ /d 300 /f
