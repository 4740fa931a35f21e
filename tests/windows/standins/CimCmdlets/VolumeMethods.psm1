<#
Stand-in for the methods of Win32_EncryptableVolume: a state machine over what an instance has in cim.json as `bitlocker`.
It answers by codes as the pages say. Protectors are VolumeProtectors.psm1's; what a restart, the firmware and the passing
of time do is tests/windows/volumes.py's.

    "bitlocker": {"conversion": 1, "percentage": 100, "method": 6, "flags": 0, "locked": false, "clear_key": false,
                  "suspended": null, "hardware_test": 0, "test_error": 0, "binding": 3, "hardware": 2, "auto_unlock": {},
                  "protectors": [{"id": "{...}", "type": 1, "pcrs": [7, 11], "sealed": {...}}]}

`suspended` is the number of restarts after which a suspension ends, 0 for never, null where nothing is suspended.
`auto_unlock`, of the volume of Windows, has the protector by which it opens each data volume. All but the first eight and
the protectors may be left out.

Each method gets the machine: @{ Volumes; Tpm; Policy }, all instances, the state of the TPM or nothing, and the values of
the key FVE that Windows acts on (none of them: it forbids nothing).

Source: MicrosoftDocs/win32, desktop-src/SecProv, one page a method, `encrypt-win32-encryptablevolume.md` and so on; the
names of codes that stand in no such page: desktop-src/com/com-error-codes-6.md. GetSecureBootBindingState has no page: its
numbers are microsoft/wmi's (EncryptableVolume_BindingState). What those leave open is recalled (..\README.md).
#>

Set-StrictMode -Version 2.0
Import-Module (Join-Path $PSScriptRoot 'VolumeProtectors.psm1')

# The codes are unsigned: HRESULTs as CIM gives them.
$ok = [uint32]0
$locked = [uint32]2150694912         # FVE_E_LOCKED_VOLUME, 0x80310000
$notEncrypted = [uint32]2150694913   # FVE_E_NOT_ENCRYPTED, 0x80310001
$noProtector = [uint32]2150694920    # FVE_E_NOT_ACTIVATED, 0x80310008
$bound = [uint32]2150694943          # FVE_E_VOLUME_BOUND_ALREADY, 0x8031001F
$notBound = [uint32]2150694935       # FVE_E_VOLUME_NOT_BOUND, 0x80310017
$isSystemVolume = [uint32]2150694937 # FVE_E_NOT_DATA_VOLUME, 0x80310019
$osOpen = [uint32]2150694944         # FVE_E_OS_NOT_PROTECTED, 0x80310020
$keyInClear = [uint32]2150694945     # FVE_E_PROTECTION_DISABLED, 0x80310021
$noWayBack = [uint32]2150694946      # FVE_E_RECOVERY_KEY_REQUIRED, 0x80310022
$isData = [uint32]2150694952         # FVE_E_NOT_OS_VOLUME, 0x80310028
$opensOthers = [uint32]2150694953    # FVE_E_AUTOUNLOCK_ENABLED, 0x80310029
$passwordFirst = [uint32]2150694956  # FVE_E_POLICY_PASSWORD_REQUIRED, 0x8031002C
$otherMethod = [uint32]2150694957    # FVE_E_CANNOT_SET_FVEK_ENCRYPTED, 0x8031002D
$noKeyYet = [uint32]2150694958       # FVE_E_CANNOT_ENCRYPT_NO_KEY, 0x8031002E
$notDecrypted = [uint32]2150694969   # FVE_E_NOT_DECRYPTED, 0x80310039
$nothingToTest = [uint32]2150694971  # FVE_E_NO_PROTECTORS_TO_TEST, 0x8031003B
$opensItself = [uint32]2150695063    # FVE_E_CANT_LOCK_AUTOUNLOCK_ENABLED_VOLUME, 0x80310097
$badArgument = [uint32]2147942487    # E_INVALIDARG, 0x80070057
$denied = [uint32]2147942405         # E_ACCESSDENIED, 0x80070005
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

# The state of the volume of Windows, or nothing.
function Get-WindowsVolume([System.Collections.IDictionary]$Machine) {
    foreach ($one in $Machine.Volumes) { if ($one.VolumeType -eq 0) { return $one.bitlocker } }
}

