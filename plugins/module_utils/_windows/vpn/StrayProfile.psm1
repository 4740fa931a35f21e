# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .Phonebook
#AnsibleRequires -PowerShell .VpnTunnel

# VPN profiles of the machine that a roll-out may take away: those in its phonebook that nobody's device management brought
# and that are not the school's own. What a person has in a phonebook of his own is not among them. Which of them stay a
# school says by name, in the words that Linux has for the profiles of NetworkManager.
#
# An entry is kept in the journal as its text, without what could be a secret in it, and an undo writes it back so.

Set-StrictMode -Version 2.0

$script:Prefix = 'entry:'
$script:Secrets = '\A\s*(PreSharedKey|ApnInfoPassword)\s*='
$script:Longest = 4000  # characters of an entry that a journal and a reading have whole
$script:Name = '\A[^\[\]\r\n\x00-\x1f]{1,256}\z'

function Get-LeeboardStray {
    <#
    .SYNOPSIS
    The profiles that may be taken away, each @{Name; Text}. The text is what a finding says: the name with _ in place of
    blanks and colons, so that a school can say it, where it leads, and the phonebook.
    #>
    $book = Get-LeeboardPhonebook
    foreach ($one in Get-LeeboardMachineProfile) {
        if ($one.Delivered -or $one.Name -eq (Get-LeeboardTunnelName)) { continue }
        $label = $one.Name -replace '[\s:]+', '_'
        @{ Name = $one.Name; Text = "$label (to $([string]::Join(', ', $one.Gateways))) in $book" }
    }
}

function Get-LeeboardStrayToGo {
    <#
    .SYNOPSIS
    The names of the profiles that go. Throws the problem refused for what is no list, and where one that would go is
    connected: we may have come through it, and Windows does not say which connection of WinRM's came by which profile.
    .PARAMETER Stay
    The texts of those that stay, as the reading has them.
    #>
    param([Parameter(Mandatory = $true)][AllowNull()][AllowEmptyCollection()][object]$Stay)

    $isList = $null -ne $Stay -and $Stay -isnot [string] -and $Stay -is [System.Collections.IEnumerable]
    if (-not $isList -or @($Stay | Where-Object { $_ -isnot [string] }).Length) {
        throw (New-LeeboardProblem -Code refused -Why 'the profiles that stay are a list of texts, as the reading has them')
    }
    $gone = @(Get-LeeboardStray | Where-Object { @($Stay) -cnotcontains $_.Text } | ForEach-Object { $_.Name })
    if (-not $gone.Length) { return }
    $up = @(Get-LeeboardConnectedProfile $gone)
    if ($up.Length) {
        throw (New-LeeboardProblem -Code refused -Why (
                "$($up[0]) is connected, and Leeboard may have come through it; end it, or come by another way"))
    }
    $gone
}

function Get-LeeboardStrayTarget {
    <#
    .SYNOPSIS
    A profile as an edit names it.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    return "$script:Prefix$Name"
}

function Get-LeeboardStrayName {
    <#
    .SYNOPSIS
    The name of the profile that an edit is about; empty for another target. Throws the problem refused for what is no
    name.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Target)

    if (-not $Target.StartsWith($script:Prefix, [System.StringComparison]::Ordinal)) { return '' }
    $name = $Target.Substring($script:Prefix.Length)
    if ($name -cnotmatch $script:Name -or $name -eq (Get-LeeboardTunnelName)) {
        throw (New-LeeboardProblem -Code refused -Why "'$name' is no name of a VPN profile that could be taken away")
    }
    return $name
}

function Get-LeeboardStrayText {
    <#
    .SYNOPSIS
    The text of an entry, without secrets; nothing where there is none. Throws the problem refused for one that is too
    long to be kept.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $entry = Get-LeeboardPhonebookEntry -Name $Name
    if ($null -eq $entry) { return }
    $lines = foreach ($line in $entry.Lines) {
        if ($line -match $script:Secrets) { "$($Matches[1])=" } else { $line }
    }
    $text = [string]::Join("`r`n", [string[]](@("[$($entry.Name)]") + @($lines))).TrimEnd() + "`r`n`r`n"
    if ($text.Length -gt $script:Longest) {
        throw (New-LeeboardProblem -Code refused -Why (
                "the VPN profile $Name has $($text.Length) characters, too many to be kept in the journal; take it away by hand"))
    }
    return $text
}

function Add-LeeboardStray {
    <#
    .SYNOPSIS
    Put an entry back into the machine's phonebook, behind the others.
    #>
    param([Parameter(Mandatory = $true)][string]$Name, [Parameter(Mandatory = $true)][string]$Text)

    $first = ($Text -split '\r?\n')[0]
    if ($first -cne "[$Name]" -or $Text -cmatch '(?m)^\[[\s\S]*^\[') {
        throw (New-LeeboardProblem -Code refused -Why "what was kept of $Name is not the entry of that profile alone")
    }
    $book = Get-LeeboardPhonebook
    [void][System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($book))
    $now = ''
    if ([System.IO.File]::Exists($book)) { $now = [System.IO.File]::ReadAllText($book) }
    if ($now -and -not $now.EndsWith("`n")) { $now += "`r`n" }
    # UTF-8 without a mark, as Windows writes it. The whole file is written beside it first.
    $bytes = (New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false).GetBytes($now + $Text)
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList "$book.leeboard", 'Create', 'Write', 'None'
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
    if ([System.IO.File]::Exists($book)) { [System.IO.File]::Replace("$book.leeboard", $book, [NullString]::Value) }
    else { [System.IO.File]::Move("$book.leeboard", $book) }
}

Export-ModuleMember -Function Get-LeeboardStray, Get-LeeboardStrayToGo, Get-LeeboardStrayTarget, Get-LeeboardStrayName,
    Get-LeeboardStrayText, Add-LeeboardStray
