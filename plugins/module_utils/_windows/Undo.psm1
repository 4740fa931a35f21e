# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .checkpoint.CutOff
#AnsibleRequires -PowerShell .engine.Armed
#AnsibleRequires -PowerShell .engine.Host
#AnsibleRequires -PowerShell .engine.Journal
#AnsibleRequires -PowerShell .engine.JournalRead
#AnsibleRequires -PowerShell .engine.Reading
#AnsibleRequires -PowerShell .firewall.FirewallChange
#AnsibleRequires -PowerShell .firewall.FirewallPlace
#AnsibleRequires -PowerShell .group_policy.GroupPolicy
#AnsibleRequires -PowerShell .registry.RegistryStart
#AnsibleRequires -PowerShell .remote.WinRmListener
#AnsibleRequires -PowerShell .security_policy.AccountLockout
#AnsibleRequires -PowerShell .security_policy.AuditPolicy
#AnsibleRequires -PowerShell .security_policy.UserRight
#AnsibleRequires -PowerShell .security_policy.UserRightChange
#AnsibleRequires -PowerShell .system.RegistryKey
#AnsibleRequires -PowerShell .vpn.VpnConnectionChange

# Put back what one run changed, from its journal: only what is still as the run left it. The order is that of
# _linux/undo/run.py: look at everything, keep a journal of the undo itself, write. Killed at any line it is run again.
#
# A run may have written a place more than once, and may have been killed between the journal and the place. So all
# states that it recorded are its own; what somebody else wrote in the middle of the run begins the history anew.

Set-StrictMode -Version 2.0

# What is never undone: a key that was retired must not open again, nor a disk lie open. Policy of BitLocker comes back:
# it is read when a protector is added or a disk encrypted, and says nothing about disks as they are.
$script:EncryptionDriver = '\Abitlocker_volume\z'
$script:EncryptionPlace = '\AHKLM\\SYSTEM\\CurrentControlSet\\Control\\BitLocker(\\|:)'
$script:Encryption = 'it belongs to encryption, which is never undone from here'
# Drivers whose places are values of the registry, whatever their addresses are called.
$script:Registry = 'registry', 'power_policy', 'event_log', 'event_forwarding', 'remote_desktop', 'winrm',
    'bitlocker_policy'
# Drivers with places of their own: how a place is read, and how edits are made. Absent: what was not there before is
# taken away again. Refusal: why a state is none that the driver could write.
$script:Others = @{
    audit_policy = @{ Read = 'Read-LeeboardAuditPolicy'; Write = 'Set-LeeboardAuditPolicyChange'; Type = 'audit_mask' }
    account_lockout = @{ Read = 'Read-LeeboardAccountLockout'; Write = 'Set-LeeboardAccountLockoutChange'; Type = 'int' }
    firewall_profile = @{ Read = 'Read-LeeboardFirewallPlace'; Write = 'Set-LeeboardFirewallProfileChange'; Type = 'firewall'
        Absent = $true }
    vpn_connection = @{
        Read = 'Read-LeeboardVpnPlace'; Write = 'Set-LeeboardVpnConnectionChange'; Type = 'string'; Absent = $true
        Refusal = 'Get-LeeboardVpnConnectionRefusal'
    }
    # Listeners; its other places are the registry's.
    winrm = @{ Read = 'Read-LeeboardListenerPlace'; Write = 'Set-LeeboardListenerChange'; Type = 'dword' }
    user_right = @{ Read = 'Read-LeeboardUserRight'; Write = 'Set-LeeboardUserRightChange'; Type = 'list' }
}

