# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..registry.Registry
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .BitLockerPolicy

# What the driver `bitlocker_policy` writes: a value of a group together with the group's switch, since neither counts
# without the other. What the group lacks then is written as well, as the policy's editor does: start-up options as Windows
# takes them without a policy, and the rest as VolumeEncryption.admx says that recovery is without one. Where a start-up
# option is required, those that nobody set are forbidden, and so is what `startup-conflict` is to take away.

Set-StrictMode -Version 2.0

$script:Key = 'HKLM\SOFTWARE\Policies\Microsoft\FVE'
$script:Grammar = '\A(?<group>startup|os-recovery|data-recovery)/(?<name>[A-Za-z]+)\z'
$script:Conflict = 'startup-conflict'
$script:Options = 'UseTPM', 'UseTPMPIN', 'UseTPMKey', 'UseTPMKeyPIN'
$script:Forbidden, $script:Required = 0, 1
$script:Groups = @{
    startup = @{
        Switch = 'UseAdvancedStartup'
        Rest = [ordered]@{ UseTPM = 2; UseTPMPIN = 0; UseTPMKey = 0; UseTPMKeyPIN = 0; EnableBDEWithNoTPM = 0 }
    }
    'os-recovery' = @{
        Switch = 'OSRecovery'
        Rest = [ordered]@{
            OSManageDRA = 1; OSRecoveryPassword = 2; OSRecoveryKey = 2; OSHideRecoveryPage = 0
            OSActiveDirectoryBackup = 0; OSActiveDirectoryInfoToStore = 1; OSRequireActiveDirectoryBackup = 0
        }
    }
    'data-recovery' = @{
        Switch = 'FDVRecovery'
        Rest = [ordered]@{
            FDVManageDRA = 1; FDVRecoveryPassword = 2; FDVRecoveryKey = 2; FDVHideRecoveryPage = 0
            FDVActiveDirectoryBackup = 0; FDVActiveDirectoryInfoToStore = 1; FDVRequireActiveDirectoryBackup = 0
        }
    }
}

function Get-LeeboardBitLockerPolicyChange {
    <#
    .SYNOPSIS
    The edits that changes come to: values of the policy, their groups' switches, and what the groups lack. Changes
    nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value: a number, or of startup-conflict an empty list.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    $values, $groups = [ordered]@{}, @()
    foreach ($change in $Changes) {
        if ($change.address -ceq $script:Conflict) {
            if (@($change.value | Where-Object { $_ }).Length) {
                throw (New-LeeboardProblem -Code refused -Why "$script:Conflict is only ever written as an empty list")
            }
            $groups += 'startup'
            continue
        }
        if ($change.address -cnotmatch $script:Grammar -or
            -not $script:Groups[$Matches['group']].Rest.Contains($Matches['name'])) {
            throw (New-LeeboardProblem -Code refused -Why "'$($change.address)' is no address of the driver bitlocker_policy")
        }
        $groups += $Matches['group']
        $values[$Matches['name']] = $change.value
    }
    foreach ($name in @($groups | Select-Object -Unique)) { Add-Group $values $script:Groups[$name] }
    $edits = foreach ($name in $values.Keys) { @{ address = "$script:Key`:$name"; value = $values[$name]; type = 'dword' } }
    return Get-LeeboardRegistryChange -Changes @($edits)
}

function Set-LeeboardBitLockerPolicyChange {
    <#
    .SYNOPSIS
    Write the values of the policy.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Edits)

    Set-LeeboardRegistryChange -Edits $Edits
}

# The switch of a group, and what the group lacks. What somebody else keeps is refused where it is the switch, and left.
function Add-Group {
    param([System.Collections.Specialized.OrderedDictionary]$Values, [hashtable]$Group)

    if ((Get-LeeboardBitLockerPolicyNumber $Group.Switch) -ne 1) {
        $owner = Get-Owner $Group.Switch
        if ($owner) {
            throw (New-LeeboardProblem -Code refused -Why "$owner sets $($Group.Switch), and would set it again")
        }
        $Values[$Group.Switch] = 1
    } elseif ((Get-LeeboardMachineValue -Path $script:Key -Name $Group.Switch).state -eq 'absent') {
        return  # an MDM service has the switch on, and keeps the rest of its group elsewhere
    }
    $options = @($Group.Rest.Keys | Where-Object { $script:Options -contains $_ })
    $required = @($options | Where-Object { (Get-Wanted $Values $_) -eq $script:Required })
    if ($required.Length -gt 1) {
        throw (New-LeeboardProblem -Code refused -Why "$($required -join ' and ') are both required, and exclude each other")
    }
    foreach ($name in $Group.Rest.Keys) {
        if ($Values.Contains($name)) { continue }
        $isBeside = $required.Length -and $options -contains $name -and $name -ne $required[0]
        $isMissing = (Get-LeeboardBitLockerPolicyValue $name).state -eq 'absent'
        if (-not $isMissing -and -not ($isBeside -and (Get-LeeboardBitLockerPolicyNumber $name) -ne $script:Forbidden)) { continue }
        if (Get-Owner $name) { continue }
        $Values[$name] = if ($isBeside) { $script:Forbidden } else { $Group.Rest[$name] }
    }
}

# A value as it will be: as it is asked for, or as it is.
function Get-Wanted {
    param([System.Collections.Specialized.OrderedDictionary]$Values, [string]$Name)

    if ($Values.Contains($Name)) { return [string]$Values[$Name] }
    return Get-LeeboardBitLockerPolicyNumber $Name
}

function Get-Owner {
    param([string]$Name)

    return [string](Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $script:Key -Name $Name }).Owner
}

Export-ModuleMember -Function Get-LeeboardBitLockerPolicyChange, Set-LeeboardBitLockerPolicyChange
