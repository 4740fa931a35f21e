# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# What one visit says about one setting, in the form that crosses the wire. The form is that of
# _linux/engine/reading.py: a reading has the aspects configured, effective and running, each of them a value, absent or
# unreadable.

Set-StrictMode -Version 2.0

# Why something could not be read. needs_root: the account lacks rights and an administrator would have them; denied:
# even an administrator was refused; missing_tool: a program or a part of Windows is not there; timeout; malformed: it
# was read but makes no sense; busy; too_large; failed: Windows gave an error; driver_failed: our own code broke.
$script:Codes = 'needs_root', 'denied', 'missing_tool', 'timeout', 'malformed', 'busy', 'too_large', 'failed',
    'driver_failed'
$script:ValueLimit = 4096  # characters of a value that travel; a longer one travels as its beginning and its digest
$script:ObjectLimit = 8000  # characters of one object for a judgement; the brain takes 8192
$script:OtherLimit = 100   # the brain takes no more
$script:Administrators = 'S-1-5-32-544'

# The beginning of a text, with what no JSON or database can hold (half a surrogate pair, a null) written out.
function Format-LeeboardText {
    param([AllowEmptyString()][AllowNull()][string]$Text, [int]$Limit = $script:ValueLimit)

    if ($Text.Length -gt $Limit) {
        $Text = $Text.Substring(0, $Limit - [int][char]::IsHighSurrogate($Text, $Limit - 1))
    }
    if ($Text -cnotmatch '[\ud800-\udfff\0]') {
        return $Text
    }
    $lonely = '[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\0'
    $Text = [regex]::Replace($Text, $lonely, { param($found) '\u{0:x4}' -f [int]$found.Value[0] })
    return $Text.Substring(0, [System.Math]::Min($Text.Length, 2 * $script:ValueLimit))
}

function Get-LeeboardDigest {
    param([AllowEmptyString()][string]$Text)

    $sha = [System.Security.Cryptography.SHA256]::Create()
    try {
        $bytes = $sha.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Text))
    } finally {
        $sha.Dispose()
    }
    return ConvertTo-LeeboardHex $bytes
}

function ConvertTo-LeeboardHex {
    <#
    .SYNOPSIS
    Bytes as small hexadecimal digits.
    #>
    param([AllowEmptyCollection()][byte[]]$Bytes)

    return [System.BitConverter]::ToString($Bytes).Replace('-', '').ToLowerInvariant()
}

# A value as one of the four kinds that the wire knows, and for one that was cut its whole length and digest.
function ConvertTo-WireValue {
    param([AllowNull()][object]$Value)

    if ($Value -is [bool]) {
        return @{ value = [bool]$Value }
    }
    if ($Value -is [int] -or $Value -is [long] -or $Value -is [uint32] -or $Value -is [int16] -or
        $Value -is [uint16] -or $Value -is [byte]) {
        return @{ value = [long]$Value }
    }
    if ($Value -is [System.Collections.IEnumerable] -and $Value -isnot [string]) {
        # A plain array: Windows PowerShell writes one that went through a pipeline as an object with a Count.
        $whole = [string[]]@($Value)
        $joined = [string]::Join("`n", $whole)
        $beginning = New-Object -TypeName 'System.Collections.Generic.List[string]'
        $room = $script:ValueLimit
        foreach ($entry in $whole) {
            if ($room -le 0) { break }
            $beginning.Add((Format-LeeboardText $entry $room))
            $room -= $entry.Length + 1
        }
        $kept = $beginning.ToArray()
    } else {
        $joined = [string]$Value
        $kept = Format-LeeboardText $joined
    }
    if ($joined.Length -gt $script:ValueLimit) {
        # A character outside the basic plane counts as one, as in Python.
        $length = [int]([System.Text.Encoding]::UTF32.GetByteCount($joined) / 4)
        return @{ value = $kept; length = $length; sha256 = (Get-LeeboardDigest $joined) }
    }
    return @{ value = $kept }
}

