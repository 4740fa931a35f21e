# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..engine.ToolFile
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..registry.Registry
#AnsibleRequires -PowerShell ..system.RegistryKey

# Power settings as they take effect. An address is SUBGROUP/SETTING/ac or /dc, both by GUID: ac is on mains, dc on
# battery, and both count on a machine that has both.
#
# A policy beats the active power plan (Power.admx, key SOFTWARE\Policies\Microsoft\Power\PowerSettings\SETTING with
# ACSettingIndex and DCSettingIndex). The plan is asked with `powercfg.exe /qh SCHEME_CURRENT SUBGROUP SETTING`: some
# settings are hidden, and /query does not show those. Its texts are translated, so the numbers count by their place:
# after the line with the setting's GUID come its range (least, most, step) or its choices, which are no hexadecimal
# numbers, and last the index on mains and the index on battery. Microsoft's page does not describe the output
# (https://learn.microsoft.com/windows-hardware/design/device-experiences/powercfg-command-line-options); the order was
# seen in English and German output of several public projects.

Set-StrictMode -Version 2.0

$script:Driver = 'power_policy'
$script:Guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
$script:Grammar = "\A(?<subgroup>$script:Guid)/(?<setting>$script:Guid)/(?<supply>ac|dc)\z"
$script:Program = 'powercfg.exe'
$script:Policies = 'HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings'
$script:Names = @{ ac = 'ACSettingIndex'; dc = 'DCSettingIndex' }

function Read-LeeboardPowerPolicy {
    <#
    .SYNOPSIS
    A reading for each address: configured is the policy, effective the policy or else the active plan.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            Get-PowerReading $address
        }
    }
    return $readings
}

function Get-PowerReading {
    param([string]$Address)

    $place = Split-PowerAddress $Address malformed
    $policy = Get-LeeboardMachineValue -Path $place.Key -Name $place.Name
    $set = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $place.Key -Name $place.Name }
    $source = "$($place.Key):$($place.Name)"
    if ($policy.state -eq 'value') {
        $configured = New-LeeboardValue -Value $policy.value -Type $policy.type -Source $source -Note $set.Note
        $effective = $configured
    } else {
        $configured = New-LeeboardAbsent -Source $source -Note $set.Note
        $effective = Get-PlanAspect $place
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $effective -Configured $configured `
        -Owner $set.Owner
}

# What the active plan says, or why that is not known; that there is no policy is known either way.
function Get-PlanAspect {
    param([hashtable]$Place)

    try {
        $plan = Get-LeeboardOnce -Name "power plan $($Place.Subgroup) $($Place.Setting)" -Read {
            Read-Plan $Place.Subgroup $Place.Setting
        }
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        return New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
    }
    $source = "the active power plan, $script:Program /qh"
    return New-LeeboardValue -Value $plan[$Place.Supply] -Type dword -Source $source
}

function Get-LeeboardPowerPolicyChange {
    <#
    .SYNOPSIS
    The edits that changes come to: the values of the policy. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value, a number.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Changes)

    $values = foreach ($change in $Changes) {
        $place = Split-PowerAddress $change.address refused
        @{ address = "$($place.Key):$($place.Name)"; value = $change.value; type = 'dword' }
    }
    return Get-LeeboardRegistryChange -Changes @($values)
}

function Split-PowerAddress {
    param([string]$Address, [string]$Code)

    if ($Address -cnotmatch $script:Grammar) {
        throw (New-LeeboardProblem -Code $Code -Why "'$Address' is no address of the driver $script:Driver")
    }
    return @{
        Subgroup = $Matches['subgroup']
        Setting = $Matches['setting']
        Supply = $Matches['supply']
        Key = "$script:Policies\$($Matches['setting'])"
        Name = $script:Names[$Matches['supply']]
    }
}

# @{ac; dc} of one setting of the active plan.
function Read-Plan {
    param([string]$Subgroup, [string]$Setting)

    $text = Invoke-LeeboardTool $script:Program '/qh', 'SCHEME_CURRENT', $Subgroup, $Setting -ForAnybody
    $isInside = $false
    $numbers = @(foreach ($line in $text -split '\r?\n') {
            if ($line -match $script:Guid) {
                $isInside = $Matches[0] -eq $Setting
            } elseif ($isInside -and $line -match '\b0x([0-9a-f]{8})\s*$') {
                [long][System.Convert]::ToUInt32($Matches[1], 16)
            }
        })
    # Two indexes alone, or after a range of three numbers.
    if ($numbers.Length -ne 2 -and $numbers.Length -ne 5) {
        $why = "$script:Program /qh printed no index for mains and battery of the setting $Setting"
        throw (New-LeeboardProblem -Code malformed -Why $why)
    }
    return @{ ac = $numbers[-2]; dc = $numbers[-1] }
}

Export-ModuleMember -Function Read-LeeboardPowerPolicy, Get-LeeboardPowerPolicyChange
