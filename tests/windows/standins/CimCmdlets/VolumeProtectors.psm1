<#
Stand-in for the methods of Win32_EncryptableVolume that add, read and remove protectors (VolumeMethods.psm1).

A protector is {id, type}, and where it has them: pcrs, and `sealed`, what the TPM had in them and whose TPM it was when it
was made or last refreshed; `name`, as it was given; `password`, the 48 digits, as the disk itself keeps them; `taken`, the
directories that took it. PINs and external keys are kept nowhere.

Source: MicrosoftDocs/win32, desktop-src/SecProv, one page a method. Which code a policy, a TPM that is switched off, one
that nobody owns and one that is locked out give is recalled; the codes are com-error-codes-6.md's.
#>

Set-StrictMode -Version 2.0

$locked = [uint32]2150694912         # FVE_E_LOCKED_VOLUME, 0x80310000
$noProtector = [uint32]2150694920    # FVE_E_NOT_ACTIVATED, 0x80310008
$tpmNotOwned = [uint32]2150694936    # FVE_E_TPM_NOT_OWNED, 0x80310018
$lastOne = [uint32]2150694941        # FVE_E_KEY_REQUIRED, 0x8031001D
$bound = [uint32]2150694943          # FVE_E_VOLUME_BOUND_ALREADY, 0x8031001F
$foreign = [uint32]2150694947        # FVE_E_FOREIGN_VOLUME, 0x80310023
$wrongPassword = [uint32]2150694951  # FVE_E_FAILED_AUTHENTICATION, 0x80310027
$exists = [uint32]2150694961         # FVE_E_PROTECTOR_EXISTS, 0x80310031
$noneOfThatType = [uint32]2150694963 # FVE_E_PROTECTOR_NOT_FOUND, 0x80310033
$badPassword = [uint32]2150694965    # FVE_E_INVALID_PASSWORD_FORMAT, 0x80310035
$otherType = [uint32]2150694970      # FVE_E_INVALID_PROTECTOR_TYPE, 0x8031003A
$tpmOff = [uint32]2150694975         # FVE_E_TPM_DISABLED, 0x8031003F
$noPasswords = [uint32]2150695004    # FVE_E_POLICY_RECOVERY_PASSWORD_NOT_ALLOWED, 0x8031005C
$noPin = [uint32]2150695008          # FVE_E_POLICY_STARTUP_PIN_NOT_ALLOWED, 0x80310060
$noStartupKey = [uint32]2150695010   # FVE_E_POLICY_STARTUP_KEY_NOT_ALLOWED, 0x80310062
$noTpmAlone = [uint32]2150695014     # FVE_E_POLICY_STARTUP_TPM_NOT_ALLOWED, 0x80310066
$badPinLength = [uint32]2150695016   # FVE_E_POLICY_INVALID_PIN_LENGTH, 0x80310068
$onSystem = [uint32]2150695021       # FVE_E_OS_VOLUME_PASSPHRASE_NOT_ALLOWED, 0x8031006D
$badPin = [uint32]2150695066         # FVE_E_INVALID_PIN_CHARS, 0x8031009A
$noTpm = [uint32]2150121480          # TBS_E_SERVICE_NOT_RUNNING, 0x80284008
$tpmDefends = [uint32]2150107139     # TPM_E_DEFEND_LOCK_RUNNING, 0x80280803
$badArgument = [uint32]2147942487    # E_INVALIDARG, 0x80070057
$policySays = [uint32]1              # S_FALSE
$types = @{
    ProtectKeyWithTPM = 1; ProtectKeyWithExternalKey = 2; ProtectKeyWithNumericalPassword = 3
    ProtectKeyWithTPMAndPIN = 4; ProtectKeyWithTPMAndStartupKey = 5; ProtectKeyWithPassphrase = 8
}
$withTpm = 1, 4, 5, 6

