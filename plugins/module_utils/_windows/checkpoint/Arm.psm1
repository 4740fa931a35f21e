# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Armed
#AnsibleRequires -PowerShell ..engine.PrivateFolder
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.Native
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .Plan
#AnsibleRequires -PowerShell .PutBackScript
#AnsibleRequires -PowerShell .Status
#AnsibleRequires -PowerShell .Task

# Arming a checkpoint: all that brings the device back is on its disk, and the task was seen to run the script, before
# the first change. Where anything of it fails, nothing is changed and all is taken away again. Ended anywhere, no
# checkpoint is armed; what is left of it the task takes away, or the next arming.

Set-StrictMode -Version 2.0

$script:Grace = 180  # seconds after the longest that the steps may take
$script:Unfinished = 900  # seconds after which an arming that is not done was ended
$script:Patience = 90  # seconds for the task's first run
$script:RunId = '\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z'
$script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell'
$script:Kept = 'plan', 'left', 'until', 'unfinished', 'ran', 'about', 'putback.ps1'

function Assert-LeeboardFree {
    <#
    .SYNOPSIS
    Throw the problem held where a checkpoint is held.
    #>
    $found = Get-LeeboardCheckpoint
    if ($found.state -cin 'armed', 'putting-back') {
        throw (New-LeeboardProblem -Code held -Why (Format-LeeboardHolder $found.state (Get-LeeboardCheckpointAbout)))
    }
}

function Get-LeeboardCheckpointTime {
    <#
    .SYNOPSIS
    The seconds after which a device that nobody came back to puts itself back.
    #>
    param([Parameter(Mandatory = $true)][System.Collections.IDictionary]$Covers)

    $seconds = $script:Grace
    foreach ($cover in @($Covers.Values)) { $seconds += $cover.Seconds }
    return $seconds
}

function Enable-LeeboardCheckpoint {
    <#
    .SYNOPSIS
    Arm a checkpoint; what Get-LeeboardCheckpoint says of it. Throws the problems refused and held.
    .PARAMETER Covers
    Covers by driver, as Get-LeeboardCover gives them.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$RunId,
        [Parameter(Mandatory = $true)][AllowEmptyString()][string]$By,
        [Parameter(Mandatory = $true)][string]$TokenDigest,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Covers
    )

    if ($RunId -cnotmatch $script:RunId) {
        throw (New-LeeboardProblem -Code refused -Why 'a run id has 1 to 64 letters, digits, dots, dashes and underscores')
    }
    [void](Protect-LeeboardDataFolder 'checkpoint')
    Use-Lock {
        Assert-LeeboardFree
        Clear-LeeboardCheckpoint -Whole
        try {
            Write-Checkpoint $RunId $By $TokenDigest $Covers
        } catch {
            $problem = ConvertTo-LeeboardProblem $_
            try { Clear-LeeboardCheckpoint -Whole } catch { Write-Debug "the rest of it goes by itself: $_" }
            throw (New-LeeboardProblem -Code refused -Why (
                    "the checkpoint could not be armed: $($problem.Why); nothing was changed"))
        }
    }
    return Get-LeeboardCheckpoint
}

# Of two who arm, or take away, at the same moment one is refused.
function Use-Lock {
    param([scriptblock]$Work)

    $path = Get-LeeboardDataFolder 'checkpoint.lock'
    try {
        $lock = New-Object -TypeName System.IO.FileStream -ArgumentList (
            $path, 'OpenOrCreate', 'ReadWrite', 'None', 1, 'DeleteOnClose')
    } catch [System.IO.IOException] {
        throw (New-LeeboardProblem -Code refused -Why 'another run arms a checkpoint at this moment')
    }
    try { & $Work } finally { $lock.Dispose() }
}

function Write-Checkpoint {
    param([string]$RunId, [string]$By, [string]$TokenDigest, [System.Collections.IDictionary]$Covers)

    Write-File 'state.arming' ''
    $mark = "HKLM\SOFTWARE\Leeboard-$([guid]::NewGuid().ToString('N'))"
    $all = @($Covers.Values)
    # The values as they are, before anything else is written.
    $plan = @("mark`t$(ConvertTo-Code $mark)") + @(Get-LeeboardPlan -Covers $all)
    New-Mark $mark
    Write-Until 'unfinished' $script:Unfinished
    Write-File 'plan' ([string]::Join("`r`n", [string[]]$plan) + "`r`n")
    $about = @("run=$(ConvertTo-Code $RunId)", "by=$(ConvertTo-Code $By)", "digest=$(ConvertTo-Code $TokenDigest)",
        "mark=$(ConvertTo-Code $mark)")
    foreach ($driver in $Covers.Keys) { $about += "driver=$(ConvertTo-Code $driver)" }
    $covered = @($all | ForEach-Object { @($_.Values) + @($_.Firewall) }) +
        @($all | ForEach-Object { @($_.Entries) + @($_.Listeners) } | Where-Object { $_ } | ForEach-Object { $_.Target })
    foreach ($value in @($covered | Where-Object { $_ } | Sort-Object -Unique)) {
        $about += "value=$(ConvertTo-Code $value)"
    }
    Write-File 'about' ([string]::Join("`r`n", [string[]]$about) + "`r`n")
    Write-File 'putback.ps1' (Get-LeeboardPutBackScript)
    Register-LeeboardTask (Get-LeeboardCheckpointPath 'putback.ps1')
    Wait-Run
    Write-Until 'until' (Get-LeeboardCheckpointTime $Covers)
    if (-not (Move-LeeboardFile (Get-LeeboardCheckpointPath 'state.arming') (Get-LeeboardCheckpointPath 'state.armed'))) {
        throw (New-LeeboardProblem -Code refused -Why 'it took too long, and was taken away again')
    }
}

