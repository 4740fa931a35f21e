# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The registries of people: those of everybody who is signed in, and that of the default profile, from which every new
# one is made. The latter is loaded for as long as it is read, and unloaded again whatever happens.

Set-StrictMode -Version 2.0

$script:ProfileList = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
$script:Person = '\AS-1-(5-21|12-1)(-[0-9]+)+\z'  # accounts of this machine or a domain, and of Entra
$script:HivePrefix = 'Leeboard-'
$script:Session = $null  # while people's registries are read

function Get-LeeboardAccountName {
    <#
    .SYNOPSIS
    The name of an account, or its SID where Windows does not know one.
    #>
    param([Parameter(Mandatory = $true)][string]$Sid)

    return Get-LeeboardOnce -Name "account $Sid" -Read {
        try {
            $account = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $Sid
            $account.Translate([System.Security.Principal.NTAccount]).Value
        } catch {
            $Sid
        }
    }
}

function Read-LeeboardProfile {
    <#
    .SYNOPSIS
    Readings of the same thing in the registry of every person, by address.
    .DESCRIPTION
    What takes effect is what the default profile says; people are `others`, and those who are not signed in a note.
    .PARAMETER Look
    Called with an open root of a registry and an address; gives @{state; value; type}, or throws.
    .PARAMETER Source
    Called with an address; gives the place in words, to follow the name of the profile.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Driver,
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses,
        [Parameter(Mandatory = $true)][scriptblock]$Look,
        [Parameter(Mandatory = $true)][scriptblock]$Source
    )

    return Use-LeeboardProfile {
        $answers = New-Object -TypeName System.Collections.Specialized.OrderedDictionary
        $session = Open-Session
        foreach ($address in $Addresses) {
            $answers[$address] = Invoke-LeeboardAttempt -Driver $Driver -Address $address -Find {
                Get-ProfileReading $Driver $address $session.Default $session.People $Look $Source
            }
            [void]$session.Readings.Add($answers[$address])
        }
        $answers
    }
}

function Use-LeeboardProfile {
    <#
    .SYNOPSIS
    Read people's registries: whatever is read in it shares one loading of the default profile.
    .DESCRIPTION
    It is loaded when it is first needed. Within another call this one only runs `Do`.
    #>
    param([Parameter(Mandatory = $true)][scriptblock]$Do)

    if ($null -ne $script:Session) {
        return & $Do
    }
    $script:Session = @{
        Default = $null; People = $null; Readings = New-Object -TypeName System.Collections.ArrayList
    }
    try {
        return & $Do
    } finally {
        $session, $script:Session = $script:Session, $null
        Close-Session $session
    }
}

# @{Default; People; Readings}, where what went wrong is the default profile's Problem.
function Open-Session {
    $session = $script:Session
    if ($null -eq $session.Default) {
        $session.Default = Mount-Default
        try {
            $session.People = Open-People
        } catch {
            $session.Default.Problem = $_.Exception
        }
    }
    return $session
}

function Close-Session {
    param([hashtable]$Session)

    if ($null -eq $Session.Default) {
        return
    }
    Close-People $Session.People
    $left = Dismount-Default $Session.Default
    if ($left) {
        foreach ($reading in $Session.Readings) { Add-Note $reading.effective $left }
    }
}

