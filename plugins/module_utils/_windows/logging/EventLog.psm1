# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..group_policy.Places
#AnsibleRequires -PowerShell ..system.EventLogSource
#AnsibleRequires -PowerShell ..system.Native
#AnsibleRequires -PowerShell ..system.Profiles
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .AccessText

# The driver `event_log`: how large a log may grow (LOG:MaxSize, in KB), what happens when it is full (LOG:Retention:
# overwrite, archive or keep), and of the Security log who may read or change it, and when it was cleared.
#
# Three places. The policy (EventLog.admx: MaxSize in KB, Retention and AutoBackupLogFiles as text); the log's own key
# (https://learn.microsoft.com/windows/win32/eventlog/eventlog-key: MaxSize in bytes, Retention as a number); and what
# the service has. Recalled: the service takes the policy over at a refresh of group policies and when it starts, so a
# value that was written since Windows started may not be what it has yet. EventLogChange.psm1 writes.

Set-StrictMode -Version 2.0

$script:Driver = 'event_log'
$script:Policies = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog'
$script:Logs = @{
    Application = 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application'
    Security    = 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Security'
    System      = 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\System'
    # Not one of the old logs; its key is recalled.
    Setup       = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels\Setup'
}
$script:Modes = @{ Circular = 'overwrite'; AutoBackup = 'archive'; Retain = 'keep' }  # EventLogMode
$script:Step = 64  # KB; Windows rounds sizes to a multiple of it (wevtutil, set-log)
$script:Never = 4294967295
# Rights of a log (CustomSD in the page on the Eventlog key), and those to change its access list; GENERIC_ALL counts as
# each, GENERIC_READ as reading, GENERIC_WRITE as writing.
$script:Reading = 0x1 -bor 0x10000000 -bor 0x80000000L
$script:Changing = 0x2 -bor 0x4 -bor 0x40000 -bor 0x80000 -bor 0x10000000 -bor 0x40000000
$script:Administrators = 'S-1-5-18', 'S-1-5-32-544'
# Event Log Readers; NETWORK SERVICE, as which Windows forwards events.
$script:Readers = $script:Administrators + @('S-1-5-32-573', 'S-1-5-20')

function Read-LeeboardEventLog {
    <#
    .SYNOPSIS
    A reading for each address.
    .DESCRIPTION
    configured is the policy or else the log's own key. effective is the same while it may be newer than what the
    service has, which is then running; later on effective is what the service has.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            $log, $what = $address -split ':', 2
            $isKept = $what -cin 'MaxSize', 'Retention'
            if ($script:Logs.Keys -cnotcontains $log -or -not ($isKept -or $log -ceq 'Security')) {
                Stop-Address $address
            }
            switch -CaseSensitive ($what) {
                'MaxSize' { Get-KeptReading $address $log (Get-SizePlace $log) }
                'Retention' { Get-KeptReading $address $log (Get-RetentionPlace $log) }
                'Changers' { Get-AccountReading $address $script:Changing $script:Administrators }
                'Readers' { Get-AccountReading $address $script:Reading $script:Readers }
                'Cleared' { Get-ClearedReading $address }
                default { Stop-Address $address }
            }
        }
    }
    return $readings
}

function Stop-Address {
    param([string]$Address)

    throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
}

function Get-SizePlace {
    param([string]$Log)

    @{ Path = "$script:Policies\$Log"; Name = 'MaxSize' }
    @{ Path = $script:Logs[$Log]; Name = 'MaxSize'; Convert = {
            param($found)
            if ($found.type -ne 'dword') { return $found }
            @{ state = 'value'; type = 'dword'; value = [long][System.Math]::Floor($found.value / 1024) }
        }
    }
}

function Get-RetentionPlace {
    param([string]$Log)

    $word = { param($found, $place) ConvertTo-Retention $found $place.Path }
    foreach ($path in "$script:Policies\$Log", $script:Logs[$Log]) {
        @{ Path = $path; Name = 'Retention'; Convert = $word }
    }
}

# Retention as a word. In the policy 0 and 1, in the log's own key 0, or never: anything between is a time in seconds,
# which no Windows since Vista knows.
function ConvertTo-Retention {
    param([System.Collections.IDictionary]$Found, [string]$Path)

    $word = ([string]$Found.value).Trim()
    if ($word -eq '0') {
        $word = 'overwrite'
    } elseif ($word -in '1', [string]$script:Never) {
        $backup = Get-LeeboardMachineValue -Path $Path -Name AutoBackupLogFiles
        $word = if ($backup.state -eq 'value' -and ([string]$backup.value).Trim() -eq '1') { 'archive' } else { 'keep' }
    }
    return @{ state = 'value'; type = 'string'; value = $word }
}

