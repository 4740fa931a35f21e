# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .BitLockerKept
#AnsibleRequires -PowerShell .BitLockerStart

# What BitLocker says of each volume, in the numbers of Win32_EncryptableVolume, asked by its methods: properties of an
# instance are snapshots. Read only: nothing is changed, and no key, PIN or recovery password is ever asked for.
#
# `volumes` are objects as leeboard/verdict/judgements/bitlocker.py has them. A method that gives no answer costs its own
# part only, which then is named in `troubles`.
# https://learn.microsoft.com/windows/win32/secprov/win32-encryptablevolume and the pages of its methods

Set-StrictMode -Version 2.0

$script:Driver = 'bitlocker_volume'
$script:Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'
$script:Class = 'Win32_EncryptableVolume'
$script:Missing = "this Windows has no BitLocker (there is no $script:Namespace)"
$script:NoProtector = 2150694920            # FVE_E_NOT_ACTIVATED: there is none yet
$script:Locked = 2150694912                 # FVE_E_LOCKED_VOLUME
$script:NotSupported = 50, 2147942450       # ERROR_NOT_SUPPORTED, bare and as an HRESULT
$script:Denied = 5, 2147942405              # ERROR_ACCESS_DENIED, likewise
$script:SystemKind, $script:DataKind = 0, 1
$script:Decrypted, $script:Encrypted = 0, 1
$script:TpmTypes = 1, 4, 5, 6
$script:RecoveryPassword = 3
$script:TpmAddresses = 'tpm-version', 'tpm-enabled', 'tpm-activated', 'tpm-owned'

function Read-LeeboardBitLocker {
    <#
    .SYNOPSIS
    A reading for each address: volumes, suspend-count, tpm-version, tpm-enabled, tpm-activated, tpm-owned.
    .DESCRIPTION
    suspend-count is the number of restarts until a suspended volume is protected again, 0 for one that waits for a
    person; absent where nothing is suspended.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            $aspect = Get-Aspect $address
            New-LeeboardReading -Driver $script:Driver -Address $address -Effective $aspect
        }
    }
    return $readings
}

function Get-Aspect {
    param([string]$Address)

    if ($script:TpmAddresses -ccontains $Address) {
        return Get-LeeboardTpmAspect $Address
    }
    if ($Address -cnotin 'volumes', 'suspend-count') {
        throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
    }
    $source = "$script:Class in $script:Namespace"
    try {
        $volumes = @(Get-LeeboardBitLockerVolume)
    } catch {
        if ((ConvertTo-LeeboardProblem $_).Code -ne 'missing_tool') { throw }
        return New-LeeboardAbsent -Source $source -Note $script:Missing
    }
    if ($Address -ceq 'suspend-count') {
        return Get-Suspension $volumes $source
    }
    $texts = [string[]]@($volumes | ForEach-Object { ConvertTo-Json -InputObject $_ -Depth 6 -Compress })
    return New-LeeboardValue -Value $texts -Type list -Source $source -Whole
}

function Get-LeeboardBitLockerVolume {
    <#
    .SYNOPSIS
    Every volume as an object, read once a visit. Throws the problem missing_tool on a Windows without BitLocker.
    #>
    return Get-LeeboardOnce -Name 'bitlocker volumes' -Read { Read-Volume }
}

# The longest suspension of a volume; 0, which has no end, is the longest.
function Get-Suspension {
    param([object[]]$Volumes, [string]$Source)

    $longest = $null
    $named = foreach ($volume in $Volumes) {
        if ($volume.troubles.Contains('suspended')) {
            $trouble = $volume.troubles['suspended']
            throw (New-LeeboardProblem -Code $trouble.code -Why $trouble.why)
        }
        $unknown = @('all', 'protection', 'conversion', 'protectors' | Where-Object { $volume.troubles.Contains($_) })
        if ($unknown.Length) {
            $trouble = $volume.troubles[$unknown[0]]
            throw (New-LeeboardProblem -Code $trouble.code -Why $trouble.why)
        }
        $count = $volume.suspended
        if ($null -ne $count) {
            if ($null -eq $longest -or $count -eq 0 -or ($longest -ne 0 -and $count -gt $longest)) { $longest = $count }
            if ($volume.letter) { $volume.letter } else { $volume.name }
        }
    }
    if ($null -eq $longest) {
        return New-LeeboardAbsent -Source $Source
    }
    $note = "suspended: $([string]::Join(', ', [string[]]@($named)))"
    return New-LeeboardValue -Value $longest -Type dword -Source "$Source`: GetSuspendCount" -Note $note
}