# The task has to run the script once: no policy says as surely whether it may.
function Wait-Run {
    $path = Get-LeeboardCheckpointPath 'ran'
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while (-not [System.IO.File]::Exists($path)) {
        if ($watch.Elapsed.TotalSeconds -ge $script:Patience) {
            throw (New-LeeboardProblem -Code refused -Why "the task did not run its script$(Get-Hindrance)")
        }
        Start-Sleep -Milliseconds 250
    }
}

function Get-Hindrance {
    $policy = Get-LeeboardMachineValue -Path $script:Policy -Name ExecutionPolicy
    $switch = Get-LeeboardMachineValue -Path $script:Policy -Name EnableScripts
    if ($switch.state -eq 'value' -and [string]$switch.value -eq '0') {
        return ", since a policy lets PowerShell run no scripts ($script:Policy`:EnableScripts)"
    }
    if ($policy.state -eq 'value' -and $policy.value -in 'AllSigned', 'Restricted') {
        return ", since a policy lets PowerShell run no script without a signature ($script:Policy`:ExecutionPolicy)"
    }
    return ' (a policy may disable tasks, or App Control the script)'
}

function New-Mark {
    param([string]$Mark)

    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    try {
        $key = $root.CreateSubKey($Mark.Substring('HKLM\'.Length), [Microsoft.Win32.RegistryKeyPermissionCheck]::Default,
            [Microsoft.Win32.RegistryOptions]::Volatile)
        $key.Dispose()
    } finally {
        $root.Dispose()
    }
}

function Write-Until {
    param([string]$Name, [int]$Seconds)

    Write-File $Name ([string]((Get-LeeboardAwakeTime) + [long]$Seconds * 10000000))
}

# A file of the checkpoint that is not there yet, whole and on the disk when this returns.
function Write-File {
    param([string]$Name, [string]$Text)

    $path = Get-LeeboardCheckpointPath $Name
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList "$path.new", 'Create', 'Write', 'None'
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
    if (-not (Move-LeeboardFile "$path.new" $path)) {
        throw (New-LeeboardProblem -Code failed -Why "$path could not be written")
    }
}

function ConvertTo-Code {
    param([AllowEmptyString()][string]$Text)

    return [System.Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes($Text))
}

function Clear-LeeboardCheckpoint {
    <#
    .SYNOPSIS
    Take away what no one needs any more: the task and its script, the plan and the mark.
    .PARAMETER Whole
    The state as well, and whose it was.
    #>
    param([switch]$Whole)

    $folder = Get-LeeboardCheckpointFolder
    if ($Whole) {
        # First, so that whatever is ended from here on belongs to no checkpoint.
        foreach ($path in [System.IO.Directory]::GetFiles($folder, 'state.*')) { [System.IO.File]::Delete($path) }
    }
    Unregister-LeeboardTask
    if ([System.IO.File]::Exists((Get-LeeboardCheckpointPath 'about'))) {
        try { Remove-Mark (Get-LeeboardCheckpointAbout).mark[0] } catch { Write-Debug "its mark goes at the next start: $_" }
    }
    foreach ($path in [System.IO.Directory]::GetFiles($folder)) {
        $name = [System.IO.Path]::GetFileName($path)
        $isOurs = $script:Kept -contains $name -or $name -like 'restarted.*' -or $name -like '*.new'
        if ($isOurs -and ($Whole -or $name -ne 'about')) { [System.IO.File]::Delete($path) }
    }
}

function Remove-Mark {
    param([string]$Mark)

    if ($Mark -cnotmatch '\AHKLM\\SOFTWARE\\Leeboard-[0-9a-f]{32}\z') { return }
    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    try { $root.DeleteSubKey($Mark.Substring('HKLM\'.Length), $false) } finally { $root.Dispose() }
}

Export-ModuleMember -Function Assert-LeeboardFree, Get-LeeboardCheckpointTime, Enable-LeeboardCheckpoint,
    Clear-LeeboardCheckpoint
