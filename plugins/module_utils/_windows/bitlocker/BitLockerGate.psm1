# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .BitLockerDirectory

# Why a volume is left as it is: everything that would stand in the way later is said before anything is changed, and
# nothing is weakened so that it fits. Data in, texts out.

Set-StrictMode -Version 2.0

$script:SystemKind = 0
$script:Decrypted = 0
$script:TpmAlone, $script:TpmAndPin = 1, 4
$script:ByHardware, $script:DriveEncrypts = 5, 3
$script:TestFailed = 1
$script:Guid = '\A\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}\z'
$script:Needed = 'lock', 'protection', 'method', 'conversion', 'protectors', 'suspended', 'hardware_test', 'hardware',
    'auto_unlock', 'names'
$script:NoTpm = 'Windows sees no TPM: switch it on in the firmware (PTT, fTPM or Security Device; ENC-05). A machine that ' +
    'has none is not encrypted from here: exchange it, or have a named person accept that until a given day (a waiver of ENC-01)'
$script:Unready = @{ 0x8 = 'must be cleared, or its owner''s password imported'; 0x20 = 'is switched off' }

function Get-LeeboardBitLockerRefusal {
    <#
    .SYNOPSIS
    Why nothing may be changed on one volume, as texts; none where nothing stands in the way.
    .PARAMETER Now
    What Get-LeeboardBitLockerNow gives.
    .PARAMETER Wish
    What Get-LeeboardBitLockerPlan is given.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Now,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Volume,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Wish
    )

    if ($Volume.lock -eq 1) {
        return 'it is locked; unlock it first'
    }
    foreach ($part in $script:Needed) {
        if ($Volume.troubles.Contains($part)) {
            return "what it is cannot be told ($part): $($Volume.troubles[$part].why)"
        }
    }
    if ($null -eq $Volume.conversion -or $null -eq $Volume.protection) {
        return 'Windows does not say whether it is encrypted and protected'
    }
    if ($Now['manager'] -and -not (Test-Option $Wish beside_manager)) {
        "$($Now.manager) manages BitLocker here; leave it to it, or adopt it (leeboard_bitlocker_manager)"
    }
    Get-HardwareRefusal $Now $Volume
    Get-RecoveryRefusal $Now $Volume $Wish
    if (Get-LeeboardDirectory $Wish) { Get-LeeboardDirectoryRefusal -Now $Now -Volume $Volume -Wish $Wish }
    if ($Volume.conversion -eq $script:Decrypted) { Get-MethodRefusal $Now $Volume $Wish }
    if ($Volume.kind -eq $script:SystemKind) {
        if ($Volume.hardware_test -eq $script:TestFailed -or $Wish['test_failed']) {
            if (-not (Test-Option $Wish retry_test)) {
                'its hardware test failed and Windows removed its protectors; look at the TPM and the firmware, then ' +
                    'ask for another try by name (retry_test)'
            }
        }
        $type = if ($Wish.protector -eq 'tpm-and-pin') { $script:TpmAndPin } else { $script:TpmAlone }
        $isThere = [bool]@($Volume.protectors | Where-Object { $_.type -eq $type }).Length -or
            (Test-LeeboardStartLeft -Volume $Volume -Wish $Wish)
        # Protection that is switched on over a TPM that gives nothing away ends in a question for 48 digits.
        if (-not $isThere -or $Volume.protection -ne 1) { Get-TpmRefusal $Now $Volume }
        # Without the PIN none is added: what the start may ask for stands in the way of nothing that is left to do.
        if (-not $isThere -and -not ($Wish['without_pin'] -and $type -eq $script:TpmAndPin)) {
            Get-StartRefusal $Now $Wish
            Get-BindingRefusal $Volume $Wish
        }
    }
}

function Test-LeeboardStartLeft {
    <#
    .SYNOPSIS
    Whether what opens the volume of Windows at a start stays as somebody accepted it. One in clear has no start yet.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Volume,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Wish
    )

    return [bool]$Wish['left_start'] -and $Volume.conversion -ne $script:Decrypted
}

function Test-Option {
    param([System.Collections.IDictionary]$Wish, [string]$Name)

    return @($Wish['options']) -contains $Name
}

