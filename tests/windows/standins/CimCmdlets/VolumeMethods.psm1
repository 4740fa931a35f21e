<#
Stand-in for the methods of Win32_EncryptableVolume and Win32_Tpm: a state machine over what an instance has in
cim.json as `bitlocker` or `tpm`. It answers by codes as the pages say, and keeps no key, PIN or password.

    "bitlocker": {"conversion": 1, "percentage": 100, "method": 6, "flags": 0, "locked": false, "clear_key": false,
                  "suspended": null, "hardware_test": 0, "protectors": [{"id": "{...}", "type": 1, "pcrs": [7, 11]}]}
    "tpm": {"enabled": true, "activated": true, "owned": true, "needs": 0}

`suspended` is the number of restarts after which a suspension ends, 0 for never, null where nothing is suspended. What
a restart and the passing of time do is tests/windows/volumes.py's.

Source: MicrosoftDocs/win32, desktop-src/SecProv, one page a method. What those leave open is recalled (..\README.md):
the code with which GetSuspendCount says ERROR_NOT_SUPPORTED, the one of Lock on the volume of Windows, and that a
password protector is refused there.
#>

Set-StrictMode -Version 2.0

# The codes are unsigned: HRESULTs as CIM gives them.
$ok = [uint32]0
$locked = [uint32]2150694912         # FVE_E_LOCKED_VOLUME, 0x80310000
$noProtector = [uint32]2150694920    # FVE_E_NOT_ACTIVATED, 0x80310008
$badArgument = [uint32]2147942487    # E_INVALIDARG, 0x80070057
$exists = [uint32]2150694961         # FVE_E_PROTECTOR_EXISTS, 0x80310031
$noKeyYet = [uint32]2150694958       # FVE_E_KEY_REQUIRED, 0x8031002E
$notSystem = [uint32]2150694947      # FVE_E_NOT_OS_VOLUME, 0x80310023
$onSystem = [uint32]2150695021       # FVE_E_FOREIGN_VOLUME's neighbour for passwords on Windows, 0x8031006D
$lastOne = [uint32]2150694941        # FVE_E_VOLUME_BOUND_ALREADY's neighbour: the last protector, 0x8031001D
$notSupported = [uint32]2147942450   # ERROR_NOT_SUPPORTED as an HRESULT, 0x80070032
$decrypted, $encrypted, $encrypting, $decrypting, $encryptionPaused, $decryptionPaused = 0..5

# Properties of an instance. Status and method say nothing of the volume as it is, but the other way round
# (osquery/osquery, pull request 8931: ProtectionStatus 1 of a decrypted drive on Windows 11 24H2): methods tell.
function Get-VolumeProperty([System.Collections.IDictionary]$Found) {
    $at = $Found.bitlocker
    $wasEncrypted = $at.conversion -ne $encrypted
    [ordered]@{
        ProtectionStatus = [int]((Get-Protection $at) -ne 1)
        ConversionStatus = if ($wasEncrypted) { $encrypted } else { $decrypted }
        EncryptionMethod = if ($wasEncrypted) { 4 } else { 0 }
        IsVolumeInitializedForProtection = [bool]@($at.protectors).Count
    }
}

function Get-Protection([System.Collections.IDictionary]$At) {
    if ($At.locked) { return 2 }
    [int]($At.conversion -eq $encrypted -and @($At.protectors).Count -and -not $At.clear_key)
}