# What a method answers; nothing where the class has no such method. Opens is the protector of the automatic unlock.
function Invoke-ProtectorMethod(
    [System.Collections.IDictionary]$Machine, [System.Collections.IDictionary]$Found, [string]$Opens, [string]$Name,
    [System.Collections.IDictionary]$Given
) {
    $at = $Found.bitlocker
    if ($types.ContainsKey($Name)) { return Add-Protector $Machine $Found $Name $Given }
    switch ($Name) {
        'GetKeyProtectors' {
            if (-not @($at.protectors).Count) { return $noProtector }
            $type = [int]$Given['KeyProtectorType']
            if ($type -gt 10) { return $badArgument }
            $ids = @($at.protectors | Where-Object { -not $type -or $_.type -eq $type } | ForEach-Object { $_.id })
            return @{ VolumeKeyProtectorID = [string[]]$ids }
        }
        'DeleteKeyProtectors' {
            if ($at.locked) { return $locked }
            if ($at.conversion -ne 0 -and -not $at.clear_key) { return $lastOne }
            if ($Opens) { return $bound }
            $at.protectors = @()
            return @{}
        }
        'UnlockWithNumericalPassword' {
            if (-not (Test-Password $Given['NumericalPassword'])) { return $badPassword }
            if (-not $at.locked) { return @{} }
            $passwords = @($at.protectors | Where-Object { $_.type -eq 3 })
            if (-not $passwords.Count) { return $noneOfThatType }
            $digits = Get-Digit $Given['NumericalPassword']
            if (-not @($passwords | Where-Object { (Get-Digit $_['password']) -eq $digits }).Count) { return $wrongPassword }
            $at.locked = $false
            return @{}
        }
        'IsNumericalPasswordValid' { return @{ IsNumericalPasswordValid = Test-Password $Given['NumericalPassword'] } }
    }
    if ($Name -notin 'GetKeyProtectorType', 'GetKeyProtectorFriendlyName', 'GetKeyProtectorPlatformValidationProfile',
        'GetKeyProtectorNumericalPassword', 'BackupRecoveryInformationToActiveDirectory', 'BackupRecoveryInformationToCloudDomain',
        'DeleteKeyProtector') { return }
    if (-not @($at.protectors).Count) { return $noProtector }
    if ($at.locked -and $Name -in 'GetKeyProtectorNumericalPassword', 'DeleteKeyProtector') { return $locked }
    $wanted = @($at.protectors | Where-Object { $_.id -eq $Given['VolumeKeyProtectorID'] })
    if (-not $wanted.Count) { return $badArgument }
    $wanted = $wanted[0]
    switch ($Name) {
        'GetKeyProtectorType' { return @{ KeyProtectorType = $wanted.type } }
        'GetKeyProtectorFriendlyName' { return @{ FriendlyName = [string]$wanted['name'] } }
        'GetKeyProtectorPlatformValidationProfile' {
            if ($wanted.type -notin $withTpm) { return $badArgument }
            return @{ PlatformValidationProfile = [byte[]]@($wanted.pcrs) }
        }
        'GetKeyProtectorNumericalPassword' {
            if ($wanted.type -ne 3) { return $badArgument }
            if (-not $wanted['password']) { $wanted['password'] = New-Password }
            return @{ NumericalPassword = $wanted['password'] }
        }
        'BackupRecoveryInformationToActiveDirectory' {
            if ($wanted.type -ne 3) { return $otherType }
            $group = if ($Found.VolumeType -eq 0) { 'OS' } else { 'FDV' }
            if ($Machine.Policy["${group}Recovery"] -ne 1 -or $Machine.Policy["${group}ActiveDirectoryBackup"] -ne 1) {
                return @{ ReturnValue = $policySays }
            }
            $wanted['taken'] = @(@($wanted['taken'] | Where-Object { $_ -and $_ -ne 'ad' }) + 'ad')
            return @{}
        }
        'BackupRecoveryInformationToCloudDomain' {
            if ($wanted.type -ne 3) { return $otherType }
            $wanted['taken'] = @(@($wanted['taken'] | Where-Object { $_ -and $_ -ne 'entra' }) + 'entra')
            return @{}
        }
        'DeleteKeyProtector' {
            if ($wanted.id -eq $Opens) { return $bound }
            if (@($at.protectors).Count -eq 1 -and $at.conversion -ne 0 -and -not $at.clear_key) { return $lastOne }
            $at.protectors = @($at.protectors | Where-Object { $_.id -ne $wanted.id })
            return @{}
        }
    }
}

function Add-Protector(
    [System.Collections.IDictionary]$Machine, [System.Collections.IDictionary]$Found, [string]$Method,
    [System.Collections.IDictionary]$Given
) {
    $at, $isSystem, $type = $Found.bitlocker, ($Found.VolumeType -eq 0), $types[$Method]
    if ($at.locked) { return $locked }
    $refusal = Get-Refusal $Machine $isSystem $type $Given
    if ($null -ne $refusal) { return $refusal }
    if ($type -notin 2, 3 -and @($at.protectors | Where-Object { $_.type -eq $type }).Count) { return $exists }
    $id = if ($at['hardware'] -eq 3 -and $at.conversion -eq 0) { 'BitLocker' } else {
        '{' + [guid]::NewGuid().ToString().ToUpperInvariant() + '}'
    }
    $made = @{ id = $id; type = $type }
    if ($Given['FriendlyName']) { $made['name'] = $Given['FriendlyName'] }
    if ($type -in $withTpm) {
        $binds = $null -eq $at['binding'] -or $at['binding'] -in 2, 3
        $profile_ = $Given['PlatformValidationProfile']
        $made['pcrs'] = if ($profile_) { @($profile_ | ForEach-Object { [int]$_ }) } elseif ($binds) { @(7, 11) } else { @(0, 2, 4, 11) }
        $made['sealed'] = Get-Seal $Machine $made.pcrs
    }
    if ($type -eq 3) { $made['password'] = if ($Given['NumericalPassword']) { $Given['NumericalPassword'] } else { New-Password } }
    $at.protectors = @($at.protectors) + $made
    @{ VolumeKeyProtectorID = $made.id }
}

