# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
What playbooks/windows_acceptance.yml wants to know of event logs, forwarding, the clock and user rights on a real
Windows, as one line of JSON.

.DESCRIPTION
It changes nothing and shares no code with the modules. No text of an event is read, and no account of the school is
named: of SIDs that belong to a domain or a machine only S-1-5-21 is left, of names nothing.
#>

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# What -Do gives, or how it failed.
function Get-Answer {
    param([scriptblock]$Do)

    try {
        return & $Do
    } catch {
        return "$($_.Exception.GetType().Name), $($_.FullyQualifiedErrorId)"
    }
}

# A SID without what tells the school's own accounts apart.
function Hide-Sid {
    param([string]$Text)

    return $Text -replace 'S-1-5-21(-\d+)+', 'S-1-5-21'
}

# Names and kinds of the values of a key, and the numbers among them.
function Get-Key {
    param([string]$Path)

    $key = Get-Item -LiteralPath "Registry::HKEY_LOCAL_MACHINE\$Path" -ErrorAction SilentlyContinue
    if ($null -eq $key) { return $null }
    $found = [ordered]@{}
    foreach ($name in $key.GetValueNames()) {
        $kind = [string]$key.GetValueKind($name)
        $found[$name] = if ($kind -eq 'DWord') { "$kind $($key.GetValue($name))" } else { $kind }
    }
    return $found
}

$logs = [ordered]@{}
foreach ($name in 'Application', 'Security', 'Setup', 'System', 'Microsoft-Windows-Forwarding/Operational',
    'Microsoft-Windows-Time-Service/Operational') {
    $logs[$name] = Get-Answer {
        $log = Get-WinEvent -ListLog $name
        [ordered]@{
            size = $log.MaximumSizeInBytes; mode = [string]$log.LogMode; enabled = $log.IsEnabled
            access = Hide-Sid $log.SecurityDescriptor
        }
    }
}
$keys = [ordered]@{}
foreach ($path in 'SYSTEM\CurrentControlSet\Services\EventLog\Security',
    'SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels\Setup',
    'SOFTWARE\Policies\Microsoft\Windows\EventLog\Security', 'SYSTEM\CurrentControlSet\Services\W32Time\Parameters',
    'SYSTEM\CurrentControlSet\Services\W32Time\TimeProviders\NtpClient',
    'SOFTWARE\Policies\Microsoft\W32Time\Parameters') {
    $keys[$path] = Get-Answer { Get-Key $path }
}
# Which events there are, and how the fields of the clock's status are written.
$clock = Get-Answer {
    $newest = Get-WinEvent -MaxEvents 1 -FilterHashtable @{
        LogName = 'Microsoft-Windows-Time-Service/Operational'; Id = 260
    }
    $fields = [ordered]@{ age_hours = [math]::Round(((Get-Date) - $newest.TimeCreated).TotalHours, 1) }
    foreach ($data in ([xml]$newest.ToXml()).Event.EventData.Data) {
        if ($data.Name -in 'LeapIndicator', 'Stratum', 'LastSyncError') { $fields[$data.Name] = $data.InnerText }
        if ($data.Name -eq 'ReferenceId') { $fields[$data.Name] = $data.InnerText -creplace '[0-9A-F]', '9' }
    }
    $fields
}
$forwarder = Get-Answer {
    $found = Get-WinEvent -MaxEvents 50 -FilterHashtable @{ LogName = 'Microsoft-Windows-Forwarding/Operational' }
    [string[]]@($found | Group-Object Id | ForEach-Object { "$($_.Name): $($_.Count)" })
}
$nothing = Get-Answer {
    Get-WinEvent -FilterHashtable @{
        LogName = 'Security'; ProviderName = 'Microsoft-Windows-Eventlog'; Id = 1102
        StartTime = (Get-Date).AddSeconds(-1)
    }
}
# Where event 1102 stands in a log that was cleared, and how long a search through all of it takes.
$oldest = Get-Answer {
    $first = @(Get-WinEvent -LogName Security -Oldest -MaxEvents 50)
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $searched = Get-Answer {
        Get-WinEvent -MaxEvents 1 -FilterHashtable @{ LogName = 'Security'; Id = 1102 } | Out-Null
    }
    [ordered]@{
        seen = $first.Length; at = [array]::IndexOf([int[]]@($first | ForEach-Object { $_.Id }), 1102)
        search_seconds = [math]::Round($watch.Elapsed.TotalSeconds, 1); search = $searched
        records = (Get-WinEvent -ListLog Security).RecordCount
    }
}
$services = [ordered]@{}
foreach ($name in 'W32Time', 'WinRM', 'EventLog', 'NTP', 'NetTimeSvc') {
    $services[$name] = Get-Answer {
        $service = Get-Service -Name $name
        "$($service.StartType), $($service.Status)"
    }
}
# Rights by their names alone, with how many of their accounts are written as names.
$rights = Get-Answer {
    $file = Join-Path ([System.IO.Path]::GetTempPath()) "leeboard-$([guid]::NewGuid()).inf"
    try {
        & "$env:SystemRoot\System32\secedit.exe" /export /areas USER_RIGHTS SECURITYPOLICY /cfg $file | Out-Null
        $found = [ordered]@{ status = $LASTEXITCODE }
        foreach ($line in [System.IO.File]::ReadAllLines($file)) {
            if ($line -match '^(Se\w+) = (.*)$') {
                $accounts = $Matches[2] -split ','
                $found[$Matches[1]] = "$($accounts.Length) accounts, $(@($accounts -notlike '*S-1-*').Length) by name"
            }
        }
        $found
    } finally {
        Remove-Item -LiteralPath $file -Force -ErrorAction SilentlyContinue
    }
}
$shares = Get-Answer {
    $found = Get-CimInstance -ClassName Win32_Share | Group-Object Type
    [string[]]@($found | ForEach-Object { "$($_.Name): $($_.Count)" })
}

ConvertTo-Json -Depth 6 -Compress -InputObject ([ordered]@{
        logs = $logs; keys = $keys; clock = $clock; forwarder = $forwarder; no_such_event = $nothing; oldest_events = $oldest
        services = $services; rights = $rights; shares = $shares
    })