# @{Answer; Changed}: what a method says, and whether it changed the volume.
function Invoke-VolumeMethod([System.Collections.IDictionary]$Found, [string]$Name, [System.Collections.IDictionary]$Given) {
    $at, $isSystem = $Found.bitlocker, ($Found.VolumeType -eq 0)
    $before = ConvertTo-Json $at -Depth 5 -Compress
    $answer = switch ($Name) {
        'GetProtectionStatus' { @{ ProtectionStatus = Get-Protection $at } }
        'GetLockStatus' { @{ LockStatus = [int]$at.locked } }
        'GetEncryptionMethod' {
            $method = if ($at.locked) { 4294967295 } elseif ($at.conversion -eq $decrypted) { 0 } else { $at.method }
            @{ EncryptionMethod = $method; SelfEncryptionDriveEncryptionMethod = '' }
        }
        'GetConversionStatus' {
            if ($at.locked) { $locked; break }
            @{
                ConversionStatus = $at.conversion; EncryptionPercentage = $at.percentage; EncryptionFlags = $at.flags
                WipingStatus = 0; WipingPercentage = 0
            }
        }
        'GetHardwareEncryptionStatus' { @{ HardwareEncryptionStatus = if ($at.method -eq 5) { 3 } else { 2 } } }
        'GetHardwareTestStatus' {
            if ($at.locked) { $locked; break }
            @{ TestStatus = $at.hardware_test; TestError = 0 }
        }
        'GetSuspendCount' {
            if (-not $isSystem -or -not $at.clear_key) { $notSupported; break }
            @{ SuspendCount = [int]$at.suspended }
        }
        'GetKeyProtectors' {
            $type = if ($Given -and $Given['KeyProtectorType']) { $Given['KeyProtectorType'] } else { 0 }
            if (-not @($at.protectors).Count) { $noProtector; break }
            @{ VolumeKeyProtectorID = [string[]]@($at.protectors | Where-Object { -not $type -or $_.type -eq $type } | ForEach-Object { $_.id }) }
        }
        { $_ -in 'GetKeyProtectorType', 'GetKeyProtectorPlatformValidationProfile', 'DeleteKeyProtector' } {
            $wanted = @($at.protectors | Where-Object { $_.id -eq $Given['VolumeKeyProtectorID'] })
            if (-not @($at.protectors).Count) { $noProtector; break }
            if (-not $wanted) { $badArgument; break }
            switch ($Name) {
                'GetKeyProtectorType' { @{ KeyProtectorType = $wanted[0].type } }
                'GetKeyProtectorPlatformValidationProfile' {
                    if ($wanted[0].type -notin 1, 4, 5, 6) { $badArgument; break }
                    @{ PlatformValidationProfile = [byte[]]@($wanted[0].pcrs) }
                }
                'DeleteKeyProtector' {
                    if (@($at.protectors).Count -eq 1 -and $at.conversion -ne $decrypted -and -not $at.clear_key) { $lastOne; break }
                    $at.protectors = @($at.protectors | Where-Object { $_.id -ne $wanted[0].id })
                    @{}
                }
            }
        }
        { $_ -like 'ProtectKeyWith*' } { Add-Protector $at $Name $isSystem $Given }
        'DisableKeyProtectors' {
            if ($at.locked) { $locked; break }
            $at.clear_key = $true
            if ($isSystem) { $at.suspended = [int]$(if ($Given) { $Given['DisableCount'] }) }
            @{}
        }
        'EnableKeyProtectors' {
            if (-not @($at.protectors).Count) { $noProtector; break }
            $at.clear_key, $at.suspended = $false, $null
            @{}
        }
        { $_ -in 'Encrypt', 'EncryptAfterHardwareTest' } {
            if ($at.locked) { $locked; break }
            if (-not @($at.protectors).Count) { $noKeyYet; break }
            if ($Given -and $Given['EncryptionMethod']) { $at.method = [int]$Given['EncryptionMethod'] }
            if ($Name -eq 'EncryptAfterHardwareTest') { $at.hardware_test = 2; @{}; break }
            $at.conversion, $at.percentage = $encrypting, 0
            @{}
        }
        'Decrypt' {
            if ($at.locked) { $locked; break }
            $at.conversion = $decrypting
            @{}
        }
        'PauseConversion' {
            if ($at.conversion -eq $encrypting) { $at.conversion = $encryptionPaused }
            if ($at.conversion -eq $decrypting) { $at.conversion = $decryptionPaused }
            @{}
        }
        'ResumeConversion' {
            if ($at.conversion -eq $encryptionPaused) { $at.conversion = $encrypting }
            if ($at.conversion -eq $decryptionPaused) { $at.conversion = $decrypting }
            @{}
        }
        'Lock' {
            if ($isSystem) { $notSupported; break }
            $at.locked = $true
            @{}
        }
        default { return $null }
    }
    @{ Answer = Complete-Answer $answer; Changed = $before -ne (ConvertTo-Json $at -Depth 5 -Compress) }
}

function Add-Protector([System.Collections.IDictionary]$At, [string]$Method, [bool]$IsSystem, [System.Collections.IDictionary]$Given) {
    if ($At.locked) { return $locked }
    $type = @{
        ProtectKeyWithTPM = 1; ProtectKeyWithExternalKey = 2; ProtectKeyWithNumericalPassword = 3
        ProtectKeyWithTPMAndPIN = 4; ProtectKeyWithTPMAndStartupKey = 5; ProtectKeyWithPassphrase = 8
    }[$Method]
    if ($type -in 1, 4, 5 -and -not $IsSystem) { return $notSystem }
    if ($type -eq 8 -and $IsSystem) { return $onSystem }
    if ($type -ne 3 -and @($At.protectors | Where-Object { $_.type -eq $type }).Count) { return $exists }
    $made = @{ id = '{' + [guid]::NewGuid().ToString().ToUpperInvariant() + '}'; type = $type }
    if ($type -in 1, 4, 5) {
        $profile_ = if ($Given) { $Given['PlatformValidationProfile'] }
        $made['pcrs'] = if ($profile_) { @($profile_ | ForEach-Object { [int]$_ }) } else { @(7, 11) }
    }
    $At.protectors = @($At.protectors) + $made
    @{ VolumeKeyProtectorID = $made.id }
}

function Invoke-TpmMethod([System.Collections.IDictionary]$Found, [string]$Name) {
    $at = $Found.tpm
    $answer = switch ($Name) {
        'IsEnabled' { @{ IsEnabled = $at.enabled } }
        'IsActivated' { @{ IsActivated = $at.activated } }
        'IsOwned' { @{ IsOwned = $at.owned } }
        'IsReadyInformation' { @{ IsReady = -not $at.needs; Information = $at.needs } }
        'Disable' { $at.enabled, $at.needs = $false, ($at.needs -bor 0x20); @{} }
        default { return $null }
    }
    @{ Answer = Complete-Answer $answer; Changed = $Name -eq 'Disable' }
}

# A code alone is a failure, whose out parameters are not set.
function Complete-Answer([object]$Answer) {
    $said = [ordered]@{}
    if ($Answer -is [uint32]) {
        $said['ReturnValue'] = $Answer
        return $said
    }
    foreach ($key in $Answer.Keys) { $said[$key] = $Answer[$key] }
    $said['ReturnValue'] = $ok
    $said
}

Export-ModuleMember -Function Get-VolumeProperty, Invoke-VolumeMethod, Invoke-TpmMethod
