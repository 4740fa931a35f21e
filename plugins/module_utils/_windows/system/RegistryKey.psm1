# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading

# Keys and values of the registry, as every part of the device code reads them: always the 64-bit view, always the whole
# value with its kind, environment variables left as they are written.

Set-StrictMode -Version 2.0

$script:Hives = @{ HKLM = 'LocalMachine'; HKU = 'Users' }

function Open-LeeboardKey {
    <#
    .SYNOPSIS
    The registry key at a path such as HKLM\SOFTWARE\Policies, opened for reading; $null if there is none.
    .DESCRIPTION
    Whoever opens it disposes of it. A refusal of Windows is thrown as it is.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $hive, $below = $Path -split '\\', 2
    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey($script:Hives[$hive], 'Registry64')
    try {
        if (-not $below) { return $root }
        return Open-LeeboardSubkey $root $below
    } finally {
        if ($below) { $root.Dispose() }
    }
}

function Open-LeeboardSubkey {
    <#
    .SYNOPSIS
    A subkey of an open key, opened for reading; $null if there is none.
    #>
    param(
        [Parameter(Mandatory = $true)][Microsoft.Win32.RegistryKey]$Key,
        [Parameter(Mandatory = $true)][string]$Path
    )

    try {
        return $Key.OpenSubKey($Path, $false)
    } catch [System.ArgumentException] {
        throw (New-LeeboardProblem -Code malformed -Why "there can be no key of the name $Path")
    } catch [System.IO.IOException] {
        throw (New-LeeboardProblem -Code failed -Why "$($Key.Name)\$Path`: $($_.Exception.GetBaseException().Message)")
    }
}

function Split-LeeboardValueAddress {
    <#
    .SYNOPSIS
    The path of the key and the name of the value in an address such as HKLM\KEY:VALUE.
    .DESCRIPTION
    Throws a problem of the code given for any other text. The default value of a key has no name; what shows as its
    name is refused, since nobody means a value called so.
    #>
    param(
        [Parameter(Mandatory = $true)][ValidateSet('HKLM', 'HKCU')][string]$Hive,
        [Parameter(Mandatory = $true)][AllowEmptyString()][string]$Address,
        [Parameter(Mandatory = $true)][string]$Driver,
        [string]$Code = 'malformed'
    )

    if ($Address -cnotmatch "\A$Hive(\\[^\\:]+)+:[^\\:]+\z" -or $Address.EndsWith(':(default)')) {
        throw (New-LeeboardProblem -Code $Code -Why "'$Address' is no address of the driver $Driver")
    }
    return $Address -split ':', 2
}

function Get-LeeboardRegistryValue {
    <#
    .SYNOPSIS
    One value of an open key: @{state = 'absent'} or @{state = 'value'; value; type}.
    .DESCRIPTION
    type is dword (an unsigned number), qword (a number as text), string, expand_string, multi_string (a list), or
    binary, none and unknown (hexadecimal digits). The value is whole, however long.
    #>
    param(
        [Parameter(Mandatory = $true)][Microsoft.Win32.RegistryKey]$Key,
        [Parameter(Mandatory = $true)][string]$Name
    )

    try {
        $raw = $Key.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')
        if ($null -ne $raw) {
            return ConvertTo-Found $raw ([string]$Key.GetValueKind($Name))
        }
        # Nothing is given for an absent value, and for one of a kind that .NET does not know.
        foreach ($there in $Key.GetValueNames()) {
            if ([string]::Equals($there, $Name, 'OrdinalIgnoreCase')) {
                throw (New-LeeboardProblem -Code malformed -Why "$($Key.Name):$Name is of a kind that cannot be read")
            }
        }
        return @{ state = 'absent' }
    } catch [System.IO.IOException] {
        $said = $_.Exception.GetBaseException().Message
        throw (New-LeeboardProblem -Code failed -Why "$($Key.Name):$Name could not be read: $said")
    }
}

# The kind says how the value is meant, its .NET type what it really holds: a DWORD of eight bytes is possible.
function ConvertTo-Found {
    param([object]$Raw, [string]$Kind)

    if ($Raw -is [int]) {
        return @{ state = 'value'; type = 'dword'; value = [long]$Raw -band 4294967295 }
    }
    if ($Raw -is [long]) {
        $number = [System.BitConverter]::ToUInt64([System.BitConverter]::GetBytes($Raw), 0)
        return @{ state = 'value'; type = 'qword'; value = [string]$number }
    }
    if ($Raw -is [byte[]]) {
        $type = switch ($Kind) { 'None' { 'none' } 'Unknown' { 'unknown' } default { 'binary' } }
        return @{ state = 'value'; type = $type; value = ConvertTo-LeeboardHex $Raw }
    }
    if ($Raw -is [string]) {
        $type = if ($Kind -eq 'ExpandString') { 'expand_string' } else { 'string' }
        # Nulls at the end are not part of the text: a program that counted wrongly has stored them.
        return @{ state = 'value'; type = $type; value = $Raw.TrimEnd([char]0) }
    }
    return @{ state = 'value'; type = 'multi_string'; value = [string[]]$Raw }
}

function Get-LeeboardMachineValue {
    <#
    .SYNOPSIS
    One value by the path of its key: what Get-LeeboardRegistryValue gives; an absent key counts as an absent value.
    #>
    param([Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][string]$Name)

    $key = Open-LeeboardKey $Path
    if ($null -eq $key) {
        return @{ state = 'absent' }
    }
    try {
        return Get-LeeboardRegistryValue $key $Name
    } finally {
        $key.Dispose()
    }
}

function Get-LeeboardSubkeyName {
    <#
    .SYNOPSIS
    The names of the subkeys of the key at a path; none if there is no such key.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $key = Open-LeeboardKey $Path
    if ($null -eq $key) {
        return
    }
    try {
        return $key.GetSubKeyNames()
    } finally {
        $key.Dispose()
    }
}

Export-ModuleMember -Function Open-LeeboardKey, Open-LeeboardSubkey, Get-LeeboardSubkeyName,
    Split-LeeboardValueAddress, Get-LeeboardRegistryValue, Get-LeeboardMachineValue
