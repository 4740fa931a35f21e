# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.JournalRead
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .CutOff

# What brings the device back from the steps that are asked for, as their drivers say it. A driver whose changes could
# cut off whoever makes them has, besides the functions of Change.psm1, and named in CutOff.psm1,
#
#     Get-LeeboardNOUNCover -Changes     @{Values; Firewall; Entries; Listeners; Services; Restart; Seconds}; changes
#                                        nothing, throws a problem where the device could not be brought back
#
# Values are addresses HKLM\KEY:VALUE of all that the change may write, Firewall the places of the firewall
# (firewall/FirewallPlace.psm1), Entries those of phonebooks: {Path; Name; Target}, Target being the place as the driver's
# edits have it; a driver writes one kind of them. Listeners are those of WinRM: {Transport; Address; Target}, beside
# Values. Of Services it is kept how they start and whether they run; those in Restart as well, and they are started anew
# once the values are back. Seconds is the longest that the change may take.

Set-StrictMode -Version 2.0

$script:Seconds = 60
$script:Service = '\A[A-Za-z0-9_.-]{1,80}\z'

function Get-LeeboardCover {
    <#
    .SYNOPSIS
    @{Covers; LeftOut}, each by driver: a driver that refuses holds up no other. Changes nothing.
    .PARAMETER Steps
    What will be changed: {driver; settings} each.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Steps)

    $wanted, $covers, $leftOut = [ordered]@{}, [ordered]@{}, [ordered]@{}
    foreach ($step in $Steps) { $wanted[$step.driver] = @($wanted[$step.driver]) + @($step.settings) }
    foreach ($driver in $wanted.Keys) {
        try {
            $covers[$driver] = Get-OneCover $driver @($wanted[$driver] | Where-Object { $null -ne $_ })
        } catch {
            $leftOut[$driver] = (ConvertTo-LeeboardProblem $_).Why
        }
    }
    return @{ Covers = $covers; LeftOut = $leftOut }
}

function Get-LeeboardUndoCover {
    <#
    .SYNOPSIS
    The same for the undo of a run: what it wrote is overwritten once more. Changes nothing.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$RunId)

    $journal = Read-LeeboardJournal -RunId $RunId
    if (-not $journal.Found) {
        throw (New-LeeboardProblem -Code refused -Why "the device has no journal of the run $RunId")
    }
    $mine = @($journal.Lines | Where-Object { Get-LeeboardCoverFunction $_.Driver })
    # An entry of a phonebook that was taken away, or a listener that was closed, is a place that no address names.
    # Without values: what is written now stands in the journal, and no driver judges what it once was asked for.
    $steps = foreach ($line in $mine) {
        $places = @($line.Changes | ForEach-Object { $_['address'] }) +
            @($line.Edits | ForEach-Object { $_.Target } | Where-Object { $_ -match '\A(entry|listener):' })
        @{ driver = $line.Driver; settings = @($places | Select-Object -Unique | ForEach-Object { @{ address = $_; value = $null } }) }
    }
    $found = Get-LeeboardCover -Steps @($steps)
    foreach ($line in $mine) {
        if ($found.Covers.Contains($line.Driver)) {
            $cover = $found.Covers[$line.Driver]
            $kind = if (@($cover.Firewall).Length) { 'Firewall' } else { 'Values' }
            $targets = @($line.Edits | ForEach-Object { $_.Target } |
                    Where-Object { $kind -eq 'Firewall' -or $_ -like 'HKLM\*' })
            $cover[$kind] = @(@($cover[$kind]) + $targets | Select-Object -Unique)
        }
    }
    return $found
}

function Get-OneCover {
    param([string]$Driver, [object[]]$Changes)

    $function = Get-LeeboardCoverFunction $Driver
    if (-not $function) {
        throw (New-LeeboardProblem -Code refused -Why "$Driver is no driver that a checkpoint knows")
    }
    $said = & $function -Changes $Changes
    $cover = @{
        Values = @(); Firewall = @(); Entries = @(); Listeners = @(); Services = @(); Restart = @()
        Seconds = $script:Seconds
    }
    foreach ($part in @($cover.Keys)) {
        if ($said.Contains($part)) { $cover[$part] = $said[$part] }
    }
    foreach ($name in @($cover.Services) + @($cover.Restart)) {
        if ($name -cnotmatch $script:Service) {
            throw (New-LeeboardProblem -Code refused -Why "'$name' is no name of a service")
        }
    }
    return $cover
}

Export-ModuleMember -Function Get-LeeboardCover, Get-LeeboardUndoCover