function Invoke-LeeboardUndo {
    <#
    .SYNOPSIS
    Undo a run.
    .DESCRIPTION
    Returns changed, found (whether the device has a journal of the run), put_back, already and left (each a list of
    driver, addresses and target, with was or why), remarks, diff, journal, and broken: why writing broke off, or an
    empty text; then the same undo is run again. Check mode writes nothing. Throws a problem where a journal is not
    believed or cannot be kept; then nothing was changed.
    .PARAMETER RunId
    The run to undo.
    .PARAMETER UndoId
    The id under which the undo keeps its own journal.
    #>
    param(
        [Parameter(Mandatory = $true)][AllowEmptyString()][string]$RunId,
        [Parameter(Mandatory = $true)][string]$UndoId,
        [bool]$Check = $false,
        [string]$Folder = ''
    )

    if ($RunId -eq $UndoId) {
        throw (New-LeeboardProblem -Code refused -Why 'an undo is a run of its own and cannot undo itself')
    }
    $outcome = [ordered]@{
        changed = $false; found = $true; put_back = @(); already = @(); left = @(); remarks = @()
        diff = @{ before = ''; after = '' }; journal = $null; broken = ''
    }
    $journal = Read-LeeboardJournal -RunId $RunId -Folder $Folder
    $outcome.found = $journal.Found
    $histories = @(Get-History $journal.Lines)
    # Windows shows no times of the lock-out where nobody is ever locked out: they go when the number of tries goes to 0.
    $isUnlocked = [bool]@($histories | Where-Object {
            $_.Driver -eq 'account_lockout' -and $_.Target -eq 'LockoutBadCount' -and "$($_.Before['value'])" -eq '0'
        }).Length
    $plan = @(foreach ($history in $histories) {
            $decided = Resolve-History $history $RunId $Folder $isUnlocked
            if ($decided.Verdict -eq 'put_back' -and -not $Check) {
                $why = Get-Uncovered $history $UndoId
                if ($why) { $decided = @{ Verdict = 'left'; Why = $why } }
            }
            $said = [ordered]@{
                driver = $history.Driver; addresses = [object[]]$history.Addresses; target = $history.Target
            }
            if ($decided.Verdict -eq 'left') { $said.why = $decided.Why }
            if ($decided.Verdict -eq 'put_back') { $said.was = Format-Was $history.Before }
            $outcome[$decided.Verdict] = @($outcome[$decided.Verdict]) + @($said)
            if ($decided.Verdict -eq 'put_back' -and $decided.Now) {
                if ($history.Foreign) {
                    $outcome.remarks = @($outcome.remarks) + @("somebody else wrote $($history.Target) while the run " +
                        'went on; what they wrote is put back')
                }
                @{ Target = $history.Target; Before = $decided.Now; After = $history.Before; Driver = $history.Driver }
            }
        })
    $outcome.changed = [bool]$plan.Length
    foreach ($edit in $plan) {
        $outcome.diff.before += "$($edit.Target): $(Format-Was $edit.Before)`n"
        $outcome.diff.after += "$($edit.Target): $(Format-Was $edit.After)`n"
    }
    if ($Check -or -not $plan.Length) { return $outcome }
    $groups = @($plan | Group-Object -Property { $_.Driver })
    # Everything that will be written is on the disk before the first of it is.
    foreach ($group in $groups) {
        $changes = [object[]]@($group.Group | ForEach-Object { @{ address = $_.Target; undoes = $RunId } })
        $outcome.journal = Write-LeeboardJournal -RunId $UndoId -Driver $group.Name -Changes $changes -Before @{} `
            -Edits @($group.Group) -Folder $Folder
    }
    foreach ($group in $groups) {
        if ($outcome.broken) {
            Move-Unwritten $outcome $group
            continue
        }
        try {
            if (Get-LeeboardCoverFunction $group.Name) {
                Write-CoveredEdit $group.Name $UndoId @($group.Group)
            } else {
                Write-Edit $group.Name @($group.Group)
            }
        } catch {
            $outcome.broken = "$((ConvertTo-LeeboardProblem $_).Why); run the same undo again, which goes on where this " +
                'one ended'
            Reset-LeeboardCache
            Move-Unwritten $outcome $group
        }
    }
    Reset-LeeboardCache
    return $outcome
}

# What a broken undo has not come to is left; the machine itself says which of a group that is.
function Move-Unwritten {
    param([System.Collections.IDictionary]$Outcome, [object]$Group)

    foreach ($edit in $Group.Group) {
        try {
            $now = Format-UndoState (Get-Place $edit.Driver $edit.Target).Now
        } catch {
            $now = 'unknown'
        }
        if ($now -ceq (Format-UndoState $edit.After)) { continue }
        $mine = @($Outcome.put_back | Where-Object { $_.target -eq $edit.Target -and $_.driver -eq $edit.Driver })
        $Outcome.put_back = @($Outcome.put_back | Where-Object { $mine -notcontains $_ })
        foreach ($one in $mine) {
            $one.Remove('was')
            $one.why = 'the undo broke off before it'
            $Outcome.left = @($Outcome.left) + @($one)
        }
    }
}

# Each place through the run, the one that was changed last first.
function Get-History {
    param([AllowEmptyCollection()][object[]]$Lines)

    $found = New-Object -TypeName System.Collections.Specialized.OrderedDictionary -ArgumentList (
        [System.StringComparer]::OrdinalIgnoreCase)
    foreach ($line in $Lines) {
        $addresses = @($line.Changes | ForEach-Object { $_['address'] } | Where-Object { $_ -is [string] })
        foreach ($edit in $line.Edits) {
            $place = "$($line.Driver) $($edit.Target)"
            if (Test-InRegistry $line.Driver $edit.Target) { $place = $edit.Target }
            $history = $found[$place]
            $before, $after = (Format-UndoState $edit.Before), (Format-UndoState $edit.After)
            if ($null -eq $history -or $history.Own -cnotcontains $before) {
                $history = @{
                    Driver = $line.Driver; Target = $edit.Target; Before = $edit.Before; Own = @($before)
                    Addresses = @(); Foreign = $null -ne $history
                }
            }
            $history.Own = @($history.Own) + @($after)
            $history.Driver = $line.Driver
            $history.Addresses = @(@($history.Addresses) + $addresses | Select-Object -Unique)
            $found.Remove($place)
            $found[$place] = $history
        }
    }
    $all = @($found.Values)
    [array]::Reverse($all)
    return $all
}

# @{Verdict; Why; Now} of one place: put_back, already or left.
function Resolve-History {
    param([hashtable]$History, [string]$RunId, [string]$Folder, [bool]$IsUnlocked)

    if ($History.Driver -match $script:EncryptionDriver -or $History.Target -match $script:EncryptionPlace) {
        return @{ Verdict = 'left'; Why = $script:Encryption }
    }
    try {
        $place = Get-Place $History.Driver $History.Target
    } catch {
        return @{ Verdict = 'left'; Why = "it cannot be read: $((ConvertTo-LeeboardProblem $_).Why)" }
    }
    $now = Format-UndoState $place.Now
    if ($now -ceq (Format-UndoState $History.Before)) { return @{ Verdict = 'already' } }
    if ($History.Own -cnotcontains $now) {
        $by = Get-Writer $History $now $RunId $Folder
        $why = "changed since: it is $(Format-Was $place.Now) now"
        if ($by) { $why = "changed since: the run $by wrote it later; undo that one first" }
        return @{ Verdict = 'left'; Why = $why }
    }
    if ($place.Owner) {
        return @{ Verdict = 'left'; Why = "it is set by $($place.Owner), which would set it again; change it there" }
    }
    $isInRegistry = Test-InRegistry $History.Driver $History.Target
    $canBeAbsent = $isInRegistry -or $script:Others[$History.Driver]['Absent']
    if ($History.Before.state -ne 'value' -and -not $canBeAbsent) {
        if ($IsUnlocked -and $History.Driver -eq 'account_lockout') { return @{ Verdict = 'put_back'; Now = $null } }
        return @{ Verdict = 'left'; Why = 'it had no value before, and Windows knows no way to take it away again' }
    }
    if (-not $isInRegistry -and $script:Others[$History.Driver]['Refusal']) {
        $why = & $script:Others[$History.Driver].Refusal -State $History.Before
        if ($why) { return @{ Verdict = 'left'; Why = $why } }
    }
    return @{ Verdict = 'put_back'; Now = $place.Now }
}

# Why what could cut off whoever undoes it is left: the undo has no checkpoint of its own that covers it. Else nothing.
function Get-Uncovered {
    param([hashtable]$History, [string]$UndoId)

    if (-not (Get-LeeboardCoverFunction $History.Driver)) { return '' }
    try {
        Assert-LeeboardCheckpoint $History.Driver $UndoId @($History.Target)
    } catch {
        return (ConvertTo-LeeboardProblem $_).Why
    }
    return ''
}

# Whether a place is a value of the registry. WinRM has listeners beside those.
function Test-InRegistry {
    param([string]$Driver, [string]$Target)

    return $script:Registry -contains $Driver -and -not ($Driver -eq 'winrm' -and (Test-LeeboardListenerPlace $Target))
}

# @{Now; Owner}: what is there, and which group policy sets it.
function Get-Place {
    param([string]$Driver, [string]$Target)

    if (Test-InRegistry $Driver $Target) {
        $path, $name = Split-LeeboardValueAddress HKLM $Target registry 'refused'
        $owner = (Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $path -Name $name }).Owner
        return @{ Now = (Get-LeeboardMachineValue -Path $path -Name $name); Owner = $owner }
    }
    $way = $script:Others[$Driver]
    if (-not $way) { throw (New-LeeboardProblem -Code refused -Why "the driver $Driver has no way to undo") }
    $reading = (& $way.Read -Addresses @($Target))[$Target]
    $aspect = $reading.effective
    if ($aspect.state -eq 'unreadable') { throw (New-LeeboardProblem -Code $aspect.code -Why $aspect.why) }
    $owner = if ($reading.Contains('owner')) { [string]$reading.owner } else { '' }
    if ($aspect.state -eq 'absent') { return @{ Now = @{ state = 'absent' }; Owner = $owner } }
    return @{ Now = @{ state = 'value'; type = $way.Type; value = $aspect.value }; Owner = $owner }
}

# What could cut off whoever undoes it: each place asks for the checkpoint anew, as in Change.psm1, since a device whose
# time is over puts itself back meanwhile.
function Write-CoveredEdit {
    param([string]$Driver, [string]$UndoId, [object[]]$Edits)

    foreach ($edit in $Edits) {
        Assert-LeeboardCheckpoint $Driver $UndoId @($edit.Target)
        Write-Edit $Driver @($edit)
    }
    Assert-LeeboardCheckpoint $Driver $UndoId @()
}

function Write-Edit {
    param([string]$Driver, [object[]]$Edits)

    $others = @($Edits | Where-Object { -not (Test-InRegistry $Driver $_.Target) })
    if ($others.Length) { & $script:Others[$Driver].Write -Edits $others | Out-Null }
    $mine = @($Edits | Where-Object { Test-InRegistry $Driver $_.Target })
    if (-not $mine.Length) { return }
    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    try {
        foreach ($edit in $mine) {
            $path, $name = Split-LeeboardValueAddress HKLM $edit.Target registry 'refused'
            Save-LeeboardRunning $path
            $below = $path.Substring('HKLM\'.Length)
            $key = $null
            if ($edit.After.state -eq 'value') {
                $key = $root.CreateSubKey($below)
            } else {
                $key = $root.OpenSubKey($below, $true)
            }
            if ($null -eq $key) { continue }
            try {
                if ($edit.After.state -eq 'value') {
                    $stored = ConvertTo-LeeboardStored $edit.After $edit.Target
                    $key.SetValue($name, $stored.Value, $stored.Kind)
                } else {
                    $key.DeleteValue($name, $false)
                }
            } finally {
                $key.Dispose()
            }
        }
    } finally {
        $root.Dispose()
    }
}

function ConvertTo-LeeboardStored {
    <#
    .SYNOPSIS
    A state of the journal as .NET stores it: @{Value; Kind}. The types are those of Get-LeeboardRegistryValue.
    #>
    param([Parameter(Mandatory = $true)][hashtable]$State, [string]$Target = '')

    $value = $State.value
    $invariant = [System.Globalization.CultureInfo]::InvariantCulture
    switch ($State.type) {
        'dword' {
            # .NET takes a DWORD as a signed number, and a QWORD likewise.
            $bytes = [System.BitConverter]::GetBytes([System.Convert]::ToUInt32($value, $invariant))
            return @{ Value = [System.BitConverter]::ToInt32($bytes, 0); Kind = 'DWord' }
        }
        'qword' {
            $bytes = [System.BitConverter]::GetBytes([System.Convert]::ToUInt64($value, $invariant))
            return @{ Value = [System.BitConverter]::ToInt64($bytes, 0); Kind = 'QWord' }
        }
        'string' { return @{ Value = [string]$value; Kind = 'String' } }
        'expand_string' { return @{ Value = [string]$value; Kind = 'ExpandString' } }
        'multi_string' { return @{ Value = [string[]]@($value); Kind = 'MultiString' } }
        { $_ -eq 'binary' -or $_ -eq 'none' } {
            $text = [string]$value
            $bytes = New-Object -TypeName 'byte[]' -ArgumentList ($text.Length / 2)
            for ($at = 0; $at -lt $bytes.Length; $at++) {
                $bytes[$at] = [System.Convert]::ToByte($text.Substring(2 * $at, 2), 16)
            }
            return @{ Value = $bytes; Kind = $(if ($State.type -eq 'binary') { 'Binary' } else { 'None' }) }
        }
    }
    throw (New-LeeboardProblem -Code refused -Why "$Target`: a value of the type '$($State.type)' cannot be put back")
}

# The newest other run that left the place as it is now.
function Get-Writer {
    param([hashtable]$History, [string]$Now, [string]$RunId, [string]$Folder)

    foreach ($other in @(Get-LeeboardJournalRun -Folder $Folder | Where-Object { $_ -ne $RunId })) {
        try { $lines = (Read-LeeboardJournal -RunId $other -Folder $Folder).Lines } catch { continue }
        foreach ($edit in @($lines | ForEach-Object { $_.Edits })) {
            if ($edit.Target -eq $History.Target -and (Format-UndoState $edit.After) -ceq $Now) { return $other }
        }
    }
    return ''
}

# A state as text, for comparing: two states are equal when their texts are.
function Format-UndoState {
    param([hashtable]$State)

    if ($State.state -ne 'value') { return 'absent' }
    $parts = foreach ($one in @($State.value)) { "$(([string]$one).Length)=$one" }
    return [string]::Join(' ', [string[]](@([string]$State.type) + @($parts)))
}

function Format-Was {
    param([hashtable]$State)

    if ($State.state -ne 'value') { return 'absent' }
    $shown = [string]::Join(', ', [string[]]@($State.value))
    if ($shown.Length -gt 200) { $shown = $shown.Substring(0, 200) + '...' }
    return "$shown ($($State.type))"
}

Export-ModuleMember -Function Invoke-LeeboardUndo, ConvertTo-LeeboardStored
