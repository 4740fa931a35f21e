# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .MachineCertificate
#AnsibleRequires -PowerShell .Phonebook
#AnsibleRequires -PowerShell .StrayProfile
#AnsibleRequires -PowerShell .TunnelWords
#AnsibleRequires -PowerShell .VpnConnection
#AnsibleRequires -PowerShell .VpnTunnel

# What the driver `vpn_connection` writes: the school's own profile, for everybody on the machine, with the cmdlets of
# VpnClient. IKEv2 and never Automatic, which may agree on another suite than the one that is set; no lock-down, which no
# cmdlet knows and nobody could leave. Of other profiles those of the machine are taken away that are not among those in
# `machine-profiles`, which only a school that names what stays asks for; an undo writes them back.
#
# What Windows then has is read again and compared word by word: a profile that is another way is a failure, and goes
# back with the checkpoint.

Set-StrictMode -Version 2.0

$script:Address, $script:Strays = 'tunnel', 'machine-profiles'
$script:Seconds = 180  # a cmdlet of VpnClient takes seconds; there are four of them, and one for each route

function Get-LeeboardVpnConnectionChange {
    <#
    .SYNOPSIS
    The edit that a change comes to. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value: tunnel and its words, machine-profiles and the list of those that stay.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    foreach ($change in $Changes) {
        Assert-Address $change.address
        if ($change.address -ceq $script:Strays) {
            foreach ($name in @(Get-LeeboardStrayToGo -Stay $change.value)) {
                @{
                    Target = Get-LeeboardStrayTarget $name; After = @{ state = 'absent' }
                    Before = @{ state = 'value'; type = 'string'; value = Get-LeeboardStrayText $name }
                }
            }
            continue
        }
        $wanted = ConvertFrom-LeeboardTunnel $change.value
        $aspect = (Read-LeeboardVpnConnection -Addresses $script:Address)[$script:Address].effective
        if ($aspect.state -eq 'unreadable') { throw (New-LeeboardProblem -Code $aspect.code -Why $aspect.why) }
        $before = @{ state = 'absent' }
        if ($aspect.state -eq 'value') { $before = @{ state = 'value'; type = 'string'; value = [string]$aspect.value } }
        if ($null -eq $wanted) {
            @{ Target = $script:Address; Before = $before; After = @{ state = 'absent' } }
            continue
        }
        Assert-Certificate $wanted
        $after = @{ state = 'value'; type = 'string'; value = Format-LeeboardTunnel $wanted }
        @{ Target = $script:Address; Before = $before; After = $after }
    }
}

function Set-LeeboardVpnConnectionChange {
    <#
    .SYNOPSIS
    Make the profile, change it, or take it away. Throws the problem failed where Windows then has another one.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Edits)

    foreach ($edit in $Edits) {
        Reset-LeeboardCache
        $stray = Get-LeeboardStrayName $edit.Target
        if ($stray) {
            Write-Stray $stray $edit.After
            continue
        }
        if ($edit.Target -cne $script:Address) { Assert-Address $edit.Target }
        $isThere = $null -ne (Get-LeeboardPhonebookEntry -Name (Get-LeeboardTunnelName))
        $wanted = $null
        if ($edit.After.state -eq 'value') { $wanted = ConvertFrom-LeeboardTunnel $edit.After.value }
        if ($null -ne $wanted) {
            Write-Profile $wanted $isThere
        } elseif ($isThere) {
            Invoke-Writing Remove-VpnConnection @{ Name = Get-LeeboardTunnelName }
        }
        Assert-Written $wanted
    }
}

function Get-LeeboardVpnConnectionCover {
    <#
    .SYNOPSIS
    What brings the device back: the profile's entry in the machine's phonebook, as it is now.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    $names = [ordered]@{}
    foreach ($change in $Changes) {
        if ($change.address -ceq $script:Address) { $names[$script:Address] = Get-LeeboardTunnelName }
        elseif ($change.address -ceq $script:Strays) {
            # An undo does not say what stays, but names the profiles one by one.
            if ($null -eq $change.value) { continue }
            foreach ($name in @(Get-LeeboardStrayToGo -Stay $change.value)) { $names[(Get-LeeboardStrayTarget $name)] = $name }
        } else {
            $name = Get-LeeboardStrayName $change.address
            if (-not $name) { Assert-Address $change.address }
            $names[$change.address] = $name
        }
    }
    $book = Get-LeeboardPhonebook
    $entries = foreach ($target in $names.Keys) { @{ Path = $book; Name = $names[$target]; Target = $target } }
    return @{ Entries = [object[]]@($entries); Seconds = $script:Seconds }
}

