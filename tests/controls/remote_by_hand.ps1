# What a technician does to a Windows machine for the family REM, since Leeboard only reports it: a group policy for
# Remote Desktop, as the remedies have it.
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
$values = @{
    $policy = @{
        fDenyTSConnections = 1; UserAuthentication = 1; SecurityLayer = 2; MinEncryptionLevel = 3; fPromptForPassword = 1
        fEncryptRPCTraffic = 1; MaxIdleTime = 300000; MaxDisconnectionTime = 60000; fDisableCcm = 1; fDisableCdm = 1
        fDisableClip = 1; fDisableLPT = 1; fDisablePNPRedir = 1; DisablePasswordSaving = 1; fAllowToGetHelp = 0
        fAllowUnsolicited = 0
    }
    "$policy\Client" = @{ DisableCloudClipboardIntegration = 1 }
}
foreach ($key in $values.Keys) {
    if (-not (Test-Path -LiteralPath $key)) { $null = New-Item -Path $key -Force }
    foreach ($name in $values[$key].Keys) {
        Set-ItemProperty -LiteralPath $key -Name $name -Value $values[$key][$name] -Type DWord
    }
}
