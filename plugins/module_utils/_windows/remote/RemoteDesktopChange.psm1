# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..registry.Registry

# What the driver `remote_desktop` writes: values of the policy, which counts for every listener. A machine's own values,
# and those of a listener, stay as they are. The policy rules whoever connects from then on; sessions go on.

Set-StrictMode -Version 2.0

$script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
$script:Names = 'fDenyTSConnections', 'UserAuthentication', 'SecurityLayer', 'MinEncryptionLevel', 'fPromptForPassword',
    'fEncryptRPCTraffic', 'MaxIdleTime', 'MaxDisconnectionTime', 'fDisableCcm', 'fDisableCdm', 'fDisableClip',
    'fDisableLPT', 'fDisablePNPRedir', 'fAllowToGetHelp', 'fAllowUnsolicited'

function Get-LeeboardRemoteDesktopChange {
    <#
    .SYNOPSIS
    The edits that changes come to: values of the policy. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value, a number.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    $values = foreach ($change in $Changes) {
        @{ address = Get-Target $change.address; value = $change.value; type = 'dword' }
    }
    return Get-LeeboardRegistryChange -Changes @($values)
}

function Get-LeeboardRemoteDesktopCover {
    <#
    .SYNOPSIS
    What brings the device back: the policy's values as they are now.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    return @{ Values = [string[]]@($Changes | ForEach-Object { Get-Target $_.address }) }
}

function Get-Target {
    param([string]$Address)

    if ($script:Names -cnotcontains $Address) {
        throw (New-LeeboardProblem -Code refused -Why "'$Address' is no address of the driver remote_desktop")
    }
    return "$script:Policy`:$Address"
}

Export-ModuleMember -Function Get-LeeboardRemoteDesktopChange,
    Get-LeeboardRemoteDesktopCover
