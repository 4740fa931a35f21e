# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.Native
#AnsibleRequires -PowerShell ..system.RegistryKey

# Values that Windows reads when it starts, and at no other time: what is running then, as far as it can be known.
#
# A key that was last written before the start holds what is running. After that nobody can tell from the key alone. So
# that Leeboard's own changes do not make the others unknown, it first notes below HKLM\SOFTWARE\Leeboard\AtStart what
# the key held, together with the time of the start that this is true for.
#
# Windows itself writes the key again: security settings of group policies are applied at every start and every 16 hours,
# changed or not (Microsoft, MaxNoGPOListChangesInterval). Where it did so since the start, a visit notes what it saw, and
# from when on. Once Windows was started after that, a value that is still the same is the one that was read then.

Set-StrictMode -Version 2.0

$script:StartKey = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
# The machine inactivity limit and the lock-out that asks for BitLocker's recovery key: "restart required" in Microsoft's
# pages on both security options.
$script:StartValues = 'InactivityTimeoutSecs', 'MaxDevicePasswordFailedAttempts'
$script:NotesKey = 'SOFTWARE\Leeboard\AtStart'
# The time of the start is worked out from the clock, which may be set right in between.
$script:SameStartSeconds = 60

function Get-LeeboardRunning {
    <#
    .SYNOPSIS
    The aspect `running` of a value, or $null where the registry is what is running.
    .PARAMETER Key
    The open key that the value is, or would be, in.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Path,
        [Parameter(Mandatory = $true)][string]$Name,
        [Parameter(Mandatory = $true)][Microsoft.Win32.RegistryKey]$Key
    )

    if ($Path -ne $script:StartKey -or $script:StartValues -notcontains $Name) {
        return $null
    }
    try {
        $started = Get-LeeboardBootTime
        if ((Get-LeeboardKeyTime $Key) -lt $started) {
            return $null
        }
        $source = "HKLM\$script:NotesKey"
        $noted = Read-Note $started
        if ($null -eq $noted) {
            $source = "$source, as seen before the last start"
            $noted = Update-Seen $Key $started
        }
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        return New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
    }
    if ($null -eq $noted) {
        $why = 'the registry key was written after the last start, and Windows reads this value when it starts'
        return New-LeeboardUnreadable -Code failed -Why $why -Source $Path
    }
    if ($noted.$Name.state -eq 'absent') {
        return New-LeeboardAbsent -Source $source
    }
    return New-LeeboardValue -Value $noted.$Name.value -Type $noted.$Name.type -Source $source
}

# What the values were before the start, if a visit has seen them then and they are the same now; else $null, and what
# they are now is noted for the next start. Written only where it says something new.
function Update-Seen {
    param([Microsoft.Win32.RegistryKey]$Key, [datetime]$Started)

    $values = [ordered]@{}
    foreach ($name in $script:StartValues) { $values[$name] = Get-LeeboardRegistryValue $Key $name }
    $text = ConvertTo-Json -InputObject $values -Depth 4 -Compress
    $seen = Read-Noted 'SeenAt' 'Seen'
    if ($null -ne $seen -and (Test-SameValues $seen.Values $values)) {
        if (($Started - $seen.Time).TotalSeconds -gt $script:SameStartSeconds) { return $seen.Values }
        return $null
    }
    try {
        Write-Noted 'SeenAt' (Get-LeeboardNow) 'Seen' $text
    } catch {
        Write-Debug "what was seen could not be noted: $_"  # it stays unknown, and says so
    }
    return $null
}

function Test-SameValues {
    param([object]$Noted, [System.Collections.IDictionary]$Values)

    foreach ($name in $script:StartValues) {
        $then, $now = $Noted.$name, $Values[$name]
        if ($then.state -ne $now.state) { return $false }
        if ($now.state -ne 'value') { continue }
        if ("$($then.value)" -cne "$($now.value)" -or $then.type -ne $now.type) { return $false }
    }
    return $true
}

function Save-LeeboardRunning {
    <#
    .SYNOPSIS
    Before a change in a key: note the values of it that Windows has read at its start, while they can be told.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    if ($Path -ne $script:StartKey) {
        return
    }
    $key = Open-LeeboardKey $Path
    if ($null -eq $key) {
        return
    }
    try {
        $started = Get-LeeboardBootTime
        if ((Get-LeeboardKeyTime $key) -ge $started) {
            return
        }
        $values = @{}
        foreach ($name in $script:StartValues) { $values[$name] = Get-LeeboardRegistryValue $key $name }
        Write-Note $started $values
    } catch {
        # Without a note what is running becomes unknown, which the next reading says. The change itself is sound.
        Write-Debug "what is running could not be noted: $_"
    } finally {
        $key.Dispose()
    }
}

# {name: {state, value, type}} as noted for this very start, or $null.
function Read-Note {
    param([datetime]$Started)

    $found = Read-Noted 'BootTime' 'Values'
    if ($null -eq $found -or [System.Math]::Abs(($found.Time - $Started).TotalSeconds) -gt $script:SameStartSeconds) {
        return $null
    }
    return $found.Values
}

function Write-Note {
    param([datetime]$Started, [System.Collections.IDictionary]$Values)

    Write-Noted 'BootTime' $Started 'Values' (ConvertTo-Json -InputObject $Values -Depth 4 -Compress)
}

# @{Time; Values}: a note of two values of our key, or $null where it is not ours.
function Read-Noted {
    param([string]$TimeName, [string]$ValuesName)

    $time = Get-LeeboardMachineValue "HKLM\$script:NotesKey" $TimeName
    $values = Get-LeeboardMachineValue "HKLM\$script:NotesKey" $ValuesName
    if ($time.state -eq 'absent' -or $values.state -eq 'absent') {
        return $null
    }
    try {
        $invariant = [System.Globalization.CultureInfo]::InvariantCulture
        $noted = [datetime]::Parse($time.value, $invariant, 'RoundtripKind')
        $found = ConvertFrom-Json -InputObject $values.value
        foreach ($name in $script:StartValues) { [void]$found.$name.state }
    } catch {
        return $null  # somebody else wrote there: as good as no note
    }
    return @{ Time = $noted; Values = $found }
}

function Write-Noted {
    param([string]$TimeName, [datetime]$Time, [string]$ValuesName, [string]$Text)

    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $key = $null
    try {
        $key = $root.CreateSubKey($script:NotesKey)
        $key.SetValue($TimeName, $Time.ToString('o', [System.Globalization.CultureInfo]::InvariantCulture), 'String')
        $key.SetValue($ValuesName, $Text, 'String')
    } finally {
        if ($null -ne $key) { $key.Dispose() }
        $root.Dispose()
    }
}

Export-ModuleMember -Function Get-LeeboardRunning, Save-LeeboardRunning
