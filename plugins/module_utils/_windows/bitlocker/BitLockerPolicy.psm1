# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..mdm.Mdm
#AnsibleRequires -PowerShell ..system.RegistryKey

# Policy of BitLocker that counts only together with the switch of its group: an address is GROUP/VALUE. Where the switch
# is not 1, Windows ignores the values (VolumeEncryption.admx), and the effective aspect is absent although something is
# configured. `startup-conflict` are the combinations of start-up options that Windows refuses as a policy error, and
# the options that somebody left out although the switch is on: the policy's editor writes all five with it, and what
# Windows makes of half of them is not told. What is written is in BitLockerPolicyChange.psm1.
#
# All of this is read when protection is turned on or a protector is added. It says nothing about disks as they are.

Set-StrictMode -Version 2.0

$script:Driver = 'bitlocker_policy'
$script:Key = 'HKLM\SOFTWARE\Policies\Microsoft\FVE'
$script:Switches = @{ startup = 'UseAdvancedStartup'; 'os-recovery' = 'OSRecovery'; 'data-recovery' = 'FDVRecovery' }
$script:Grammar = '\A(?<group>startup|os-recovery|data-recovery)/(?<name>[A-Za-z]+)\z'
$script:Options = 'UseTPM', 'UseTPMPIN', 'UseTPMKey', 'UseTPMKeyPIN'
$script:WithoutTpm = 'EnableBDEWithNoTPM'

function Read-LeeboardBitLockerPolicy {
    <#
    .SYNOPSIS
    A reading for each address: configured is what the policy key has, effective what Windows makes of it.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if ($address -ceq 'startup-conflict') { Get-Conflict $address } else { Get-PolicyReading $address }
        }
    }
    return $readings
}

function Get-PolicyReading {
    param([string]$Address)

    if ($Address -cnotmatch $script:Grammar) {
        throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
    }
    $switch_, $name = $script:Switches[$Matches['group']], $Matches['name']
    $found = Get-LeeboardBitLockerPolicyValue $name
    $set = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $script:Key -Name $name }
    $source = "$script:Key`:$name"
    if ($found['Source']) { $source = $found.Source }
    $note = [string]::Join('; ', [string[]]@($found['Note'], $set.Note | Where-Object { $_ }))
    if ($found.state -eq 'value') {
        $configured = New-LeeboardValue -Value $found.value -Type $found.type -Source $source -Note $note
    } else {
        $configured = New-LeeboardAbsent -Source $source -Note $note
    }
    if (-not (Test-Switch $switch_)) {
        $note = "$switch_ is not 1, so Windows does what it does without a policy"
        if ($found.state -eq 'value') { $note = "configured as $($found.value), but $note" }
        $effective = New-LeeboardAbsent -Source $source -Note $note
    } elseif ($found.state -eq 'absent') {
        $effective = New-LeeboardAbsent -Source $source -Note "although $switch_ is 1"
    } else {
        $effective = $configured
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $effective -Configured $configured `
        -Owner $set.Owner
}

function Get-LeeboardBitLockerPolicyValue {
    <#
    .SYNOPSIS
    A value of the policy, or what an MDM service sets in its place: as Get-LeeboardMachineValue gives it.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $own = Get-LeeboardMachineValue -Path $script:Key -Name $Name
    return Resolve-LeeboardManaged -Path $script:Key -Name $Name -Found $own
}

function Test-Switch {
    param([string]$Name)

    return (Get-LeeboardBitLockerPolicyNumber $Name) -eq 1
}

function Get-LeeboardBitLockerPolicyNumber {
    <#
    .SYNOPSIS
    A value of the policy as a number, kept as a DWORD or as text; $null for anything else, which Windows does not take.
    .DESCRIPTION
    What is read of the policy and what is written beside it (BitLockerPolicyChange.psm1) go by this one.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $found = Get-LeeboardBitLockerPolicyValue $Name
    $number = [uint32]0
    if ($found.state -eq 'value' -and $found.type -in 'dword', 'string' -and
        [uint32]::TryParse([string]$found.value, [ref]$number)) {
        return [long]$number
    }
}

# One option that is required (1) forbids all others, and none of them is left out.
function Get-Conflict {
    param([string]$Address)

    $conflicts = @()
    if (Test-Switch UseAdvancedStartup) {
        $set = [ordered]@{}
        foreach ($name in $script:Options) { $set[$name] = Get-LeeboardBitLockerPolicyNumber $name }
        foreach ($required in @($set.Keys | Where-Object { $set[$_] -eq 1 })) {
            $beside = @($set.Keys | Where-Object { $_ -ne $required -and $set[$_] -in 1, 2 } | ForEach-Object { "$_=$($set[$_])" })
            if ($beside.Length) { $conflicts += "$required=1 beside $([string]::Join(', ', [string[]]$beside))" }
        }
        foreach ($name in $script:Options + $script:WithoutTpm) {
            if ((Get-LeeboardBitLockerPolicyValue $name).state -eq 'absent') {
                $conflicts += "$name is not set, although UseAdvancedStartup is 1"
            }
        }
    }
    $aspect = New-LeeboardValue -Value ([string[]]$conflicts) -Type list -Source $script:Key
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect
}

Export-ModuleMember -Function Read-LeeboardBitLockerPolicy, Get-LeeboardBitLockerPolicyValue,
    Get-LeeboardBitLockerPolicyNumber
