# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Reading

# Reading the undo journal, and its JSON, exactly: ConvertFrom-Json makes dates of texts that look like one, and another
# character of half a surrogate pair, but a value must come back as it was.
#
# A folder that others may write to, or a link, is not believed. A last line without an end is that of a run that was
# killed while it recorded: nothing was changed for it yet.

Set-StrictMode -Version 2.0

$script:RunId = '\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z'
$script:Devices = '\A(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\z)'  # as in Journal.psm1
$script:Trusted = 'S-1-5-32-544', 'S-1-5-18'
$script:MostBytes = 64MB
$script:MostDepth = 20
$script:Token = [regex]('\G[ \t\r\n]*(?:(?<text>"(?:[^"\\\x00-\x1f]|\\.)*")|(?<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|' +
    '(?<word>true|false|null)|(?<mark>[{}\[\],:]))')
$script:Escape = [regex]'\\(?:u([0-9a-fA-F]{4})|(.))'
$script:Plain = @{ '"' = '"'; '\' = '\'; '/' = '/'; 'b' = "`b"; 'f' = "`f"; 'n' = "`n"; 'r' = "`r"; 't' = "`t" }

function Get-LeeboardJournalFolder {
    <#
    .SYNOPSIS
    Where the journals lie.
    #>
    $data = [System.Environment]::GetFolderPath('CommonApplicationData')
    return [System.IO.Path]::Combine($data, 'Leeboard', 'journal')
}

function Read-LeeboardJournal {
    <#
    .SYNOPSIS
    The lines of one run's journal, oldest first: @{Found; Lines}. Throws the problem refused for what is not believed.
    .DESCRIPTION
    A line is @{Driver; Changes; Edits}, an edit @{Target; Before; After}, a state @{state; type; value}.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$RunId, [string]$Folder = '')

    if ($RunId -notmatch $script:RunId -or $RunId -match $script:Devices) {
        Stop-Reading 'a run id has 1 to 64 letters, digits, dots, dashes and underscores, and is no name of a device'
    }
    if (-not $Folder) { $Folder = Get-LeeboardJournalFolder }
    if (-not (Test-JournalFolder $Folder)) { return @{ Found = $false; Lines = @() } }
    $path = [System.IO.Path]::Combine($Folder, "$RunId.jsonl")
    if (-not [System.IO.File]::Exists($path)) { return @{ Found = $false; Lines = @() } }
    if ([System.IO.File]::GetAttributes($path) -band [System.IO.FileAttributes]::ReparsePoint) {
        Stop-Reading "$path is a link to another place"
    }
    if ((New-Object -TypeName System.IO.FileInfo -ArgumentList $path).Length -gt $script:MostBytes) {
        Stop-Reading "$path is larger than $script:MostBytes bytes"
    }
    $texts = [System.IO.File]::ReadAllText($path, [System.Text.Encoding]::UTF8).Split([char]10)
    $lines = @(for ($at = 0; $at -lt $texts.Length - 1; $at++) {
            try {
                ConvertTo-JournalLine (ConvertFrom-LeeboardJson $texts[$at])
            } catch {
                Stop-Reading "$path, line $($at + 1) makes no sense ($((ConvertTo-LeeboardProblem $_).Why))"
            }
        })
    return @{ Found = $true; Lines = $lines }
}

function Get-LeeboardJournalRun {
    <#
    .SYNOPSIS
    The ids of the runs that have a journal here, newest first.
    #>
    param([string]$Folder = '')

    if (-not $Folder) { $Folder = Get-LeeboardJournalFolder }
    if (-not (Test-JournalFolder $Folder)) { return }
    $files = (New-Object -TypeName System.IO.DirectoryInfo -ArgumentList $Folder).GetFiles('*.jsonl')
    foreach ($file in @($files | Sort-Object -Property LastWriteTimeUtc -Descending)) { $file.Name -replace '\.jsonl$' }
}

function ConvertFrom-LeeboardJson {
    <#
    .SYNOPSIS
    One JSON text as dictionaries, lists, texts, whole numbers, true, false and null. Nothing is made of a text but its
    characters.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text)

    $reader = @{ Text = $Text; At = 0; Kind = ''; Said = '' }
    Step-Reader $reader
    $found = Read-Value $reader 0
    if ($reader.Kind) { throw 'something follows its end' }
    return , $found
}

function Step-Reader {
    param([hashtable]$Reader)

    $match = $script:Token.Match($Reader.Text, $Reader.At)
    if (-not $match.Success) {
        if ($Reader.Text.Substring($Reader.At).Trim()) { throw 'it is not JSON' }
        $Reader.Kind = ''
        return
    }
    $Reader.At = $match.Index + $match.Length
    foreach ($kind in 'text', 'number', 'word', 'mark') {
        if ($match.Groups[$kind].Success) {
            $Reader.Kind, $Reader.Said = $kind, $match.Groups[$kind].Value
            return
        }
    }
}

