# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Values that Windows reads when it starts, and at no other time: what is running then, as far as it can be known.
#
# A key that was last written before the start holds what is running. After that nobody can tell from the key alone. So
# that Leeboard's own changes do not make the others unknown, it first notes below HKLM\SOFTWARE\Leeboard\AtStart what
# the key held, together with the time of the start that this is true for.

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
        $noted = Read-Note $started
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        return New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
    }
    $source = "HKLM\$script:NotesKey"
    if ($null -eq $noted) {
        $when = Format-LeeboardTime $started
        $why = "the registry key was written after the last start ($when), and Windows reads this value when it starts"
        return New-LeeboardUnreadable -Code failed -Why $why -Source $Path
    }
    if ($noted.$Name.state -eq 'absent') {
        return New-LeeboardAbsent -Source $source
    }
    return New-LeeboardValue -Value $noted.$Name.value -Type $noted.$Name.type -Source $source
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

    $time = Get-LeeboardMachineValue "HKLM\$script:NotesKey" 'BootTime'
    $values = Get-LeeboardMachineValue "HKLM\$script:NotesKey" 'Values'
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
    if ([System.Math]::Abs(($noted - $Started).TotalSeconds) -gt $script:SameStartSeconds) {
        return $null
    }
    return $found
}

function Write-Note {
    param([datetime]$Started, [System.Collections.IDictionary]$Values)

    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $key = $null
    try {
        $key = $root.CreateSubKey($script:NotesKey)
        $key.SetValue('BootTime', $Started.ToString('o', [System.Globalization.CultureInfo]::InvariantCulture), 'String')
        $key.SetValue('Values', (ConvertTo-Json -InputObject $Values -Depth 4 -Compress), 'String')
    } finally {
        if ($null -ne $key) { $key.Dispose() }
        $root.Dispose()
    }
}

Export-ModuleMember -Function Get-LeeboardRunning, Save-LeeboardRunning