# The reading of what stands in the policy, in the log's own key and in the service.
function Get-KeptReading {
    param([string]$Address, [string]$Log, [object[]]$Places)

    $set = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $Places[0].Path -Name $Places[0].Name }
    $first = Find-LeeboardPlace $Places
    $note = $set.Note
    if ($null -eq $first) {
        $where = [string]::Join(' and ', [string[]]@($Places | ForEach-Object { $_.Path }))
        $configured = New-LeeboardAbsent -Source "$where have no $($Places[0].Name)" -Note $note
    } else {
        # The log's own key is always there; it is worth a word only where it says more than the policy that beats it.
        if ($first.Note -and (Test-Less $first.Found $Places[1])) {
            $note = [string]::Join('; ', [string[]]@($first.Note, $note | Where-Object { $_ }))
        }
        $found = $first.Found
        $configured = New-LeeboardValue -Value $found.value -Type $found.type -Source $first.Source -Note $note
    }
    $running = $null
    try {
        $has = Get-HasAspect $Log $Places[0].Name $note
        $effective = $has
        if ($null -eq $first) {
            # What is set nowhere any more the service may still have, until it starts again.
            if (Test-ChangedSinceStart $Places) { $effective, $running = $configured, $has }
        } elseif (-not (Test-Same $first.Found $has)) {
            # Text where a number is meant is a slip in any case, whatever Windows makes of it.
            $isNumber = $Places[0].Name -eq 'Retention' -or [string]$first.Found.value -match '^\d+$'
            if (-not $isNumber -or (Test-ChangedSinceStart $Places)) { $effective, $running = $configured, $has }
        }
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        $effective = New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $effective -Configured $configured `
        -Running $running -Owner $set.Owner
}

function Get-HasAspect {
    param([string]$Log, [string]$Name, [string]$Note)

    $kept = Get-Log $Log
    $source = "the event log service, $Log"
    if ($Name -eq 'MaxSize') {
        return New-LeeboardValue -Value ([long][System.Math]::Floor($kept.MaximumSizeInBytes / 1024)) -Type int `
            -Source $source -Note $Note
    }
    $mode = $script:Modes[[string]$kept.LogMode]
    if (-not $mode) {
        throw (New-LeeboardProblem -Code malformed -Why "the log $Log has the unknown mode $($kept.LogMode)")
    }
    return New-LeeboardValue -Value $mode -Type string -Source $source -Note $Note
}

function Get-Log {
    param([string]$Log)

    $kept = @(Get-LeeboardEventLog $Log)
    if (-not $kept.Length) {
        throw (New-LeeboardProblem -Code failed -Why "the event log service knows no log $Log")
    }
    return $kept[0]
}

# Whether the policy asks for less than the log's own key does, of a size; of anything else, that they differ is enough.
function Test-Less {
    param([System.Collections.IDictionary]$Found, [System.Collections.IDictionary]$Own)

    $mine, $theirs = [long]0, [long]0
    $said = & $Own.Convert (Get-LeeboardMachineValue -Path $Own.Path -Name $Own.Name) $Own
    $isNumber = [long]::TryParse([string]$Found.value, [ref]$mine)
    return -not ($isNumber -and [long]::TryParse([string]$said.value, [ref]$theirs)) -or $mine -lt $theirs
}

# Whether the service has what is configured; of sizes it has the nearest multiple.
function Test-Same {
    param([System.Collections.IDictionary]$Found, [System.Collections.IDictionary]$Has)

    $number = [long]0
    if ($Has.value -is [long] -and [long]::TryParse([string]$Found.value, [ref]$number)) {
        return [System.Math]::Abs($number - $Has.value) -lt $script:Step
    }
    return [string]$Found.value -ceq [string]$Has.value
}

# Whether any of the keys was written after Windows started: then the service may have what stood there before. Of a key
# that is not there, the nearest above tells, since deleting a key writes to that.
function Test-ChangedSinceStart {
    param([object[]]$Places)

    $started = Get-LeeboardBootTime
    foreach ($place in $Places) {
        for ($path = $place.Path; $path -match '\\'; $path = $path -replace '\\[^\\]*$') {
            $key = Open-LeeboardKey $path
            if ($null -eq $key) { continue }
            try {
                if ((Get-LeeboardKeyTime $key) -ge $started) { return $true }
            } finally {
                $key.Dispose()
            }
            break
        }
    }
    return $false
}

# Who has one of some rights on the Security log, without those who always have them.
function Get-AccountReading {
    param([string]$Address, [long]$Rights, [string[]]$Trusted)

    $masks = ConvertFrom-LeeboardAccessText ([string](Get-Log Security).SecurityDescriptor)
    $who = @($masks.Keys | Where-Object { ($masks[$_] -band $Rights) -and $_ -notin $Trusted } | Sort-Object)
    $names = [string[]]@($who | ForEach-Object { Format-Account $_ })
    $aspect = New-LeeboardValue -Value $names -Type list -Source 'the access list of the Security log'
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect
}

# When the Security log was cleared, and by whom (event 1102; Microsoft, windows-itpro-docs, auditing/event-1102); how
# long ago counts, the brain says. Clearing takes every older event away, and the service then writes this one: so it is among the oldest
# events of the log, and only those are read. A search for its number would try each event of a log that holds millions.
function Get-ClearedReading {
    param([string]$Address)

    [void](Get-Log Security)
    $oldest = Get-LeeboardOldestEvent -Log Security -Provider Microsoft-Windows-Eventlog -Id 1102
    if (-not $oldest.Seen) {
        # An account that may not read this log is shown an empty one.
        $code = if (Test-LeeboardAdministrator) { 'failed' } else { 'needs_root' }
        throw (New-LeeboardProblem -Code $code -Why 'the Security log shows not one event')
    }
    $said = [string[]]@(foreach ($one in $oldest.Found) {
            $time = $one.SelectSingleNode('//*[local-name()="TimeCreated"]/@SystemTime').Value.Substring(0, 19)
            $sid = $one.SelectSingleNode('//*[local-name()="SubjectUserSid"]')
            $who = 'an account that the event does not name'
            if ($null -ne $sid) { $who = Format-Account $sid.InnerText }
            "$($time)Z by $who"
        })
    $aspect = New-LeeboardValue -Value $said -Type list -Whole -Source 'events 1102 in the Security log'
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect
}

# An account by its SID, with its name where Windows knows one.
function Format-Account {
    param([string]$Sid)

    $name = Get-LeeboardAccountName $Sid
    if ($name -eq $Sid) { return $Sid }
    return "$Sid $name"
}

Export-ModuleMember -Function Read-LeeboardEventLog