function Read-Value {
    param([hashtable]$Reader, [int]$Depth)

    if ($Depth -gt $script:MostDepth) { throw 'it is nested too deeply' }
    $kind, $said = $Reader.Kind, $Reader.Said
    if ($kind -eq 'mark' -and $said -eq '{') { return , (Read-Object $Reader $Depth) }
    if ($kind -eq 'mark' -and $said -eq '[') { return , (Read-List $Reader $Depth) }
    if (-not $kind -or $kind -eq 'mark') { throw 'it is not JSON' }
    Step-Reader $Reader
    switch ($kind) {
        'text' { return ConvertTo-Text $said }
        'number' {
            $number = [long]0
            $invariant = [System.Globalization.CultureInfo]::InvariantCulture
            if ([long]::TryParse($said, 'AllowLeadingSign', $invariant, [ref]$number)) { return $number }
            return [double]::Parse($said, $invariant)
        }
    }
    if ($said -eq 'null') { return $null }
    return $said -eq 'true'
}

function Read-Object {
    param([hashtable]$Reader, [int]$Depth)

    # The addresses of a reading may differ in capitals only.
    $found = New-Object -TypeName System.Collections.Hashtable -ArgumentList ([System.StringComparer]::Ordinal)
    Step-Reader $Reader
    while ($Reader.Kind -ne 'mark' -or $Reader.Said -ne '}') {
        if ($found.Count) {
            if ($Reader.Kind -ne 'mark' -or $Reader.Said -ne ',') { throw 'it is not JSON' }
            Step-Reader $Reader
        }
        if ($Reader.Kind -ne 'text') { throw 'it is not JSON' }
        $name = ConvertTo-Text $Reader.Said
        Step-Reader $Reader
        if ($Reader.Kind -ne 'mark' -or $Reader.Said -ne ':') { throw 'it is not JSON' }
        Step-Reader $Reader
        $found[$name] = Read-Value $Reader ($Depth + 1)
    }
    Step-Reader $Reader
    return , $found
}

function Read-List {
    param([hashtable]$Reader, [int]$Depth)

    $found = New-Object -TypeName System.Collections.ArrayList
    Step-Reader $Reader
    while ($Reader.Kind -ne 'mark' -or $Reader.Said -ne ']') {
        if ($found.Count) {
            if ($Reader.Kind -ne 'mark' -or $Reader.Said -ne ',') { throw 'it is not JSON' }
            Step-Reader $Reader
        }
        [void]$found.Add((Read-Value $Reader ($Depth + 1)))
    }
    Step-Reader $Reader
    return , $found.ToArray()
}

function ConvertTo-Text {
    param([string]$Quoted)

    $inner = $Quoted.Substring(1, $Quoted.Length - 2)
    if ($inner.IndexOf('\') -lt 0) { return $inner }
    return $script:Escape.Replace($inner, {
            param($match)
            if ($match.Groups[1].Success) { return [string][char][System.Convert]::ToInt32($match.Groups[1].Value, 16) }
            $said = $match.Groups[2].Value
            if (-not $script:Plain.ContainsKey($said)) { throw 'it is not JSON' }
            return $script:Plain[$said]
        })
}

function ConvertTo-JournalLine {
    param([AllowNull()][object]$Said)

    if ($Said -isnot [System.Collections.IDictionary] -or $Said['schema'] -ne 1) { throw 'its schema is not known' }
    if ($Said['driver'] -isnot [string] -or $Said['edits'] -isnot [array]) { throw 'it lacks its driver or its edits' }
    $edits = @(foreach ($edit in $Said['edits']) {
            if ($edit -isnot [System.Collections.IDictionary] -or $edit['target'] -isnot [string]) {
                throw 'an edit has no target'
            }
            @{
                Target = $edit['target']
                Before = ConvertTo-State $edit['before']
                After = ConvertTo-State $edit['after']
            }
        })
    $changes = @($Said['changes'] | Where-Object { $_ -is [System.Collections.IDictionary] })
    return @{ Driver = $Said['driver']; Changes = $changes; Edits = $edits }
}

function ConvertTo-State {
    param([AllowNull()][object]$Said)

    if ($Said -isnot [System.Collections.IDictionary]) { throw 'an edit has no state' }
    if ($Said['state'] -ceq 'absent') { return @{ state = 'absent' } }
    $value = $Said['value']
    if ($Said['state'] -cne 'value' -or $null -eq $value) { throw 'an edit has no value' }
    $items = @($value)
    if (@($items | Where-Object { $_ -isnot [string] -and $_ -isnot [long] }).Length) { throw 'a value is no text or number' }
    return @{ state = 'value'; type = [string]$Said['type']; value = $value }
}

# False where there is no journal at all. A folder that somebody else has made, or may write to, is not believed.
function Test-JournalFolder {
    param([string]$Folder)

    if (-not [System.IO.Directory]::Exists($Folder)) { return $false }
    if ([System.IO.File]::GetAttributes($Folder) -band [System.IO.FileAttributes]::ReparsePoint) {
        Stop-Reading "$Folder is a link to another place"
    }
    $acl = Get-Acl -LiteralPath $Folder
    $sid = [System.Security.Principal.SecurityIdentifier]
    $owner = $acl.GetOwner($sid).Value
    $self = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    if ($script:Trusted -notcontains $owner -and $owner -ne $self) {
        Stop-Reading "$Folder was made by somebody else ($owner)"
    }
    return $true
}

function Stop-Reading {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

Export-ModuleMember -Function Get-LeeboardJournalFolder, Read-LeeboardJournal, Get-LeeboardJournalRun,
    ConvertFrom-LeeboardJson
