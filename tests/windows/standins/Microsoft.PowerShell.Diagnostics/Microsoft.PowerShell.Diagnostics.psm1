<#
Stand-in for the module Microsoft.PowerShell.Diagnostics: Get-WinEvent, from C:\standins\state\eventlog.json, which
wevtutil.py changes.

    {"channels": {"Security": {"maxSize": 20971520, "mode": "Circular", "sddl": "O:BAG:SYD:..."}},
     "taken": {"Security": {"maxSize": 201326592}}, "taken_at": "2026-01-05T09:10:00Z",
     "events": [{"log": "Security", "provider": "Microsoft-Windows-Eventlog", "id": 1102, "at": "...", "data": "<...>"}]}

`writers` says to which logs a provider writes, of those for which that is in question.
An event `at` "-3" was three hours before whenever it is asked for.

`taken` is what the service has from group policies, which comes before `channels`. It takes them over when it starts:
the first question after another start of Windows (Win32_OperatingSystem in cim.json) reads the policy keys. That it
does so at a refresh as well, and at no other time, is recalled: a test that refreshes empties `taken_at`.

Misbehaviour: `eventlog` under `behaviour` in cim.json, with the modes denied, hang, fail, slow, and large: a filter on the
log `log` takes an hour, since each of its events is tried. An account that is no administrator is shown no event of the
Security log, and no error (mode `blind`; seen in a third party's notes).

Parameters, ids of errors: PowerShell-Docs, Microsoft.PowerShell.Diagnostics/Get-WinEvent.md and PowerShell/PowerShell,
GetEventCommand.cs. EventLogConfiguration: dotnet-api-docs. Events of the clock: detection lists of the provider's manifest, event 260.
Policies: EventLog.admx. Sizes in steps of 64 KB:
windowsserverdocs, wevtutil.md. The form of events: windows-itpro-docs, event-1102.md.
#>

Set-StrictMode -Version 2.0
$home_ = 'C:\standins'
$policies = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\EventLog'

function Get-Json([string]$Name) { [IO.File]::ReadAllText("$home_\state\$Name.json") | ConvertFrom-Json -AsHashtable -DateKind String }

function Write-Call([string[]]$Arguments) {
    $line = ConvertTo-Json -Compress @{ program = 'Get-WinEvent'; arguments = $Arguments }
    [IO.File]::AppendAllText("$home_\calls.jsonl", $line + "`n")
}

function New-EventError([string]$Id, [string]$Category, [Exception]$Exception) {
    [Management.Automation.ErrorRecord]::new($Exception, "$Id,Microsoft.PowerShell.Commands.GetWinEventCommand", $Category, $null)
}

# The state, after the service has taken over the policies if Windows was started since it did so.
function Get-Service_([System.Collections.IDictionary]$Cim) {
    $state = Get-Json eventlog
    $started = $Cim.namespaces['root\cimv2'].Win32_OperatingSystem[0].LastBootUpTime.datetime
    if ($state.taken_at -eq $started) { return $state }
    $state.taken_at = $started
    $state.taken = @{}
    foreach ($log in @($state.channels.Keys)) {
        $key = Get-Item -LiteralPath "$policies\$log" -ErrorAction SilentlyContinue
        if (-not $key) { continue }
        $taken = @{}
        if ($key.GetValueNames() -contains 'MaxSize' -and $key.GetValueKind('MaxSize') -eq 'DWord') {
            $taken.maxSize = [long][Math]::Ceiling($key.GetValue('MaxSize') / 64) * 65536
        }
        if ($key.GetValueNames() -contains 'Retention') {
            $backup = [string]$key.GetValue('AutoBackupLogFiles') -eq '1'
            $taken.mode = if ([string]$key.GetValue('Retention') -ne '1') { 'Circular' } elseif ($backup) { 'AutoBackup' } else { 'Retain' }
        }
        $state.taken[$log] = $taken
    }
    [IO.File]::WriteAllText("$home_\state\eventlog.json", (ConvertTo-Json $state -Depth 6))
    $state
}

function New-Log([string]$Name, [System.Collections.IDictionary]$Own, [System.Collections.IDictionary]$Taken) {
    $both = $Own + @{}
    if ($Taken) { foreach ($part in $Taken.Keys) { $both[$part] = $Taken[$part] } }
    [pscustomobject]@{
        LogName = $Name
        MaximumSizeInBytes = [long]$both.maxSize
        LogMode = [Diagnostics.Eventing.Reader.EventLogMode]$both.mode
        SecurityDescriptor = $both.sddl
        IsEnabled = $true
        LogFilePath = "%SystemRoot%\System32\Winevt\Logs\$Name.evtx"
    }
}

function Get-Time([string]$At) {
    if ($At -match '^-\d+$') { return [datetime]::UtcNow.AddHours([int]$At) }
    [datetime]::Parse($At, [Globalization.CultureInfo]::InvariantCulture).ToUniversalTime()
}

function New-Event([System.Collections.IDictionary]$Found) {
    $time = (Get-Time $Found.at).ToString('yyyy-MM-ddTHH:mm:ss.fffffff', [Globalization.CultureInfo]::InvariantCulture) + 'Z'
    $xml = '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>' +
        "<Provider Name=`"$($Found.provider)`"/><EventID>$($Found.id)</EventID>" +
        "<TimeCreated SystemTime=`"$time`"/><Channel>$($Found.log)</Channel></System>$($Found.data)</Event>"
    $made = [pscustomobject]@{
        Id = [int]$Found.id; ProviderName = $Found.provider; LogName = $Found.log
        TimeCreated = (Get-Time $Found.at).ToLocalTime()
    }
    $made | Add-Member ScriptMethod ToXml { $xml }.GetNewClosure() -PassThru
}

function Get-WinEvent {
    <# .SYNOPSIS
       Logs, or events. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Log')][string[]]$ListLog,
        [Parameter(Mandatory, ParameterSetName = 'Events')][hashtable]$FilterHashtable,
        [Parameter(Mandatory, ParameterSetName = 'Log of events')][string]$LogName,
        [Parameter(ParameterSetName = 'Events')][Parameter(ParameterSetName = 'Log of events')][switch]$Oldest,
        [Parameter(ParameterSetName = 'Events')][Parameter(ParameterSetName = 'Log of events')][long]$MaxEvents = [long]::MaxValue
    )
    if ($LogName) { $FilterHashtable = @{ LogName = $LogName } }
    Write-Call $(if ($ListLog) { @('ListLog') + $ListLog } else { @($FilterHashtable.LogName) + @($FilterHashtable['Id']) })
    $cim = Get-Json cim
    $asked = $cim.behaviour['eventlog']
    switch ($(if ($asked) { $asked.mode })) {
        'denied' { return $PSCmdlet.WriteError((New-EventError UnauthorizedAccess PermissionDenied ([UnauthorizedAccessException]'Attempted to perform an unauthorized operation.'))) }
        'fail' { return $PSCmdlet.WriteError((New-EventError LogInfoUnavailable NotSpecified ([Exception]'The RPC server is unavailable.'))) }
        'hang' { Start-Sleep -Seconds 86400 }
        'slow' { Start-Sleep -Seconds $asked['seconds'] }
        'large' { if (-not $ListLog -and -not $LogName -and $FilterHashtable.LogName -eq $asked['log']) { Start-Sleep -Seconds 3600 } }
    }
    $state = Get-Service_ $cim
    if ($ListLog) {
        foreach ($wanted in $ListLog) {
            $names = @($state.channels.Keys | Where-Object { $_ -like $wanted } | Sort-Object)
            if (-not $names) { $PSCmdlet.WriteError((New-EventError NoMatchingLogsFound ObjectNotFound ([Exception]"There is not an event log on the localhost computer that matches `"$wanted`"."))) }
            foreach ($name in $names) { New-Log $name $state.channels[$name] $state.taken[$name] }
        }
        return
    }
    if (-not $state.channels.Contains($FilterHashtable.LogName)) {
        return $PSCmdlet.WriteError((New-EventError NoMatchingLogsFound ObjectNotFound ([Exception]"There is not an event log on the localhost computer that matches `"$($FilterHashtable.LogName)`".")))
    }
    $isBlind = $asked -and $asked.mode -eq 'blind' -and $FilterHashtable.LogName -eq 'Security'
    $found = @($state.events | Where-Object {
            -not $isBlind -and $_.log -eq $FilterHashtable.LogName -and
            (-not $FilterHashtable['ProviderName'] -or $_.provider -eq $FilterHashtable['ProviderName']) -and
            (-not $FilterHashtable['Id'] -or $_.id -in $FilterHashtable['Id']) -and
            (-not $FilterHashtable['StartTime'] -or (Get-Time $_.at) -ge $FilterHashtable['StartTime'].ToUniversalTime())
        } | Sort-Object { Get-Time $_.at } -Descending:(-not $Oldest) | Select-Object -First ([int][Math]::Min($MaxEvents, [int]::MaxValue)))
    $provider = [string]$FilterHashtable['ProviderName']
    if ($state.writers[$provider] -and $FilterHashtable.LogName -notin $state.writers[$provider]) {
        return $PSCmdlet.WriteError((New-EventError LogsAndProvidersDontOverlap InvalidArgument ([Exception]'The specified providers do not write events to any of the specified logs.')))
    }
    if (-not $found) {
        return $PSCmdlet.WriteError((New-EventError NoMatchingEventsFound ObjectNotFound ([Exception]'No events were found that match the specified selection criteria.')))
    }
    foreach ($one in $found) { New-Event $one }
}

Export-ModuleMember -Function Get-WinEvent