# Every volume as an object, page files on drives that BitLocker does not know included.
function Read-Volume {
    $instances = @(Get-LeeboardCim -ClassName $script:Class -Namespace $script:Namespace)
    $pages = Get-PageFile
    $volumes = @(foreach ($instance in $instances) { Get-Volume $instance $pages.Files })
    foreach ($volume in $volumes) {
        if ($volume.kind -eq $script:SystemKind) {
            $passwords = @($volumes | Where-Object { $null -ne $_.protectors } | ForEach-Object { $_.protectors } |
                    Where-Object { $_.type -eq $script:RecoveryPassword })
            $volume['start'] = Get-LeeboardStart
            $volume['kept'] = if ($passwords.Length) { Get-LeeboardKept -Protectors @($passwords | ForEach-Object { $_.id }) } else { @{} }
            if ($pages.Trouble) { $volume.troubles['page_files'] = $pages.Trouble }
        }
        $volume
    }
    foreach ($letter in $pages.Files.Keys) {
        if (@($volumes | Where-Object { $_.letter -eq $letter }).Length) { continue }
        [ordered]@{ name = $letter; letter = $letter; page_files = $pages.Files[$letter]; troubles = @{}; suspended = $null }
    }
}

# @{Files = {drive: names}; Trouble}
function Get-PageFile {
    $files = [ordered]@{}
    try {
        foreach ($one in @(Get-LeeboardCim -ClassName Win32_PageFileUsage)) {
            $letter = ([string]$one.Name).Substring(0, 2).ToUpperInvariant()
            $files[$letter] = [string[]]@(@($files[$letter]) + [string]$one.Name | Where-Object { $_ })
        }
    } catch {
        return @{ Files = @{}; Trouble = New-LeeboardTrouble $_ }
    }
    return @{ Files = $files; Trouble = $null }
}

function Get-Volume {
    param([object]$Instance, [System.Collections.IDictionary]$PageFiles)

    $letter = [string]$Instance.DriveLetter
    $volume = [ordered]@{
        name = [string]$Instance.DeviceID; letter = $letter; kind = $Instance.VolumeType; conversion = $null
        percentage = $null; protection = $null; method = $null; lock = $null; suspended = $null; hardware_test = $null
        protectors = $null; troubles = @{}
    }
    if ($letter -and $PageFiles.Contains($letter)) { $volume['page_files'] = [string[]]@($PageFiles[$letter]) }
    Add-Part $volume lock { Get-Out $Instance GetLockStatus LockStatus }
    Add-Part $volume protection { Get-Out $Instance GetProtectionStatus ProtectionStatus }
    Add-Part $volume method { Get-Out $Instance GetEncryptionMethod EncryptionMethod }
    Add-Part $volume conversion {
        $answer = Invoke-Volume $Instance GetConversionStatus @{ PrecisionFactor = [uint32]0 } $script:Locked
        if ($null -ne $answer) {
            $volume['percentage'] = $answer.EncryptionPercentage
            $answer.ConversionStatus
        }
    }
    Add-Part $volume protectors { , (Get-Protector $Instance) }
    if ($volume.conversion -eq $script:Encrypted -and $volume.protection -eq 0 -and $volume.protectors) {
        Add-Part $volume suspended { Get-SuspendCount $Instance $volume.kind }
    }
    if ($volume.kind -eq $script:SystemKind -and $volume.conversion -eq $script:Decrypted) {
        Add-Part $volume hardware_test { Get-Out $Instance GetHardwareTestStatus TestStatus }
    }
    if ($volume.kind -eq $script:SystemKind -and $volume.conversion) {
        Add-Part $volume binding { Get-Out $Instance GetSecureBootBindingState BindingState }
    }
    if ($volume.kind -eq $script:DataKind -and -not $letter -and $volume.conversion -eq $script:Decrypted) {
        Add-Part $volume partition { Get-PartitionType $volume.name }
    }
    return $volume
}

