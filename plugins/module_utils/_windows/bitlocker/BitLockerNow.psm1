# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..mdm.Enrolment
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .BitLockerKept
#AnsibleRequires -PowerShell .BitLockerVolume
#AnsibleRequires -PowerShell .BitLockerWords

# The machine as a change of BitLocker needs to know it: its volumes as a visit reads them (BitLockerVolume.psm1), and
# beside them what only a change asks.
#
#     {"volumes": [{..., "hardware": 2, "binding": 3, "auto_unlock": "{...}"}], "policy": {"UseTPM": 0}, "locked_out": false,
#      "manager": "Microsoft's BitLocker management (MBAM or Configuration Manager)", "joined": ["ad"]}
#
# `joined` is asked where a directory keeps the recovery passwords, and why it cannot be told where it cannot.

Set-StrictMode -Version 2.0

$script:Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'
$script:TpmNamespace = 'root\CIMV2\Security\MicrosoftTpm'
$script:Class = 'Win32_EncryptableVolume'
$script:Key = 'HKLM\SOFTWARE\Policies\Microsoft\FVE'
$script:Values = @(
    'UseAdvancedStartup', 'UseTPM', 'UseTPMPIN', 'UseTPMKey', 'UseTPMKeyPIN', 'EncryptionMethodWithXtsOs',
    'EncryptionMethodWithXtsFdv', 'OSHardwareEncryption', 'FDVHardwareEncryption', 'OSRecovery', 'OSRecoveryPassword',
    'OSActiveDirectoryBackup', 'OSRequireActiveDirectoryBackup', 'FDVRecovery', 'FDVRecoveryPassword',
    'FDVActiveDirectoryBackup', 'FDVRequireActiveDirectoryBackup')
$script:SystemKind, $script:DataKind = 0, 1
$script:Named = 2, 3                   # an external key, a recovery password
# MBAM's settings are a key of their own (Microsoft, troubleshooting of its client), and Configuration Manager's as is
# recalled; what an MDM service sets of BitLocker's CSP stands below PolicyManager.
$script:Mbam = 'MDOPBitLockerManagement'
$script:MdmAreas = 'HKLM\SOFTWARE\Microsoft\PolicyManager\current\device'

function Get-LeeboardBitLockerNow {
    <#
    .SYNOPSIS
    Volumes, policy and TPM, read anew. Throws the problem missing_tool on a Windows without BitLocker.
    .PARAMETER Directory
    Whether a directory keeps the recovery passwords: then who took one is asked of a machine that has none, too.
    #>
    param([bool]$Directory = $false)

    Reset-LeeboardCache
    $volumes = @(Get-LeeboardBitLockerVolume | Where-Object { $_.Contains('kind') })
    foreach ($volume in $volumes) {
        $instance = Get-LeeboardBitLockerInstance $volume.name
        if ($volume.kind -eq $script:SystemKind) {
            Add-Answer $volume $instance binding GetSecureBootBindingState BindingState
            if ($Directory -and -not $volume['kept'].Count) { $volume['kept'] = Get-LeeboardKept }
        }
        Add-Answer $volume $instance hardware GetHardwareEncryptionStatus HardwareEncryptionStatus
        if ($volume.lock -or -not $volume.protectors) { continue }
        if ($volume.kind -eq $script:DataKind) {
            Add-Answer $volume $instance auto_unlock IsAutoUnlockEnabled VolumeKeyProtectorID
        }
        Add-Name $volume $instance
    }
    $now = @{ volumes = [object[]]$volumes; policy = Get-Policy; locked_out = Test-LockedOut; manager = Get-Manager }
    if ($Directory) { $now['joined'] = Get-Joined }
    return $now
}

# The directories that this machine is a member of, as an array; a text that says why that is not known.
function Get-Joined {
    try {
        return , [object[]]@(Get-LeeboardJoined)
    } catch {
        return [string](ConvertTo-LeeboardProblem $_).Why
    }
}

