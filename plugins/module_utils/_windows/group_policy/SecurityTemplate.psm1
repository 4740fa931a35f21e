# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Security templates, the INI files that secedit.exe and group policies use. Pure: text in, keys out, and back. The form
# is that of [MS-GPSB] section 2.2: [Section] lines and `key = value` lines, in names that are never translated.

Set-StrictMode -Version 2.0

function ConvertFrom-LeeboardTemplate {
    <#
    .SYNOPSIS
    The keys of one section, in a dictionary to which capitals and small letters are the same. Without such a section it
    is empty.
    .DESCRIPTION
    A value keeps its quotation marks. Of a key that is there twice the last one counts.
    #>
    param(
        [Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text,
        [Parameter(Mandatory = $true)][string]$Section
    )

    $keys = @{}
    $isInside = $false
    foreach ($line in $Text -split '\r\n|\n|\r') {
        if ($line -match '^\s*\[(.*)\]\s*$') {
            $isInside = $Matches[1].Trim() -eq $Section
        } elseif ($isInside -and $line -match '^\s*("(?<key>[^"]+)"|(?<key>[^;=][^=]*?))\s*=\s*(?<value>.*?)\s*$') {
            $keys[$Matches['key']] = $Matches['value']
        }
    }
    return $keys
}

function Test-LeeboardTemplate {
    <#
    .SYNOPSIS
    Whether a text is a security template at all: each names its version, whatever else it holds.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text)

    return (ConvertFrom-LeeboardTemplate $Text Version)['signature'] -eq '"$CHICAGO$"'
}

function ConvertTo-LeeboardTemplate {
    <#
    .SYNOPSIS
    The text of a template with one section.
    .PARAMETER Keys
    An ordered dictionary of keys and values.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Section,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Keys
    )

    $lines = '[Unicode]', 'Unicode=yes', '[Version]', 'signature="$CHICAGO$"', 'Revision=1', "[$Section]"
    foreach ($key in $Keys.Keys) { $lines += "$key = $($Keys[$key])" }
    return [string]::Join("`r`n", [string[]]$lines) + "`r`n"
}

Export-ModuleMember -Function ConvertFrom-LeeboardTemplate, Test-LeeboardTemplate, ConvertTo-LeeboardTemplate