function Read-LeeboardVpnPlace {
    <#
    .SYNOPSIS
    A reading for each place of an edit, for an undo: the driver's addresses, and entry:NAME, the text of such a profile.
    #>
    param([Parameter(Mandatory = $true)][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $name = Get-LeeboardStrayName $address
        if (-not $name) {
            $readings[$address] = (Read-LeeboardVpnConnection -Addresses $address)[$address]
            continue
        }
        $book, $text = (Get-LeeboardPhonebook), (Get-LeeboardStrayText $name)
        $aspect = if ($text) { New-LeeboardValue -Value $text -Type string -Source $book } else {
            New-LeeboardAbsent -Source "$book has no profile $name"
        }
        $readings[$address] = New-LeeboardReading -Driver vpn_connection -Address $address -Effective $aspect
    }
    return $readings
}

function Get-LeeboardVpnConnectionRefusal {
    <#
    .SYNOPSIS
    Why a state of the journal is none that could be written, for an undo; empty where it could.
    #>
    param([Parameter(Mandatory = $true)][System.Collections.IDictionary]$State)

    if ($State.state -ne 'value' -or ([string]$State.value).StartsWith('[')) { return '' }
    try {
        [void](ConvertFrom-LeeboardTunnel $State.value)
    } catch {
        return "it was a profile before that Leeboard would not write: $((ConvertTo-LeeboardProblem $_).Why)"
    }
    return ''
}

function Assert-Address {
    param([string]$Address)

    if ($Address -cnotin $script:Address, $script:Strays) {
        throw (New-LeeboardProblem -Code refused -Why ("of VPN profiles only the school's own is written " +
                "($script:Address), and strays are taken away ($script:Strays); '$Address' is neither"))
    }
}

# A profile that could not connect is not written: the certificates come first.
function Assert-Certificate {
    param([hashtable]$Wanted)

    if (-not (Find-LeeboardRoot $Wanted.Authority)) {
        throw (New-LeeboardProblem -Code refused -Why (
                "the certificate of the authority $($Wanted.Authority.Substring(0, 16))... is not among the roots of this " +
                'machine yet, so no gateway could be recognised; the certificates come first'))
    }
    $why = Get-LeeboardNoCertificate -Root $Wanted.Authority -Use $Wanted.Eku
    if ($why) { throw (New-LeeboardProblem -Code refused -Why "$why; the certificate comes first, and then the profile") }
}

function Write-Profile {
    param([hashtable]$Wanted, [bool]$IsThere)

    $name = Get-LeeboardTunnelName
    $common = @{
        Name = $name; ServerAddress = $Wanted.Gateway; TunnelType = 'Ikev2'; SplitTunneling = -not $Wanted.Everything
        AuthenticationMethod = [string[]]@('MachineCertificate'); RememberCredential = $false
        MachineCertificateIssuerFilter = Find-LeeboardRoot $Wanted.Authority
        MachineCertificateEKUFilter = [string[]]@($Wanted.Eku)
    }
    # Of the same parameters those of Add are switches, and those of Set are true or false.
    Invoke-Writing $(if ($IsThere) { 'Set-VpnConnection' } else { 'Add-VpnConnection' }) $common
    $suite = Get-LeeboardSuiteParameter $Wanted
    $suite['ConnectionName'] = $name
    Invoke-Writing Set-VpnConnectionIPsecConfiguration $suite
    $routes = @(if (-not $Wanted.Everything) { $Wanted.To })
    $now = @(Get-LeeboardTunnelRoute)
    foreach ($route in @($now | Where-Object { $routes -notcontains $_ })) {
        Invoke-Writing Remove-VpnConnectionRoute @{ ConnectionName = $name; DestinationPrefix = $route } -IsRoute
    }
    foreach ($route in @($routes | Where-Object { $now -notcontains $_ })) {
        Invoke-Writing Add-VpnConnectionRoute @{ ConnectionName = $name; DestinationPrefix = $route } -IsRoute
    }
}

# Take a stray away, or in an undo write it back.
function Write-Stray {
    param([string]$Name, [System.Collections.IDictionary]$After)

    $isThere = $null -ne (Get-LeeboardPhonebookEntry -Name $Name)
    if ($After.state -eq 'value') {
        if ($isThere) { throw (New-LeeboardProblem -Code refused -Why "there is a VPN profile $Name again") }
        Add-LeeboardStray -Name $Name -Text $After.value
    } elseif ($isThere) {
        Invoke-Writing Remove-VpnConnection @{ Name = $Name }
    }
    Reset-LeeboardCache
    if (($null -ne (Get-LeeboardPhonebookEntry -Name $Name)) -ne ($After.state -eq 'value')) {
        throw (New-LeeboardProblem -Code failed -Why "the phonebook does not have the VPN profile $Name as it was written")
    }
}

function Invoke-Writing {
    param([string]$Command, [hashtable]$Parameters, [switch]$IsRoute)

    $all = $Parameters.Clone()
    $all['AllUserConnection'] = $true
    if (-not $IsRoute) { $all['Force'] = $true }
    [void](Invoke-LeeboardVpn $Command $all)
    Reset-LeeboardCache
}

function Assert-Written {
    param([AllowNull()][object]$Wanted)

    $aspect = (Read-LeeboardVpnConnection -Addresses $script:Address)[$script:Address].effective
    if ($aspect.state -eq 'unreadable') { throw (New-LeeboardProblem -Code $aspect.code -Why $aspect.why) }
    if ($null -eq $Wanted) {
        if ($aspect.state -eq 'absent') { return }
        throw (New-LeeboardProblem -Code failed -Why 'Windows took the profile away, but still has it')
    }
    if ($aspect.state -eq 'absent') {
        throw (New-LeeboardProblem -Code failed -Why 'Windows took the profile, but does not have it')
    }
    $should = @((Format-LeeboardTunnel $Wanted) -split ' ')
    $now = @([string]$aspect.value -split ' ')
    $other = @($now | Where-Object { $should -notcontains $_ }) + @($should | Where-Object { $now -notcontains $_ } |
            ForEach-Object { "no $_" })
    if ($other.Length) {
        throw (New-LeeboardProblem -Code failed -Why ("Windows has the profile otherwise than it was written: " +
                [string]::Join(', ', [string[]]$other)))
    }
}

Export-ModuleMember -Function Get-LeeboardVpnConnectionChange, Set-LeeboardVpnConnectionChange,
    Get-LeeboardVpnConnectionCover, Get-LeeboardVpnConnectionRefusal, Read-LeeboardVpnPlace