# Who else manages BitLocker on this machine, in words; empty for nobody.
function Get-Manager {
    if (@(Get-LeeboardSubkeyName $script:Key) -contains $script:Mbam) {
        return "Microsoft's BitLocker management (MBAM or Configuration Manager)"
    }
    $live = (Get-LeeboardEnrolment).Live
    if ($live.Count -and @(Get-LeeboardSubkeyName $script:MdmAreas) -contains 'BitLocker') {
        return @($live.Values | ForEach-Object { $_.Words })[0]
    }
    return ''
}

function Get-LeeboardBitLockerInstance {
    <#
    .SYNOPSIS
    The instance of a volume by its DeviceID. Throws where it is gone.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $found = @(Get-LeeboardCim -ClassName $script:Class -Namespace $script:Namespace | Where-Object { $_.DeviceID -eq $Name })
    if ($found.Length -ne 1) {
        throw (New-LeeboardProblem -Code failed -Why "there are $($found.Length) volumes $Name")
    }
    return $found[0]
}

function Invoke-LeeboardBitLockerMethod {
    <#
    .SYNOPSIS
    What a method of a volume answers. A code other than 0 is thrown in words. No secret goes this way.
    #>
    param(
        [Parameter(Mandatory = $true)][object]$Instance,
        [Parameter(Mandatory = $true)][string]$Method,
        [System.Collections.IDictionary]$Arguments = @{}
    )

    $answer = @(Invoke-LeeboardCimMethod -Instance $Instance -MethodName $Method -Arguments $Arguments)
    $code = Get-LeeboardReturnCode -Answer $answer -Method "$script:Class.$Method"
    if ($code -ne 0) {
        throw (New-LeeboardProblem -Code failed -Why "$script:Class.$Method`: $(Get-LeeboardBitLockerWord $code $Method)")
    }
    return $answer[0]
}

function Add-Answer {
    param([System.Collections.IDictionary]$Volume, [object]$Instance, [string]$Part, [string]$Method, [string]$Out)

    try {
        $Volume[$Part] = (Invoke-LeeboardBitLockerMethod $Instance $Method).$Out
        # Only where nothing opens a volume by itself there is nothing to say.
        if ($null -eq $Volume[$Part] -and $Part -ne 'auto_unlock') {
            throw (New-LeeboardProblem -Code malformed -Why "$script:Class.$Method returned 0 and said nothing of $Out")
        }
    } catch {
        $Volume[$Part] = $null
        $Volume.troubles[$Part] = New-LeeboardTrouble $_
    }
}

# The names of external keys and recovery passwords: ours are known by them until they are compared, or open the volume.
function Add-Name {
    param([System.Collections.IDictionary]$Volume, [object]$Instance)

    foreach ($protector in $Volume.protectors) {
        if ($script:Named -notcontains $protector.type) { continue }
        try {
            $given = @{ VolumeKeyProtectorID = $protector.id }
            $protector['name'] = [string](Invoke-LeeboardBitLockerMethod $Instance GetKeyProtectorFriendlyName $given).FriendlyName
        } catch {
            $Volume.troubles['names'] = New-LeeboardTrouble $_
        }
    }
}

# The values that are numbers, kept as numbers or as text. What is neither is no rule for Windows either.
function Get-Policy {
    $policy = @{}
    foreach ($name in $script:Values) {
        $found = Get-LeeboardMachineValue -Path $script:Key -Name $name
        $number = [uint32]0
        if ($found.state -eq 'value' -and [uint32]::TryParse([string]$found.value, [ref]$number)) { $policy[$name] = [long]$number }
    }
    return $policy
}

# Whether the TPM waits after too many wrong tries; $null where an older TPM or Windows does not tell.
function Test-LockedOut {
    try {
        $tpm = @(Get-LeeboardCim -ClassName Win32_Tpm -Namespace $script:TpmNamespace)
        if (-not $tpm.Length) { return $false }
        $answer = @(Invoke-LeeboardCimMethod -Instance $tpm[0] -MethodName IsLockedOut)
        if ($answer.Length -and $answer[0].ReturnValue -eq 0) { return [bool]$answer[0].IsLockedOut }
    } catch {
        Write-Debug "whether the TPM is locked out is not known: $_"
    }
    return $null
}

Export-ModuleMember -Function Get-LeeboardBitLockerNow, Get-LeeboardBitLockerInstance, Invoke-LeeboardBitLockerMethod