# The code with which a protector is refused, before its volume is looked at; nothing where it is not.
function Get-Refusal(
    [System.Collections.IDictionary]$Machine, [bool]$IsSystem, [int]$Type, [System.Collections.IDictionary]$Given
) {
    $policy, $tpm = $Machine.Policy, $Machine.Tpm
    $isChosen = $policy['UseAdvancedStartup'] -eq 1
    if ($Type -eq 8 -and $IsSystem) { return $onSystem }
    if ($Type -eq 3) {
        if ($policy['OSRecovery'] -eq 1 -and $policy['OSRecoveryPassword'] -eq 0 -and $IsSystem) { return $noPasswords }
        if ($Given['NumericalPassword'] -and -not (Test-Password $Given['NumericalPassword'])) { return $badPassword }
    }
    if ($Type -notin $withTpm) { return }
    if (-not $IsSystem) { return $foreign }
    if (-not $tpm) { return $noTpm }
    if (-not ($tpm.enabled -and $tpm.activated)) { return $tpmOff }
    if (-not $tpm.owned) { return $tpmNotOwned }
    if ($tpm['locked_out']) { return $tpmDefends }
    if ($isChosen) {
        if ($Type -eq 1 -and $policy['UseTPM'] -eq 0) { return $noTpmAlone }
        if ($Type -eq 4 -and $policy['UseTPMPIN'] -eq 0) { return $noPin }
        if ($Type -eq 5 -and $policy['UseTPMKey'] -eq 0) { return $noStartupKey }
    }
    if (@($Given['PlatformValidationProfile'] | Where-Object { $null -ne $_ -and $_ -gt 23 }).Count) { return $badArgument }
    if ($Type -eq 4) {
        $pin = [string]$Given['PIN']
        $least = if ($policy['MinimumPIN']) { [int]$policy['MinimumPIN'] } else { 6 }
        if ($pin.Length -gt 20 -or $pin.Length -lt $least) { return $badPinLength }
        if ($policy['UseEnhancedPin'] -ne 1 -and $pin -notmatch '\A[0-9]+\z') { return $badPin }
    }
}

# What the TPM has in some PCRs now, and whose TPM it is.
function Get-Seal([System.Collections.IDictionary]$Machine, [object[]]$Pcrs) {
    $now = if ($Machine.Tpm -and $Machine.Tpm['pcrs']) { $Machine.Tpm['pcrs'] } else { @{} }
    $sealed = @{ seed = [int]$(if ($Machine.Tpm) { $Machine.Tpm['seed'] }) }
    foreach ($one in $Pcrs) { $sealed["$one"] = [int]$now["$one"] }
    $sealed
}

# EnableKeyProtectors: the TPM then checks against what the machine is now (its page, Remarks).
function Update-Seal([System.Collections.IDictionary]$Machine, [System.Collections.IDictionary]$At) {
    foreach ($one in $At.protectors) { if ($one['sealed']) { $one['sealed'] = Get-Seal $Machine $one.pcrs } }
}

# protectkeywithnumericalpassword: eight groups of six digits, each divisible by 11 and 720885 or less.
function Test-Password([string]$Text) {
    if ($Text -notmatch '\A\d{6}(?:[- ]?\d{6}){7}\z') { return $false }
    $digits = Get-Digit $Text
    foreach ($at in 0..7) {
        $group = [int]$digits.Substring($at * 6, 6)
        if ($group % 11 -or $group -gt 720885) { return $false }
    }
    $true
}

function Get-Digit([string]$Text) { $Text -replace '[- ]' }

function New-Password { (1..8 | ForEach-Object { '{0:d6}' -f (11 * (Get-Random -Maximum 65536)) }) -join '-' }

Export-ModuleMember -Function Invoke-ProtectorMethod, Update-Seal
