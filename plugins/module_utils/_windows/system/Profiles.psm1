# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .DefaultProfile
#AnsibleRequires -PowerShell .RegistryKey
#AnsibleRequires -PowerShell .SignedIn

# The registries of people: those of everybody who is signed in at the screen or by Remote Desktop, and that of the
# default profile, from which every new one is made. The latter is loaded for as long as it is read, and unloaded again
# whatever happens (DefaultProfile.psm1). Accounts that came over the network or run services are no people
# (docs/decisions/0020-people-on-windows.md).

Set-StrictMode -Version 2.0

$script:ProfileList = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
$script:Person = '\AS-1-(5-21|12-1)(-[0-9]+)+\z'  # accounts of this machine or a domain, and of Entra
$script:MostNames = 100  # of people in one reading, as the wire allows
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
    Where the default profile says nothing and group policy gives it to everybody who is signed in, what takes effect is
    what the first of them has: policy of users never stands in the default profile, and whoever comes gets it too.
    .PARAMETER Policy
    Called with the SID of a person and an address; gives whether group policy sets the value. Without it none does.
    .PARAMETER Look
    Called with an open root of a registry and an address; gives @{state; value; type}, or throws.
    .PARAMETER Source
    Called with an address; gives the place in words, to follow the name of the profile.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Driver,
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses,
        [Parameter(Mandatory = $true)][scriptblock]$Look,
        [Parameter(Mandatory = $true)][scriptblock]$Source,
        [scriptblock]$Policy = $null
    )

    return Use-LeeboardProfile {
        $answers = New-Object -TypeName System.Collections.Specialized.OrderedDictionary
        $session = Open-Session
        foreach ($address in $Addresses) {
            $answers[$address] = Invoke-LeeboardAttempt -Driver $Driver -Address $address -Find {
                Get-ProfileReading $Driver $address $session.Default $session.People $Look $Source $Policy
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
        $session.Default = Mount-LeeboardDefaultProfile
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
    $left = Dismount-LeeboardDefaultProfile $Session.Default
    if ($left) {
        foreach ($reading in $Session.Readings) { Add-Note $reading.effective $left }
    }
}

function Get-ProfileReading {
    param($Driver, $Address, $Default, $People, $Look, $Source, $Policy)

    if ($null -ne $Default.Problem) {
        throw $Default.Problem
    }
    $mine = & $Look $Default.Root $Address
    $found = @(foreach ($person in $People.Open) {
            try {
                $theirs = & $Look $person.Root $Address
                $given = $mine.state -eq 'absent' -and $theirs.state -ne 'absent' -and $null -ne $Policy -and
                    (& $Policy $person.Sid $Address)
            } catch {
                $problem = ConvertTo-LeeboardProblem $_
                throw (New-LeeboardProblem -Code $problem.Code -Why "for $($person.Who): $($problem.Why)")
            }
            @{ Who = $person.Who; Found = $theirs; Given = $given }
        })
    $note, $where = $People.Note, "$($Default.File), "
    $first = $mine
    if ($found.Length -and -not @($found | Where-Object { -not $_.Given }).Length) {
        $first, $where = $found[0].Found, "the registry of $($found[0].Who), by group policy, "
        $words = 'the default profile has none, so whoever is new gets it by group policy alone'
        $note = [string]::Join('; ', [string[]]@($note, $words | Where-Object { $_ }))
        $found = @($found | Select-Object -Skip 1)
    }
    $where += (& $Source $Address)
    $others = @(Group-Person $found)
    if ($first.state -eq 'absent') {
        $aspect = New-LeeboardAbsent -Source $where -Note $note -Others $others
    } else {
        $aspect = New-LeeboardValue -Value $first.value -Type $first.type -Source $where -Note $note -Others $others
    }
    return New-LeeboardReading -Driver $Driver -Address $Address -Effective $aspect
}

# What people have, for a reading. Of more people than fit, those who have the same are one, with the name of the first.
function Group-Person {
    param([object[]]$Found)

    $groups = New-Object -TypeName System.Collections.Specialized.OrderedDictionary
    foreach ($one in $Found) {
        $same = $one.Who
        if ($Found.Length -gt $script:MostNames) {
            $has = $one.Found['value']
            $same = "$($one.Found.state) $($one.Found['type']) $([string]::Join("`n", [string[]]@($has)))"
        }
        if ($groups.Contains($same)) {
            $groups[$same].More++
        } else {
            $groups[$same] = @{ Who = $one.Who; Found = $one.Found; More = 0 }
        }
    }
    foreach ($group in $groups.Values) {
        $who = $group.Who
        if ($group.More -eq 1) { $who = "$who and 1 other person" }
        if ($group.More -gt 1) { $who = "$who and $($group.More) other people" }
        if ($group.Found.state -eq 'absent') {
            New-LeeboardOther -Who $who
        } else {
            New-LeeboardOther -Who $who -Value $group.Found.value -Type $group.Found.type
        }
    }
}

function Add-Note {
    param([System.Collections.IDictionary]$Aspect, [string]$Note)

    if ($Aspect.state -eq 'unreadable') {
        return
    }
    if ($Aspect.Contains('note')) { $Note = "$($Aspect.note); $Note" }
    $Aspect['note'] = $Note
}

# @{Open: people who are signed in, by SID, each {Sid; Who; Root}; Note: how many others have a profile or came by}
function Open-People {
    $users = Open-LeeboardKey 'HKU'
    $open = New-Object -TypeName System.Collections.ArrayList
    $people = @{ Open = $open; Note = '' }
    try {
        $loaded = @($users.GetSubKeyNames() | Where-Object { $_ -match $script:Person } | Sort-Object)
        $passing = 0
        foreach ($sid in $loaded) {
            $who = Get-LeeboardAccountName $sid
            if (-not (Test-LeeboardSignedIn $who)) {
                $passing++
                continue
            }
            $root = Open-LeeboardSubkey $users $sid
            if ($null -ne $root) {
                [void]$open.Add(@{ Sid = $sid; Who = $who; Root = $root })
            }
        }
        $unseen = @(Get-ProfileSid | Where-Object { $loaded -notcontains $_ }).Length
        $notes = @()
        if ($unseen -eq 1) { $notes += 'not seen: 1 person who is not signed in' }
        if ($unseen -gt 1) { $notes += "not seen: $unseen people who are not signed in" }
        if ($passing -eq 1) { $notes += 'not judged: 1 account that came over the network or runs a service' }
        if ($passing -gt 1) { $notes += "not judged: $passing accounts that came over the network or run services" }
        $people.Note = [string]::Join('; ', [string[]]$notes)
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

Export-ModuleMember -Function Get-LeeboardAccountName, Read-LeeboardProfile, Use-LeeboardProfile