function New-LeeboardValue {
    <#
    .SYNOPSIS
    An aspect that was read.
    .PARAMETER Value
    A switch, a whole number, a text or a list of texts. Text beyond 4096 characters is cut, and the aspect then has the
    `length` and `sha256` of the whole.
    .PARAMETER Source
    Where it was found, in words that a technician can follow.
    .PARAMETER Others
    The same setting as other people get it: what New-LeeboardOther gives.
    .PARAMETER Whole
    A list of objects for a judgement, each a text of JSON: it travels whole, or is the problem too_large.
    #>
    param(
        [Parameter(Mandatory = $true)][AllowNull()][AllowEmptyString()][AllowEmptyCollection()][object]$Value,
        [Parameter(Mandatory = $true)][string]$Source,
        [string]$Type = '',
        [string]$Note = '',
        [object[]]$Others = @(),
        [switch]$Whole
    )

    if ($Whole) {
        $large = @($Value | Where-Object { $_.Length -gt $script:ObjectLimit })
        if ($large.Length) {
            throw (New-LeeboardProblem -Code too_large -Why "an object of $($large[0].Length) characters is too large")
        }
        $wire = @{ value = [string[]]@($Value) }
    } else {
        $wire = ConvertTo-WireValue $Value
    }
    $aspect = [ordered]@{ state = 'value'; value = $wire.value; source = Format-LeeboardText $Source }
    if ($Type) { $aspect['type'] = $Type }
    foreach ($part in 'length', 'sha256') {
        if ($wire.ContainsKey($part)) { $aspect[$part] = $wire[$part] }
    }
    return Add-Remark $aspect $Note $Others
}

function New-LeeboardAbsent {
    <#
    .SYNOPSIS
    An aspect that was looked for and is not there. The source says where it was looked for.
    #>
    param([Parameter(Mandatory = $true)][string]$Source, [string]$Note = '', [object[]]$Others = @())

    return Add-Remark ([ordered]@{ state = 'absent'; source = Format-LeeboardText $Source }) $Note $Others
}

function Add-Remark {
    param([System.Collections.IDictionary]$Aspect, [string]$Note, [object[]]$Others)

    if ($Note) { $Aspect['note'] = Format-LeeboardText $Note }
    $Others = @($Others | Where-Object { $null -ne $_ })
    if ($Others.Length -gt $script:OtherLimit) {
        throw (New-LeeboardProblem -Code too_large -Why "$($Others.Length) people have this setting, too many to report")
    }
    if ($Others.Length) { $Aspect['others'] = [object[]]$Others }
    return $Aspect
}

function New-LeeboardUnreadable {
    <#
    .SYNOPSIS
    An aspect that could not be read; never the same as absent.
    #>
    param([Parameter(Mandatory = $true)][string]$Code, [string]$Why = '', [string]$Source = '')

    if ($script:Codes -cnotcontains $Code) {
        $Why, $Code = "$($Code): $Why", 'driver_failed'
    }
    return [ordered]@{
        state = 'unreadable'; code = $Code; why = (Format-LeeboardText $Why 500); source = (Format-LeeboardText $Source)
    }
}

function New-LeeboardOther {
    <#
    .SYNOPSIS
    The same setting as somebody else gets it. Without -Value: that person has no such value.
    #>
    param([Parameter(Mandatory = $true)][string]$Who, [AllowNull()][object]$Value = $null, [string]$Type = '')

    $other = [ordered]@{ who = Format-LeeboardText $Who 200 }
    if ($null -ne $Value) {
        $other['value'] = (ConvertTo-WireValue $Value).value
        if ($Type) { $other['type'] = $Type }
    }
    return $other
}

function New-LeeboardReading {
    <#
    .SYNOPSIS
    The reading of one address.
    .PARAMETER Owner
    In words which group policy or MDM service sets it; empty if none does.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Driver,
        [Parameter(Mandatory = $true)][AllowEmptyString()][string]$Address,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Effective,
        [System.Collections.IDictionary]$Configured = $null,
        [System.Collections.IDictionary]$Running = $null,
        [string]$Owner = ''
    )

    $reading = [ordered]@{ driver = $Driver; address = $Address; effective = $Effective }
    if ($null -ne $Configured) { $reading['configured'] = $Configured }
    if ($null -ne $Running) { $reading['running'] = $Running }
    if ($Owner) { $reading['owner'] = Format-LeeboardText $Owner }
    $reading['fingerprint'] = Get-LeeboardFingerprint $reading
    return $reading
}

function Get-LeeboardFingerprint {
    <#
    .SYNOPSIS
    A digest of what a reading says, without sources and reasons: what a step of a roll-out expects to find.
    #>
    param([Parameter(Mandatory = $true)][System.Collections.IDictionary]$Reading)

    $said = foreach ($name in 'configured', 'effective', 'running') {
        if ($Reading.Contains($name)) {
            $aspect = $Reading[$name]
            "$name("
            foreach ($part in 'state', 'code', 'value', 'type', 'length', 'sha256') {
                if ($aspect.Contains($part)) { "$part=$(Format-Part $aspect[$part])" }
            }
            if ($aspect.Contains('others')) {
                foreach ($other in $aspect['others']) {
                    foreach ($part in 'who', 'value', 'type') {
                        if ($other.Contains($part)) { "other.$part=$(Format-Part $other[$part])" }
                    }
                }
            }
            ')'
        }
    }
    return (Get-LeeboardDigest ([string]::Join("`n", [string[]]@($said)))).Substring(0, 16)
}