function Get-ProfileReading {
    param($Driver, $Address, $Default, $People, $Look, $Source)

    if ($null -ne $Default.Problem) {
        throw $Default.Problem
    }
    $mine = & $Look $Default.Root $Address
    $others = @(foreach ($person in $People.Open) {
            try {
                $theirs = & $Look $person.Root $Address
            } catch {
                $problem = ConvertTo-LeeboardProblem $_
                throw (New-LeeboardProblem -Code $problem.Code -Why "for $($person.Who): $($problem.Why)")
            }
            if ($theirs.state -eq 'absent') {
                New-LeeboardOther -Who $person.Who
            } else {
                New-LeeboardOther -Who $person.Who -Value $theirs.value -Type $theirs.type
            }
        })
    $where = "$($Default.File), " + (& $Source $Address)
    if ($mine.state -eq 'absent') {
        $aspect = New-LeeboardAbsent -Source $where -Note $People.Note -Others $others
    } else {
        $aspect = New-LeeboardValue -Value $mine.value -Type $mine.type -Source $where -Note $People.Note `
            -Others $others
    }
    return New-LeeboardReading -Driver $Driver -Address $Address -Effective $aspect
}

function Add-Note {
    param([System.Collections.IDictionary]$Aspect, [string]$Note)

    if ($Aspect.state -eq 'unreadable') {
        return
    }
    if ($Aspect.Contains('note')) { $Note = "$($Aspect.note); $Note" }
    $Aspect['note'] = $Note
}

# @{Open: people whose registry is loaded, by SID, each {Who; Root}; Note: how many others have a profile here}
function Open-People {
    $users = Open-LeeboardKey 'HKU'
    $open = New-Object -TypeName System.Collections.ArrayList
    $people = @{ Open = $open; Note = '' }
    try {
        $loaded = @($users.GetSubKeyNames() | Where-Object { $_ -match $script:Person } | Sort-Object)
        foreach ($sid in $loaded) {
            $root = Open-LeeboardSubkey $users $sid
            if ($null -ne $root) {
                [void]$open.Add(@{ Who = (Get-LeeboardAccountName $sid); Root = $root })
            }
        }
        $unseen = @(Get-ProfileSid | Where-Object { $loaded -notcontains $_ }).Length
        if ($unseen -eq 1) { $people.Note = 'not seen: 1 person who is not signed in' }
        if ($unseen -gt 1) { $people.Note = "not seen: $unseen people who are not signed in" }
        return $people
    } catch {
        Close-People $people
        throw
    } finally {
        $users.Dispose()
    }
}

function Close-People {
    param([AllowNull()][object]$People)

    if ($null -ne $People) {
        foreach ($person in $People.Open) { $person.Root.Dispose() }
    }
}

function Get-ProfileSid {
    $profiles = Open-LeeboardKey $script:ProfileList
    if ($null -eq $profiles) {
        return
    }
    try {
        $profiles.GetSubKeyNames() | Where-Object { $_ -match $script:Person }
    } finally {
        $profiles.Dispose()
    }
}

# @{Problem, or Root; File; Hive}. The hive has a name of this process, so that two visits do not meet.
function Mount-Default {
    $default = @{ Problem = $null; Root = $null; File = ''; Hive = '' }
    try {
        $found = Get-LeeboardMachineValue $script:ProfileList 'Default'
        if ($found.state -eq 'absent') {
            throw (New-LeeboardProblem -Code failed -Why (
                    "$script:ProfileList does not say where the default profile is"))
        }
        $folder = [System.Environment]::ExpandEnvironmentVariables([string]$found.value)
        $default.File = [System.IO.Path]::Combine($folder, 'NTUSER.DAT')
        Remove-Leftover
        $default.Hive = '{0}{1}-{2}' -f $script:HivePrefix, $PID, [System.Guid]::NewGuid().ToString('N').Substring(0, 8)
        Mount-LeeboardHive -Name $default.Hive -File $default.File
        $default.Root = Open-LeeboardKey "HKU\$($default.Hive)"
        if ($null -eq $default.Root) {
            throw (New-LeeboardProblem -Code failed -Why "$($default.File) was loaded, but cannot be opened")
        }
    } catch {
        $default.Problem = $_.Exception
    }
    return $default
}

# Unload the default profile. Returns in words what went wrong, or an empty text.
function Dismount-Default {
    param([hashtable]$Default)

    if ($null -ne $Default.Root) { $Default.Root.Dispose() }
    if (-not $Default.Hive) {
        return ''
    }
    # A virus scanner may hold a key of it open for a moment.
    for ($try = 1; (Test-Hive $Default.Hive); $try++) {
        try {
            Dismount-LeeboardHive -Name $Default.Hive
        } catch {
            if ($try -ge 10) {
                return "HKEY_USERS\$($Default.Hive) is still loaded: $((ConvertTo-LeeboardProblem $_).Why)"
            }
            [System.GC]::Collect()
            Start-Sleep -Milliseconds 100
        }
    }
    return ''
}

function Test-Hive {
    param([string]$Name)

    $key = Open-LeeboardKey "HKU\$Name"
    if ($null -eq $key) {
        return $false
    }
    $key.Dispose()
    return $true
}

# Unload what a visit left behind that was killed: a registry file that is loaded cannot be loaded again.
function Remove-Leftover {
    $users = Open-LeeboardKey 'HKU'
    try {
        $names = @($users.GetSubKeyNames() | Where-Object { $_ -match "\A$script:HivePrefix[0-9]+-[0-9a-f]{8}\z" })
    } finally {
        $users.Dispose()
    }
    foreach ($name in $names) {
        $owner = [int]$name.Split('-')[1]
        if ($owner -ne $PID -and (Get-Process -Id $owner -ErrorAction SilentlyContinue)) {
            continue
        }
        try {
            Dismount-LeeboardHive -Name $name
        } catch {
            Write-Debug "$name could not be unloaded: $_"  # loading the file will then say so
        }
    }
}

Export-ModuleMember -Function Get-LeeboardAccountName, Read-LeeboardProfile, Use-LeeboardProfile