# The protector by which Windows opens a data volume, or nothing.
function Get-AutoUnlock([System.Collections.IDictionary]$Machine, [string]$Id) {
    $windows = Get-WindowsVolume $Machine
    if ($windows -and $windows['auto_unlock']) { $windows['auto_unlock'][$Id] }
}

# @{Answer; Changed}: what a method says, and whether it changed a volume.
function Invoke-VolumeMethod(
    [System.Collections.IDictionary]$Machine, [System.Collections.IDictionary]$Found, [string]$Name,
    [System.Collections.IDictionary]$Given
) {
    $at, $isSystem, $id = $Found.bitlocker, ($Found.VolumeType -eq 0), $Found.DeviceID
    if ($null -eq $Given) { $Given = @{} }
    $before = ConvertTo-Json @($Machine.Volumes) -Depth 9 -Compress
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
        'GetHardwareEncryptionStatus' {
            $status = if ($at.method -eq 5) { 3 } elseif ($null -ne $at['hardware']) { $at['hardware'] } else { 2 }
            @{ HardwareEncryptionStatus = $status }
        }
        'GetHardwareTestStatus' {
            if ($at.locked) { $locked; break }
            @{ TestStatus = $at.hardware_test; TestError = [uint32]$at['test_error'] }
        }
        'GetSuspendCount' {
            if (-not $isSystem -or -not $at.clear_key) { $notSupported; break }
            @{ SuspendCount = [int]$at.suspended }
        }
        'GetSecureBootBindingState' {
            if (-not $isSystem) { $isData; break }
            @{ BindingState = if ($null -ne $at['binding']) { $at['binding'] } else { 3 } }
        }
        'DisableKeyProtectors' {
            if ($at.locked) { $locked; break }
            $at.clear_key = $true
            if ($isSystem) { $at.suspended = [int]$Given['DisableCount'] }
            @{}
        }
        'EnableKeyProtectors' {
            if (-not @($at.protectors).Count) { $noProtector; break }
            $at.clear_key, $at.suspended = $false, $null
            Update-Seal $Machine $at
            @{}
        }
        { $_ -in 'Encrypt', 'EncryptAfterHardwareTest' } { Start-Encryption $Machine $Found $Name $Given }
        'Decrypt' {
            if ($at.locked) { $locked; break }
            if ($isSystem -and $at['auto_unlock'] -and $at['auto_unlock'].Count) { $opensOthers; break }
            if ($at.conversion -ne $decrypted) { $at.conversion = $decrypting }
            $at.hardware_test = 0
            @{}
        }
        'PauseConversion' {
            if ($at.locked) { $locked; break }
            if ($at.conversion -eq $encrypting) { $at.conversion = $encryptionPaused }
            if ($at.conversion -eq $decrypting) { $at.conversion = $decryptionPaused }
            @{}
        }
        'ResumeConversion' {
            if ($at.locked) { $locked; break }
            if ($at.conversion -eq $encryptionPaused) { $at.conversion = $encrypting }
            if ($at.conversion -eq $decryptionPaused) { $at.conversion = $decrypting }
            @{}
        }
        'Lock' {
            if ($isSystem) { $denied; break }
            if ($at.conversion -eq $decrypted) { $notEncrypted; break }
            if ($at.clear_key) { $keyInClear; break }
            if (Get-AutoUnlock $Machine $id) { $opensItself; break }
            if (-not @($at.protectors | Where-Object { $_.type -in 2, 3 }).Count) { $noWayBack; break }
            $at.locked = $true
            @{}
        }
        { $_ -in 'EnableAutoUnlock', 'DisableAutoUnlock', 'IsAutoUnlockEnabled' } {
            Invoke-AutoUnlock $Machine $Found $Name $Given
        }
        { $_ -in 'IsAutoUnlockKeyStored', 'ClearAllAutoUnlockKeys' } {
            if (-not $isSystem) { $isData; break }
            if (-not @($at.protectors).Count) { $noProtector; break }
            if ($Name -eq 'ClearAllAutoUnlockKeys') { $at['auto_unlock'] = @{}; @{}; break }
            @{ IsAutoUnlockKeyStored = [bool]($at['auto_unlock'] -and $at['auto_unlock'].Count) }
        }
        default { Invoke-ProtectorMethod $Machine $Found (Get-AutoUnlock $Machine $id) $Name $Given }
    }
    if ($null -eq $answer) { return }
    @{ Answer = Complete-Answer $answer; Changed = $before -ne (ConvertTo-Json @($Machine.Volumes) -Depth 9 -Compress) }
}

