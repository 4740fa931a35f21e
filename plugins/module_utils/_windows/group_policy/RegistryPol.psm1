# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading

# What the registry.pol file of a group policy sets and deletes. Pure: bytes in, instructions out. The format is that of
# [MS-GPREG] section 2.2.1, what Windows does with it section 3.2.5.1.2 (revision of 2024-04-23).

Set-StrictMode -Version 2.0

$script:Bytewise = [System.Text.Encoding]::GetEncoding(28591)  # one character a byte, so a place in the text is one
$script:Beginning = "PReg$([char]1)$([char]0)$([char]0)$([char]0)"
# [key;value;type;size; and then as many bytes of data. Texts are UTF-16LE and end with a null, numbers have four bytes.
$script:Instruction = New-Object -TypeName regex -ArgumentList (
    '\G\[\0(?<key>(?:(?!\0\0)..)*)\0\0;\0(?<name>(?:(?!\0\0)..)*)\0\0;\0.{4};\0(?<size>.{4});\0', 'Singleline')

function ConvertFrom-LeeboardRegistryPol {
    <#
    .SYNOPSIS
    The instructions of a registry.pol file, in their order: @{Key; Name; Deletes}.
    .DESCRIPTION
    The key has no root. A name of `*` stands for all values of the key, `**` for the key and all below it; both only
    ever delete. An instruction that leaves a value as it is (**soft., **SecureKey, a bare key) is left out.
    .NOTES
    Throws the problem malformed for anything that is no such file; the whole file then says nothing.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][byte[]]$Bytes)

    $text = $script:Bytewise.GetString($Bytes)
    if (-not $text.StartsWith($script:Beginning, 'Ordinal')) {
        throw (New-LeeboardProblem -Code malformed -Why 'it does not begin like a registry.pol file')
    }
    for ($at = 8; $at -lt $Bytes.Length; $at = $end + 2) {
        $found = $script:Instruction.Match($text, $at)
        $end = $at
        if ($found.Success) {
            $size = [System.BitConverter]::ToUInt32($Bytes, $found.Groups['size'].Index)
            $data = $found.Index + $found.Length
            $end = $data + [long]$size
        }
        if (-not $found.Success -or $end + 2 -gt $Bytes.Length -or $text[$end] -ne ']' -or $text[$end + 1] -ne 0) {
            throw (New-LeeboardProblem -Code malformed -Why "it makes no sense from byte $at on")
        }
        $key, $name = foreach ($part in $found.Groups['key'], $found.Groups['name']) {
            [System.Text.Encoding]::Unicode.GetString($Bytes, $part.Index, $part.Length)
        }
        if ($name.StartsWith('**')) {
            $list = [System.Text.Encoding]::Unicode.GetString($Bytes, $data, [int]$size).TrimEnd([char]0)
            Resolve-SpecialName $key $name.Substring(2) $list
        } elseif ($name) {
            @{ Key = $key; Name = $name; Deletes = $false }
        }
    }
}

# The names that begin with two asterisks. Capitals and small letters are the same; one that is not listed does nothing.
function Resolve-SpecialName {
    param([string]$Key, [string]$Name, [string]$List)

    switch -Regex ($Name) {
        '^Del\.(.+)' { return @{ Key = $Key; Name = $Matches[1]; Deletes = $true } }
        '^DelVals\.?$' { return @{ Key = $Key; Name = '*'; Deletes = $true } }
        '^DeleteValues' {
            $List.Split(';') | Where-Object { $_ } | ForEach-Object { @{ Key = $Key; Name = $_; Deletes = $true } }
        }
        '^DeleteKeys' {
            $List.Split(';') | Where-Object { $_ } |
                ForEach-Object { @{ Key = "$Key\$_"; Name = '**'; Deletes = $true } }
        }
    }
}

Export-ModuleMember -Function ConvertFrom-LeeboardRegistryPol
