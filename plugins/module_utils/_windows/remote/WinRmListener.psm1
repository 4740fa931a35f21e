# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .OwnWay
#AnsibleRequires -PowerShell .WinRm

# Listeners of WinRM over HTTP that nobody needs, closed: they are switched off (Enabled is false) and not taken away, so
# that an undo and a checkpoint bring them back with one call. Never the one that somebody is connected to at this
# moment: it may be the one that we talk through. A listener over HTTPS is never touched.
#
# As a place of an edit one is called listener:HTTP:ADDRESS, the two words by which WinRM tells listeners apart, and its
# value is 1 where it is on and 0 where it is not.

Set-StrictMode -Version 2.0

$script:Transport = 'HTTP'
$script:Place = '\Alistener:HTTP:(?<address>[A-Za-z0-9*:.%-]{1,100})\z'
$script:Patience = 60

function Get-LeeboardListenerEdit {
    <#
    .SYNOPSIS
    The edits that close all listeners over HTTP. Changes nothing; throws the problem refused for one that must stay.
    .PARAMETER Wanted
    The listeners without TLS that stay: an empty list.
    #>
    param([Parameter(Mandatory = $true)][AllowNull()][AllowEmptyCollection()][AllowEmptyString()][object]$Wanted)

    if ($null -eq $Wanted -or $Wanted -is [string] -or @($Wanted).Length) {
        Stop-Change 'of the listeners of WinRM none without TLS stays, which is an empty list'
    }
    foreach ($one in Get-Plain) {
        Assert-Closable $one
        @{
            Target = Get-Place $one.address
            Before = @{ state = 'value'; type = 'dword'; value = 1L }; After = @{ state = 'value'; type = 'dword'; value = 0L }
        }
    }
}

function Get-LeeboardListenerPlace {
    <#
    .SYNOPSIS
    The places that a change of `listeners` may write.
    #>
    foreach ($one in Get-Plain) { Get-Place $one.address }
}

function Test-LeeboardListenerPlace {
    <#
    .SYNOPSIS
    Whether this is a place of a listener.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Target)

    return $Target -cmatch $script:Place
}

function ConvertTo-LeeboardListenerCover {
    <#
    .SYNOPSIS
    A place as a checkpoint keeps it: @{Transport; Address; Target}.
    #>
    param([Parameter(Mandatory = $true)][string]$Target)

    return @{ Transport = $script:Transport; Address = Get-Address $Target; Target = $Target }
}

function Read-LeeboardListenerPlace {
    <#
    .SYNOPSIS
    A reading for each place, for an undo: 1 or 0; absent where there is no such listener any more.
    #>
    param([Parameter(Mandatory = $true)][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($target in $Addresses) {
        $address, $source = (Get-Address $target), 'WinRM as it answers: winrm/config/listener'
        $found = @(Get-LeeboardEveryListener | Where-Object { $_.transport -eq $script:Transport -and $_.address -eq $address })
        $aspect = if ($found.Length) { New-LeeboardValue -Value ([long]$found[0].on) -Type dword -Source $source } else {
            New-LeeboardAbsent -Source "$source`: there is none on $address"
        }
        $readings[$target] = New-LeeboardReading -Driver winrm -Address $target -Effective $aspect
    }
    return $readings
}

function Set-LeeboardListenerChange {
    <#
    .SYNOPSIS
    Switch listeners off, or in an undo on again. Throws the problem failed where WinRM then has it otherwise.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Edits)

    foreach ($edit in $Edits) {
        $address = Get-Address $edit.Target
        $isOn = [string]$edit.After['value'] -eq '1'
        Reset-LeeboardCache
        $now = @(Get-LeeboardEveryListener | Where-Object { $_.transport -eq $script:Transport -and $_.address -eq $address })
        if (-not $now.Length) { Stop-Change "there is no listener over HTTP on $address any more" }
        # Whoever came meanwhile may be us: a roll-out by several connections, or one that came again.
        if (-not $isOn) { Assert-Closable $now[0] }
        Set-Listener $address $(if ($isOn) { 'true' } else { 'false' })
        Reset-LeeboardCache
        $after = @(Get-LeeboardEveryListener | Where-Object { $_.transport -eq $script:Transport -and $_.address -eq $address })
        if ($after.Length -ne 1 -or $after[0].on -ne $isOn) {
            throw (New-LeeboardProblem -Code failed -Why "WinRM does not have the listener over HTTP on $address as it was set")
        }
    }
}

function Get-Plain {
    Get-LeeboardEveryListener | Where-Object { $_.on -and $_.transport -ne 'HTTPS' }
}

function Get-Place {
    param([string]$Address)

    $target = "listener:$($script:Transport):$Address"
    if ($target -cnotmatch $script:Place) { Stop-Change "a listener of WinRM has the address '$Address', which none has" }
    return $target
}

function Get-Address {
    param([string]$Target)

    if ($Target -cnotmatch $script:Place) { Stop-Change "'$Target' is no listener of WinRM over HTTP" }
    return $Matches['address']
}

# Throw the problem refused for a listener that somebody may need: us above all.
function Assert-Closable {
    param([System.Collections.IDictionary]$Listener)

    $what = "the listener of WinRM over $($Listener.transport) on port $($Listener.port)"
    if ($Listener.transport -ne $script:Transport) { Stop-Change "$what`: Leeboard does not know what that is" }
    if ($Listener.by) {
        Stop-Change "$what is not the machine's own ($($Listener.by) makes it), and would come again; take it away there"
    }
    if (-not @((Get-LeeboardOwnWay).Ports).Length) {
        Stop-Change "$what`: Windows does not show by which connection Leeboard came, so this may be the one"
    }
    if (Test-LeeboardPortInUse $Listener.port) {
        Stop-Change ("$what`: somebody is connected to it, and that may be Leeboard; let it come over HTTPS first " +
            '(ansible_port: 5986), or by SSH')
    }
}

function Set-Listener {
    param([string]$Address, [string]$Enabled)

    $selectors = @{ Transport = $script:Transport; Address = $Address }
    try {
        [void](Invoke-LeeboardBounded -What WinRM -PatienceSeconds $script:Patience -Add {
                param($query)
                [void]$query.AddCommand('Set-WSManInstance').AddParameter('ResourceURI', 'winrm/config/listener')
                [void]$query.AddParameter('SelectorSet', $selectors).AddParameter('ValueSet', @{ Enabled = $Enabled })
                [void]$query.AddParameter('ErrorAction', 'Stop')
            })
    } catch {
        $problem = $_.Exception
        if ($problem.Data.Contains('LeeboardCode')) { throw }
        while ($null -ne $problem.InnerException) { $problem = $problem.InnerException }
        $said = ($problem.Message -replace '<[^>]*>', '').Trim()
        throw (New-LeeboardProblem -Code failed -Why "WinRM refused to change its listener on $Address`: $said")
    }
}

function Stop-Change {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

Export-ModuleMember -Function Get-LeeboardListenerEdit, Get-LeeboardListenerPlace, Test-LeeboardListenerPlace,
    ConvertTo-LeeboardListenerCover, Read-LeeboardListenerPlace, Set-LeeboardListenerChange
