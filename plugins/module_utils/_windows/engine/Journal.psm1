# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Host
#AnsibleRequires -PowerShell .PrivateFolder
#AnsibleRequires -PowerShell .Reading

# The undo journal: what was there before a change, on disk before the change is made. One file a run,
# C:\ProgramData\Leeboard\journal\<run id>.jsonl, which only administrators and SYSTEM may read; one JSON object a line:
#
#     {"schema": 1, "at": "2026-11-25T02:00:00Z", "driver": "registry", "changes": [...], "before": {address: reading},
#      "edits": [{"target": "HKLM\\KEY:VALUE", "before": {"state": "absent"}, "after": {"state": "value", ...}}]}

Set-StrictMode -Version 2.0

$script:RunId = '\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z'
$script:Devices = '\A(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\z)'  # names that Windows takes for a device, not a file

function Write-LeeboardJournal {
    <#
    .SYNOPSIS
    Write one line and wait until it is on the disk. Returns the path. If it throws, nothing may be changed.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$RunId,
        [Parameter(Mandatory = $true)][string]$Driver,
        [Parameter(Mandatory = $true)][object[]]$Changes,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Before,
        [Parameter(Mandatory = $true)][object[]]$Edits,
        [string]$Folder = ''
    )

    if ($RunId -notmatch $script:RunId -or $RunId -match $script:Devices) {
        throw (New-LeeboardProblem -Code refused -Why (
                'a run id has 1 to 64 letters, digits, dots, dashes and underscores, and is no name of a device, ' +
                "not '$RunId'"))
    }
    if (-not $Folder) {
        $Folder = Protect-LeeboardDataFolder 'journal'
    } else {
        Protect-LeeboardFolder $Folder
    }
    $line = [ordered]@{
        schema = 1
        at = Format-LeeboardTime (Get-LeeboardNow)
        driver = $Driver
        changes = [object[]]$Changes
        before = $Before
        edits = [object[]]@($Edits | ForEach-Object {
                [ordered]@{ target = $_.Target; before = $_.Before; after = $_.After }
            })
    }
    $path = [System.IO.Path]::Combine($Folder, "$RunId.jsonl")
    $bytes = [System.Text.Encoding]::UTF8.GetBytes((ConvertTo-Line $line))
    # Without a buffer: what has no room would be tried once more when the file is closed, and say so in its own words.
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList $path, 'Append', 'Write', 'Read', 1
    $size = $stream.Position
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        # Half a line would spoil the next one.
        try { $stream.SetLength($size) } catch { $null = $_ }  # what was begun stays; the words below name the file
        throw (New-LeeboardProblem -Code failed -Why "$path cannot be written, so the change is not made ($($problem.Why)); make room on that drive")
    } finally {
        $stream.Dispose()
    }
    return $path
}

# Half a surrogate pair is no text in UTF-8, but the value must come back as it was.
function ConvertTo-Line {
    param([System.Collections.IDictionary]$Line)

    $json = ConvertTo-Json -InputObject $Line -Depth 12 -Compress
    return [regex]::Replace($json, '[\ud800-\udfff]', { param($found) '\u{0:x4}' -f [int]$found.Value[0] }) + "`n"
}

Export-ModuleMember -Function Write-LeeboardJournal
