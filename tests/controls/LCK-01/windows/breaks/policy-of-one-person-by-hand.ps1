# The limit is gone. Somebody wrote the policy of the screen saver into his own registry: whoever is new does not have it.
# kind: per_user
# flips: LCK-01
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /f /reg:64
$desktop = 'HKCU:\SOFTWARE\Policies\Microsoft\Windows\Control Panel\Desktop'
$values = [ordered]@{ ScreenSaveActive = '1'; ScreenSaverIsSecure = '1'; ScreenSaveTimeOut = '300'; 'SCRNSAVE.EXE' = 'scrnsave.scr' }
$null = New-Item -Path $desktop -Force
foreach ($name in $values.Keys) { Set-ItemProperty -LiteralPath $desktop -Name $name -Value $values[$name] -Type String }
