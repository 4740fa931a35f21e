# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# What the event log service itself says: how its logs are kept, and single events. By Get-WinEvent, in this process and
# never from text that Windows translates: Microsoft, PowerShell-Docs, Microsoft.PowerShell.Diagnostics/Get-WinEvent. A
# log's properties: https://learn.microsoft.com/dotnet/api/system.diagnostics.eventing.reader.eventlogconfiguration

Set-StrictMode -Version 2.0

$script:MostEvents = 20
# Ids of errors: no such event, or no log or provider that could have it.
$script:NoEvents = 'NoMatchingEventsFound', 'NoMatchingLogsFound', 'NoMatchingProvidersFound'

function Get-LeeboardEventLog {
    <#
    .SYNOPSIS
    How the service keeps a log, an EventLogConfiguration; $null where there is no such log. Read once a visit.
    .NOTES
    Throws a problem where it cannot be read.
    #>
    param([Parameter(Mandatory = $true)][string]$Log)

    return Get-LeeboardOnce -Name "event log $Log" -Read {
        Invoke-WinEvent -What "the event log $Log" -Nothing NoMatchingLogsFound -Parameters @{ ListLog = $Log }
    }
}

function Get-LeeboardEvent {
    <#
    .SYNOPSIS
    The newest events of a log with certain ids from a provider, at most 20, each as its XML; none where there are none.
    .PARAMETER Since
    Only events from then on, in UTC.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Log,
        [Parameter(Mandatory = $true)][string]$Provider,
        [Parameter(Mandatory = $true)][int[]]$Id,
        [Parameter(Mandatory = $true)][datetime]$Since
    )

    $wanted = @{ LogName = $Log; ProviderName = $Provider; Id = $Id; StartTime = $Since.ToLocalTime() }
    $found = Invoke-WinEvent -What "the event log $Log" -Nothing $script:NoEvents -Parameters @{
        FilterHashtable = $wanted; MaxEvents = $script:MostEvents
    }
    foreach ($one in @($found | Where-Object { $null -ne $_ })) { [xml]$one.ToXml() }
}

# Get-WinEvent, which says by an error of a certain id that there is nothing. A service that did not come back once is
# not asked again in this visit.
function Invoke-WinEvent {
    param([string]$What, [string[]]$Nothing, [hashtable]$Parameters)

    $state = Get-LeeboardOnce -Name 'event log service' -Read { @{ Hangs = $null } }
    if ($null -ne $state.Hangs) { throw $state.Hangs }
    try {
        Invoke-LeeboardBounded -What $What -Add {
            param($query)
            [void]$query.AddCommand('Get-WinEvent').AddParameter('ErrorAction', 'Stop')
            foreach ($name in $Parameters.Keys) { [void]$query.AddParameter($name, $Parameters[$name]) }
        }
    } catch {
        if ($_.Exception.Data.Contains('LeeboardCode')) {
            $state.Hangs = $_.Exception
            throw
        }
        $record = Get-RealRecord $_
        if (($record.FullyQualifiedErrorId -split ',')[0] -in $Nothing) { return }
        $problem = ConvertTo-LeeboardProblem $record
        $code = if ($problem.Code -eq 'driver_failed') { 'failed' } else { $problem.Code }
        throw (New-LeeboardProblem -Code $code -Why "$What`: $($record.Exception.Message)")
    }
}

# An error that ends a cmdlet carries the real one in its record.
function Get-RealRecord {
    param([System.Management.Automation.ErrorRecord]$ErrorRecord)

    for ($found = $ErrorRecord.Exception; $null -ne $found; $found = $found.InnerException) {
        $inner = $found.PSObject.Properties['ErrorRecord']
        if ($inner -and $inner.Value -and $inner.Value -ne $ErrorRecord) { $ErrorRecord = $inner.Value }
    }
    return $ErrorRecord
}

Export-ModuleMember -Function Get-LeeboardEventLog, Get-LeeboardEvent
