# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading

# What the event log service itself says: how its logs are kept, and single events. By Get-WinEvent, in this process and
# never from text that Windows translates: Microsoft, PowerShell-Docs, Microsoft.PowerShell.Diagnostics/Get-WinEvent. A
# log's properties: https://learn.microsoft.com/dotnet/api/system.diagnostics.eventing.reader.eventlogconfiguration

Set-StrictMode -Version 2.0

$script:MostEvents = 20
$script:OldestEvents = 50
$script:Patience, $script:ShorterPatience, $script:ProbePatience = 25, 10, 5  # seconds
# Ids of errors: no such event, or no log or provider that could have it, or a provider that writes to other logs
# (PowerShell/PowerShell, GetEventCommand.cs).
$script:NoEvents = 'NoMatchingEventsFound', 'NoMatchingLogsFound', 'NoMatchingProvidersFound',
    'LogsAndProvidersDontOverlap'

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

function Get-LeeboardOldestEvent {
    <#
    .SYNOPSIS
    Of the oldest 50 events of a log those with an id from a provider: @{Seen; Found}, how many there are of any kind, and
    theirs as XML. It reads no more than that, however large the log is.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Log,
        [Parameter(Mandatory = $true)][string]$Provider,
        [Parameter(Mandatory = $true)][int]$Id
    )

    $oldest = @(Invoke-WinEvent -What "the event log $Log" -Nothing NoMatchingEventsFound -Parameters @{
            LogName = $Log; Oldest = $true; MaxEvents = $script:OldestEvents
        } | Where-Object { $null -ne $_ })
    $wanted = @($oldest | Where-Object { $_.Id -eq $Id -and $_.ProviderName -eq $Provider })
    return @{ Seen = $oldest.Length; Found = @(foreach ($one in $wanted) { [xml]$one.ToXml() }) }
}

# Get-WinEvent, which says by an error of a certain id that there is nothing. A filter is tried on each event of a log
# (win32, wes/consuming-events), so a question that does not come back may be about a log that is large: it costs its own
# reading. Whether the service itself hangs is then asked once; if it does, nothing more is asked of it in this visit.
function Invoke-WinEvent {
    param([string]$What, [string[]]$Nothing, [hashtable]$Parameters)

    $state = Get-LeeboardOnce -Name 'event log service' -Read {
        @{ Hangs = $null; IsDoubted = $false; Patience = $script:Patience }
    }
    if ($state.IsDoubted) {
        $state.IsDoubted = $false
        try {
            [void](Invoke-Bounded 'the event log service' $script:ProbePatience @{ ListLog = 'System' })
        } catch {
            # An error is an answer.
            if ($_.Exception.Data.Contains('LeeboardCode')) { $state.Hangs = $_.Exception }
        }
    }
    if ($null -ne $state.Hangs) { throw $state.Hangs }
    try {
        Invoke-Bounded $What $state.Patience $Parameters
    } catch {
        if ($_.Exception.Data.Contains('LeeboardCode')) {
            if ($Parameters.ContainsKey('ListLog')) {
                $state.Hangs = $_.Exception
            } else {
                $state.IsDoubted, $state.Patience = $true, $script:ShorterPatience
            }
            throw
        }
        $record = Get-RealRecord $_
        if (($record.FullyQualifiedErrorId -split ',')[0] -in $Nothing) { return }
        $problem = ConvertTo-LeeboardProblem $record
        $code = if ($problem.Code -eq 'driver_failed') { 'failed' } else { $problem.Code }
        throw (New-LeeboardProblem -Code $code -Why "$What`: $($record.Exception.Message)")
    }
}

function Invoke-Bounded {
    param([string]$What, [int]$PatienceSeconds, [hashtable]$Parameters)

    Invoke-LeeboardBounded -What $What -PatienceSeconds $PatienceSeconds -Add {
        param($query)
        [void]$query.AddCommand('Get-WinEvent').AddParameter('ErrorAction', 'Stop')
        foreach ($name in $Parameters.Keys) { [void]$query.AddParameter($name, $Parameters[$name]) }
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

Export-ModuleMember -Function Get-LeeboardEventLog, Get-LeeboardEvent, Get-LeeboardOldestEvent