# Both ways to begin, or to go on with, encryption.
function Start-Encryption(
    [System.Collections.IDictionary]$Machine, [System.Collections.IDictionary]$Found, [string]$Name,
    [System.Collections.IDictionary]$Given
) {
    $at, $isSystem, $isTested = $Found.bitlocker, ($Found.VolumeType -eq 0), ($Name -eq 'EncryptAfterHardwareTest')
    if ($at.locked) { return $locked }
    if ($isTested -and -not $isSystem) { return $isData }
    $kinds = @($at.protectors | ForEach-Object { $_.type })
    if (-not $kinds.Count -and -not $at.clear_key) { return $noKeyYet }
    if ($isTested -and $at.conversion -ne $decrypted) { return $notDecrypted }
    if ($isTested -and -not @($kinds | Where-Object { $_ -in 1, 2, 4, 5, 6 }).Count) { return $nothingToTest }
    $wanted = [int]$Given['EncryptionMethod']
    $policy = $Machine.Policy[$(if ($isSystem) { 'EncryptionMethodWithXtsOs' } else { 'EncryptionMethodWithXtsFdv' })]
    if ($wanted -notin 0, 3, 4, 6, 7) { return $badArgument }
    if ($wanted -and $at.conversion -ne $decrypted -and $wanted -ne $at.method) { return $otherMethod }
    if ($wanted -and $policy -and $wanted -ne $policy) { return $badArgument }
    $group = if ($isSystem) { 'OS' } else { 'FDV' }
    $wantsDirectory = $Machine.Policy["${group}Recovery"] -eq 1 -and $Machine.Policy["${group}RequireActiveDirectoryBackup"] -eq 1
    if ($wantsDirectory -and $kinds -notcontains 3) { return $passwordFirst }
    if ($at.conversion -eq $encrypted) { return @{} }
    if ($at.conversion -eq $decrypted) {
        $at.method = if ($wanted) { $wanted } elseif ($policy) { [int]$policy } else { 6 }
        $at.flags = [int]$Given['EncryptionFlags'] -band 1
    }
    if ($isTested) {
        $at.hardware_test, $at['test_error'] = 2, 0
        return @{}
    }
    if ($at.conversion -eq $decrypted) { $at.percentage = 0 }
    $at.conversion, $at.hardware_test = $encrypting, 0
    @{}
}

function Invoke-AutoUnlock(
    [System.Collections.IDictionary]$Machine, [System.Collections.IDictionary]$Found, [string]$Name,
    [System.Collections.IDictionary]$Given
) {
    $at, $id, $windows = $Found.bitlocker, $Found.DeviceID, (Get-WindowsVolume $Machine)
    if ($Found.VolumeType -eq 0) { return $isSystemVolume }
    $used = Get-AutoUnlock $Machine $id
    if ($Name -eq 'IsAutoUnlockEnabled') {
        if (-not @($at.protectors).Count) { return $noProtector }
        return @{ IsAutoUnlockEnabled = [bool]$used; VolumeKeyProtectorID = [string]$used }
    }
    if ($at.locked) { return $locked }
    if (-not @($at.protectors).Count) { return $noProtector }
    if ($Name -eq 'DisableAutoUnlock') {
        if (-not $used) { return $notBound }
        $windows['auto_unlock'].Remove($id)
        return @{}
    }
    if ($used) { return $bound }
    if ($windows.conversion -notin $encrypted, $encrypting, $encryptionPaused) { return $osOpen }
    $key = @($at.protectors | Where-Object { $_.id -eq $Given['VolumeKeyProtectorID'] -and $_.type -eq 2 })
    if (-not $key.Count) { return $badArgument }
    if (-not $windows['auto_unlock']) { $windows['auto_unlock'] = @{} }
    $windows['auto_unlock'][$id] = $key[0].id
    @{}
}

# A code alone is a failure, whose out parameters are not set.
function Complete-Answer([object]$Answer) {
    $said = [ordered]@{}
    if ($Answer -is [uint32]) {
        $said['ReturnValue'] = $Answer
        return $said
    }
    foreach ($key in $Answer.Keys) { $said[$key] = $Answer[$key] }
    if (-not $said.Contains('ReturnValue')) { $said['ReturnValue'] = $ok }
    $said
}

Export-ModuleMember -Function Get-VolumeProperty, Invoke-VolumeMethod, Complete-Answer
