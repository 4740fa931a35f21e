# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .Phonebook
#AnsibleRequires -PowerShell .StrayProfile
#AnsibleRequires -PowerShell .VpnTunnel

# The driver `vpn_connection`:
#
#     profiles   a JSON text for each VPN profile of the machine and of every person
#     tunnel     the school's own profile, in words (TunnelWords.psm1)
#     machine-profiles   the machine's other profiles that a roll-out may take away (StrayProfile.psm1)
#
# `tunnel` and `machine-profiles` are written (VpnConnectionChange.psm1). No secret is told, only that there is one.

Set-StrictMode -Version 2.0

$script:Driver = 'vpn_connection'
$script:Type = 'windows_vpn_profile'
$script:Source = 'phonebooks (rasphone.pbk) of the machine and of every person'
$script:Longest = 8000  # characters of one profile on the wire

function Read-LeeboardVpnConnection {
    <#
    .SYNOPSIS
    A reading for each address.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            New-LeeboardReading -Driver $script:Driver -Address $address -Effective (Get-VpnAspect $address)
        }
    }
    return $readings
}

function Get-VpnAspect {
    param([string]$Address)

    switch -CaseSensitive ($Address) {
        'profiles' {
            $texts = @(foreach ($vpn in (Get-LeeboardVpnProfile).Profiles) { Format-Profile $vpn })
            return New-LeeboardValue -Value ([string[]]$texts) -Type $script:Type -Whole -Source $script:Source
        }
        'tunnel' { return Read-LeeboardTunnel }
        'machine-profiles' { return Get-StrayAspect }
    }
    throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
}

# The machine's profiles that could be taken away; absent without any.
function Get-StrayAspect {
    $book = Get-LeeboardPhonebook
    $left = @(Get-LeeboardMachineProfile | Where-Object { $_.Delivered -and $_.Name -ne (Get-LeeboardTunnelName) })
    $note = ''
    if ($left.Length) {
        $names = [string]::Join(', ', [string[]]@($left | ForEach-Object { $_.Name }))
        $note = "an MDM service brought $names, and would bring it again: it is left alone"
    }
    $mine = @(Get-LeeboardStray | ForEach-Object { $_.Text } | Sort-Object -Unique)
    if (-not $mine.Length) { return New-LeeboardAbsent -Source "$book has no other VPN profile" -Note $note }
    return New-LeeboardValue -Value ([string[]]$mine) -Type list -Source $book -Note $note
}

function Format-Profile {
    param([System.Collections.IDictionary]$Vpn)

    $text = ConvertTo-Json -InputObject $Vpn -Depth 5 -Compress
    if ($text.Length -gt $script:Longest) {
        $why = "the VPN profile $($Vpn.name) in $($Vpn.where) is too long to be judged"
        throw (New-LeeboardProblem -Code too_large -Why $why)
    }
    return $text
}

function Get-LeeboardVpnFact {
    <#
    .SYNOPSIS
    The fact `vpn`: the kinds of VPN that the machine has a profile of, as an aspect.
    #>
    $kinds = foreach ($vpn in (Get-LeeboardVpnProfile).Profiles) {
        if ($vpn.protocol -eq 'ikev2') { 'ipsec' } else { $vpn.protocol }
    }
    return New-LeeboardValue -Value ([string[]]@($kinds | Sort-Object -Unique)) -Type list -Source $script:Source
}

Export-ModuleMember -Function Read-LeeboardVpnConnection, Get-LeeboardVpnFact