function Get-HardwareRefusal {
    param([System.Collections.IDictionary]$Now, [System.Collections.IDictionary]$Volume)

    $strange = @($Volume.protectors | Where-Object { $_.id -notmatch $script:Guid })
    if ($Volume.method -eq $script:ByHardware -or $strange.Length) {
        return 'the drive encrypts by itself, which is not trusted; decrypt it and set the policy for hardware ' +
            'encryption to 0 (ENC-12)'
    }
    $name = if ($Volume.kind -eq $script:SystemKind) { 'OSHardwareEncryption' } else { 'FDVHardwareEncryption' }
    if ($Volume.conversion -eq $script:Decrypted -and $Volume.hardware -eq $script:DriveEncrypts -and $Now.policy[$name] -ne 0) {
        "the drive could encrypt by itself, and no policy forbids it: set $name to 0 first (ENC-12)"
    }
}

# Whether the recovery password that has to be there first may be added, and whether Windows then waits for a directory.
function Get-RecoveryRefusal {
    param([System.Collections.IDictionary]$Now, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    $group = if ($Volume.kind -eq $script:SystemKind) { 'OS' } else { 'FDV' }
    if ($Now.policy["${group}Recovery"] -ne 1) { return }
    $kept = @($Volume.protectors | Where-Object { @($Wish.kept) -contains $_.id })
    if (-not $kept.Length -and $Now.policy["${group}RecoveryPassword"] -eq 0) {
        "group policy forbids recovery passwords (${group}RecoveryPassword is 0), and without one nothing is encrypted"
    }
    if ($Now.policy["${group}RequireActiveDirectoryBackup"] -eq 1 -and -not $Wish['place']) {
        "group policy wants recovery passwords in Active Directory first (${group}RequireActiveDirectoryBackup is 1), and " +
            'this school keeps them elsewhere; the policy has to follow the choice (ENC-07)'
    }
}

function Get-MethodRefusal {
    param([System.Collections.IDictionary]$Now, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    $name = if ($Volume.kind -eq $script:SystemKind) { 'EncryptionMethodWithXtsOs' } else { 'EncryptionMethodWithXtsFdv' }
    $policy = $Now.policy[$name]
    if ($null -ne $policy -and $policy -ne $Wish.method) {
        "group policy wants the method $policy ($name), and the level wants $($Wish.method) (ENC-02)"
    }
}

function Get-TpmRefusal {
    param([System.Collections.IDictionary]$Now, [System.Collections.IDictionary]$Volume)

    $tpm = if ($Volume.start) { $Volume.start['tpm'] }
    if ($null -eq $tpm) { return 'what the TPM is cannot be told' }
    if (-not $tpm.present) { return $script:NoTpm }
    if (-not ($tpm.enabled -and $tpm.activated)) { return 'the TPM is switched off; switch it on in the firmware (ENC-05)' }
    foreach ($bit in $script:Unready.Keys) {
        if ($tpm.needs -band $bit) { return "the TPM $($script:Unready[$bit]) (ENC-05)" }
    }
    if (-not $tpm.owned) { return 'the TPM is not set up; restart, or let tpm.msc do it (ENC-05)' }
    if ($Now.locked_out) { return 'the TPM is locked out after too many wrong tries; wait until it lets go' }
}

# The policy for what is asked at the start: what it forbids, or what it requires instead.
function Get-StartRefusal {
    param([System.Collections.IDictionary]$Now, [System.Collections.IDictionary]$Wish)

    $options = [ordered]@{ 'tpm' = 'UseTPM'; 'tpm-and-pin' = 'UseTPMPIN'; 'startup key' = 'UseTPMKey'; 'PIN and startup key' = 'UseTPMKeyPIN' }
    $mine = $options[$Wish.protector]
    if ($Now.policy['UseAdvancedStartup'] -ne 1) {
        if ($Wish.protector -ne 'tpm') {
            return 'no group policy permits a PIN at the start (UseAdvancedStartup is not 1); the policy comes first (ENC-03)'
        }
        return
    }
    if ($Now.policy[$mine] -eq 0) {
        return "group policy does not permit what the level wants at the start ($mine is 0, ENC-03)"
    }
    foreach ($name in $options.Values) {
        if ($name -ne $mine -and $Now.policy[$name] -eq 1) {
            return "group policy requires something else at the start ($name is 1, ENC-03)"
        }
    }
}

# Without PCR 7 the TPM is bound to the firmware itself, and each update of it ends in a question for 48 digits.
function Get-BindingRefusal {
    param([System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    if ($Volume['binding'] -notin 0, 1 -or (Test-Option $Wish without_pcr7)) { return }
    $why = if ($Volume.binding -eq 1) { 'a policy forbids it' } else { 'Secure Boot is off, or trusts more than Windows' }
    "the TPM cannot be bound to Secure Boot (PCR 7): $why; mend that, or ask for it by name (without_pcr7)"
}

Export-ModuleMember -Function Get-LeeboardBitLockerRefusal, Test-LeeboardStartLeft
