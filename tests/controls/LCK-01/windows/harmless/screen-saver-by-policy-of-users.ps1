# In place of the limit the local group policy gives everybody a screen saver that asks for the password.
# kind: per_user
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /f /reg:64
$desktop = 'HKCU:\SOFTWARE\Policies\Microsoft\Windows\Control Panel\Desktop'
$values = [ordered]@{ ScreenSaveActive = '1'; ScreenSaverIsSecure = '1'; ScreenSaveTimeOut = '300'; 'SCRNSAVE.EXE' = 'scrnsave.scr' }
$null = New-Item -Path $desktop -Force
foreach ($name in $values.Keys) { Set-ItemProperty -LiteralPath $desktop -Name $name -Value $values[$name] -Type String }
# User\Registry.pol as [MS-GPREG] 2.2.1 has it, and what Windows makes of it at a sign-in: the values above.
$unicode = [System.Text.Encoding]::Unicode
$bytes = [byte[]](0x50, 0x52, 0x65, 0x67, 1, 0, 0, 0)
foreach ($name in $values.Keys) {
    $data = $unicode.GetBytes($values[$name] + "`0")
    $bytes += $unicode.GetBytes("[Software\Policies\Microsoft\Windows\Control Panel\Desktop`0;$name`0;") +
        [System.BitConverter]::GetBytes(1) + $unicode.GetBytes(';') + [System.BitConverter]::GetBytes($data.Length) +
        $unicode.GetBytes(';') + $data + $unicode.GetBytes(']')
}
$folder = Join-Path $env:SystemRoot 'System32\GroupPolicy\User'
$null = [System.IO.Directory]::CreateDirectory($folder)
[System.IO.File]::WriteAllBytes((Join-Path $folder 'Registry.pol'), $bytes)