# A value so that no two different ones look the same: its kind, its length, itself.
function Format-Part {
    param([AllowNull()][object]$Value)

    if ($Value -is [array]) {
        return "list$($Value.Length):" + [string]::Join('', [string[]]@($Value | ForEach-Object { Format-Part $_ }))
    }
    $text = [string]$Value
    $kind = 'text'
    if ($Value -is [bool]) { $kind = 'switch' } elseif ($Value -isnot [string]) { $kind = 'number' }
    return "$kind$($text.Length):$text;"
}

function New-LeeboardProblem {
    <#
    .SYNOPSIS
    An exception to throw when something cannot be read or must not be changed. It carries a code and why.
    .PARAMETER Code
    A code of an unreadable aspect, or for a change `refused`.
    #>
    param([Parameter(Mandatory = $true)][string]$Code, [Parameter(Mandatory = $true)][string]$Why)

    $problem = New-Object -TypeName System.InvalidOperationException -ArgumentList $Why
    $problem.Data['LeeboardCode'] = $Code
    return $problem
}

function ConvertTo-LeeboardProblem {
    <#
    .SYNOPSIS
    Code and why of whatever was caught: @{Code; Why}.
    .DESCRIPTION
    A problem of ours keeps its code. A refusal of Windows is `needs_root` for an account that is no administrator, else
    `denied`. Anything else is a mistake of ours and becomes `driver_failed`.
    #>
    param([Parameter(Mandatory = $true)][System.Management.Automation.ErrorRecord]$ErrorRecord)

    # PowerShell wraps what a method throws, sometimes more than once.
    for ($found = $ErrorRecord.Exception; $null -ne $found; $found = $found.InnerException) {
        $inner = $found
        if ($found.Data.Contains('LeeboardCode')) {
            return @{ Code = [string]$found.Data['LeeboardCode']; Why = $found.Message }
        }
        if ($found -is [System.UnauthorizedAccessException] -or $found -is [System.Security.SecurityException]) {
            return @{ Code = Get-LeeboardDenial; Why = $found.Message }
        }
    }
    return @{ Code = 'driver_failed'; Why = "$($inner.GetType().Name): $($inner.Message)" }
}

function Get-LeeboardDenial {
    <#
    .SYNOPSIS
    The code of a refusal by Windows: needs_root or denied.
    #>
    if (Test-LeeboardAdministrator) { return 'denied' }
    return 'needs_root'
}

function Test-LeeboardAdministrator {
    <#
    .SYNOPSIS
    Whether this process has the rights of an administrator.
    #>
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $role = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $script:Administrators
    return (New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList $identity).IsInRole($role)
}

function New-LeeboardTrouble {
    <#
    .SYNOPSIS
    Why a part of an object could not be read, as it travels in the object.
    #>
    param([Parameter(Mandatory = $true)][System.Management.Automation.ErrorRecord]$ErrorRecord)

    $problem = ConvertTo-LeeboardProblem $ErrorRecord
    $why = $problem.Why
    if ($why.Length -gt 400) { $why = $why.Substring(0, 400) }
    return @{ code = $problem.Code; why = $why }
}

function Invoke-LeeboardAttempt {
    <#
    .SYNOPSIS
    The reading that -Find gives, or an unreadable one with the reason why it gave none.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Driver,
        [Parameter(Mandatory = $true)][AllowEmptyString()][string]$Address,
        [Parameter(Mandatory = $true)][scriptblock]$Find
    )

    try {
        return & $Find
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        $aspect = New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
        return New-LeeboardReading -Driver $Driver -Address $Address -Effective $aspect
    }
}

Export-ModuleMember -Function New-LeeboardValue, New-LeeboardAbsent, New-LeeboardUnreadable, New-LeeboardOther,
    New-LeeboardReading, Get-LeeboardFingerprint, New-LeeboardProblem, ConvertTo-LeeboardProblem, Get-LeeboardDenial,
    Test-LeeboardAdministrator, New-LeeboardTrouble, Invoke-LeeboardAttempt, ConvertTo-LeeboardHex