function Add-Part {
    param([System.Collections.IDictionary]$Volume, [string]$Name, [scriptblock]$Find)

    try {
        $Volume[$Name] = & $Find
    } catch {
        $Volume.troubles[$Name] = New-LeeboardTrouble $_
    }
}

# A method's answer. A code in -Instead is no failure, and gives nothing.
function Invoke-Volume {
    param([object]$Instance, [string]$Method, [System.Collections.IDictionary]$Arguments = @{}, [long[]]$Instead = @())

    $answer = @(Invoke-LeeboardCimMethod -Instance $Instance -MethodName $Method -Arguments $Arguments)
    $code = Get-LeeboardReturnCode -Answer $answer -Method "$script:Class.$Method"
    if ($code -eq 0) {
        return $answer[0]
    }
    if ($Instead -contains $code) {
        return
    }
    $reason = if ($script:Denied -contains $code) { Get-LeeboardDenial } else { 'failed' }
    throw (New-LeeboardProblem -Code $reason -Why ("$script:Class.$Method failed with 0x{0:x8}" -f $code))
}

# What a method answers in one of its out parameters. A success that says nothing is an answer that makes no sense.
function Get-Out {
    param([object]$Instance, [string]$Method, [string]$Out, [System.Collections.IDictionary]$Arguments = @{})

    $value = (Invoke-Volume $Instance $Method $Arguments).$Out
    if ($null -eq $value) {
        throw (New-LeeboardProblem -Code malformed -Why "$script:Class.$Method returned 0 and said nothing of $Out")
    }
    return $value
}

# Id and type of each protector, and the PCRs that its TPM checks.
function Get-Protector {
    param([object]$Instance)

    $answer = Invoke-Volume $Instance GetKeyProtectors @{} $script:NoProtector
    $ids = if ($null -eq $answer) { @() } else { @($answer.VolumeKeyProtectorID | Where-Object { $_ }) }
    $found = foreach ($id in $ids) {
        $given = @{ VolumeKeyProtectorID = [string]$id }
        $type = Get-Out $Instance GetKeyProtectorType KeyProtectorType $given
        $protector = [ordered]@{ id = [string]$id; type = $type }
        if ($script:TpmTypes -contains $type) {
            try {
                $checked = Invoke-Volume $Instance GetKeyProtectorPlatformValidationProfile $given
                $protector['pcrs'] = [int[]]@($checked.PlatformValidationProfile)
            } catch {
                # Without them it counts as bound to everything that changes.
                Write-Debug "the PCRs of $id are not known: $_"
            }
        }
        $protector
    }
    return , [object[]]@($found)
}

# Restarts until the protection comes back. A data volume has no count: it stays suspended until somebody resumes it.
function Get-SuspendCount {
    param([object]$Instance, [object]$Kind)

    if ($Kind -ne $script:SystemKind) {
        return 0
    }
    $answer = Invoke-Volume $Instance GetSuspendCount @{} $script:NotSupported
    if ($null -eq $answer) { return }  # an older Windows, which has no count
    if ($null -eq $answer.SuspendCount) {
        throw (New-LeeboardProblem -Code malformed -Why "$script:Class.GetSuspendCount returned 0 and said nothing of SuspendCount")
    }
    return $answer.SuspendCount
}

# The type of the partition that a volume without a letter lies on: those of recovery and start-up hold nobody's data.
# https://learn.microsoft.com/windows-hardware/drivers/storage/msft-partition
function Get-PartitionType {
    param([string]$Volume)

    foreach ($one in @(Get-LeeboardCim -ClassName MSFT_Partition -Namespace 'root\Microsoft\Windows\Storage')) {
        if (@($one.AccessPaths) -contains $Volume) {
            if ($one.GptType) { return ([string]$one.GptType).ToLowerInvariant() }
            return "mbr-$($one.MbrType)"
        }
    }
}

Export-ModuleMember -Function Read-LeeboardBitLocker, Get-LeeboardBitLockerVolume
