# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Host
#AnsibleRequires -PowerShell .Reading

# Programs of Windows that answer by a file: running them, a private folder for the file, and the text in it.

Set-StrictMode -Version 2.0

$script:NeedsElevation = 740  # ERROR_ELEVATION_REQUIRED, which some of them end with
$script:LargestFile = 16777216  # bytes; the largest of these files seen is below 1 MB
$script:Readers = 'S-1-5-18', 'S-1-5-32-544'  # SYSTEM and administrators, besides this account

function Invoke-LeeboardTool {
    <#
    .SYNOPSIS
    Run a program of Windows and give what it printed. A status other than 0 is a problem, with the first line it said.
    .PARAMETER AlsoDone
    Another status with which this program has done what it was asked; what came of it is the caller's to look at.
    .PARAMETER ForAnybody
    The program needs no rights of an administrator, so it did not fail for want of them.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Path,
        [Parameter(Mandatory = $true)][string[]]$Arguments,
        [int]$AlsoDone = 0,
        [switch]$ForAnybody
    )

    $done = Invoke-LeeboardProgram -Path $Path -Arguments $Arguments
    if ($done.ExitCode -eq $script:NeedsElevation) {
        $why = "$Path $($Arguments[0]) asks for the full rights of an administrator (status $($done.ExitCode))"
        throw (New-LeeboardProblem -Code needs_root -Why $why)
    }
    if ($done.ExitCode -notin 0, $AlsoDone) {
        $lines = "$($done.ErrorOutput)`n$($done.Output)" -split '\r?\n'
        $said = @($lines | Where-Object { $_.Trim() }) + 'it said nothing'
        $code = if ($ForAnybody -or (Test-LeeboardAdministrator)) { 'failed' } else { 'needs_root' }
        $why = "$Path $($Arguments[0]) ended with status $($done.ExitCode): $($said[0].Trim())"
        throw (New-LeeboardProblem -Code $code -Why $why)
    }
    return $done.Output
}

function Use-LeeboardToolFolder {
    <#
    .SYNOPSIS
    Call -Work with the path of a new folder that only this account, administrators and SYSTEM can look into. The folder
    is deleted whatever happens, and no problem names it: it is called otherwise at each visit.
    #>
    param([Parameter(Mandatory = $true)][scriptblock]$Work)

    $path = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'leeboard-' + [guid]::NewGuid().ToString('N'))
    $folder = New-LeeboardPrivateFolder $path
    try {
        & $Work $folder
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        if (-not $problem.Why.Contains($path)) { throw }
        throw (New-LeeboardProblem -Code $problem.Code -Why $problem.Why.Replace($path, 'a folder of this visit'))
    } finally {
        Remove-ToolFolder $folder
    }
}

function New-LeeboardPrivateFolder {
    <#
    .SYNOPSIS
    Make a folder that only this account, administrators and SYSTEM can look into, and give its path. It is private from
    its first moment: it is made with its access list, not given one afterwards.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $access = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
    $access.SetAccessRuleProtection($true, $false)
    $account = [System.Security.Principal.WindowsIdentity]::GetCurrent().User
    $readers = $script:Readers | ForEach-Object {
        New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $_
    }
    foreach ($reader in @($account) + @($readers)) {
        $access.AddAccessRule((New-Object -TypeName System.Security.AccessControl.FileSystemAccessRule -ArgumentList (
            $reader, 'FullControl', 'ContainerInherit, ObjectInherit', 'None', 'Allow')))
    }
    if ($PSVersionTable.PSVersion.Major -ge 6) {
        [void][System.IO.FileSystemAclExtensions]::CreateDirectory($access, $Path)
    } else {
        [void][System.IO.Directory]::CreateDirectory($Path, $access)
    }
    return $Path
}

# A virus scanner may hold a new file for a moment.
function Remove-ToolFolder {
    param([string]$Folder)

    foreach ($pause in 0, 100, 300, 1000) {
        Start-Sleep -Milliseconds $pause
        try {
            [System.IO.Directory]::Delete($Folder, $true)
            return
        } catch [System.IO.IOException], [System.UnauthorizedAccessException] {
            Write-Debug "$Folder cannot be deleted yet: $($_.Exception.Message)"
        }
    }
    Write-Warning "the folder $Folder could not be deleted"
}

function Read-LeeboardToolText {
    <#
    .SYNOPSIS
    The text of a file that a program of Windows wrote: UTF-16 or UTF-8 with or without its mark, or one byte a
    character.
    .NOTES
    Throws what reading a file throws, and the problem too_large. Letters beyond ASCII are right only where the file
    says how it is written; nothing here looks at them.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $bytes = Read-LeeboardToolBytes $Path
    $head = [System.BitConverter]::ToString($bytes, 0, [System.Math]::Min(3, $bytes.Length))
    if ($head -like 'FF-FE*') { return [System.Text.Encoding]::Unicode.GetString($bytes, 2, $bytes.Length - 2) }
    if ($head -eq 'EF-BB-BF') { return [System.Text.Encoding]::UTF8.GetString($bytes, 3, $bytes.Length - 3) }
    if ($bytes.Length -gt 1 -and $bytes[1] -eq 0) { return [System.Text.Encoding]::Unicode.GetString($bytes) }
    return [System.Text.Encoding]::GetEncoding(28591).GetString($bytes)
}

function Read-LeeboardToolBytes {
    <#
    .SYNOPSIS
    The bytes of a file, if it is not too large for what it should be.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $file = New-Object -TypeName System.IO.FileStream -ArgumentList $Path, 'Open', 'Read', 'ReadWrite, Delete'
    try {
        if ($file.Length -gt $script:LargestFile) {
            throw (New-LeeboardProblem -Code too_large -Why "$Path has $($file.Length) bytes")
        }
        $bytes = New-Object -TypeName 'byte[]' -ArgumentList $file.Length
        for ($at = 0; $at -lt $bytes.Length; $at += $count) {
            $count = $file.Read($bytes, $at, $bytes.Length - $at)
            if (-not $count) { break }
        }
        return , $bytes
    } finally {
        $file.Dispose()
    }
}

Export-ModuleMember -Function Invoke-LeeboardTool, Use-LeeboardToolFolder, New-LeeboardPrivateFolder,
    Read-LeeboardToolText, Read-LeeboardToolBytes
