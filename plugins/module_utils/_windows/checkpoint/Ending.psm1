# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Armed
#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.Native
#AnsibleRequires -PowerShell .Arm
#AnsibleRequires -PowerShell .Status
#AnsibleRequires -PowerShell .Task

# The two ends of a checkpoint: whoever holds its token confirms it, or the device puts itself back on request.

Set-StrictMode -Version 2.0

$script:Longest = 240  # seconds for a put-back that somebody waits for
$script:PowerShell = 'WindowsPowerShell\v1.0\powershell.exe'

function Confirm-LeeboardCheckpoint {
    <#
    .SYNOPSIS
    @{Changed; Found}: the changes stay. It is on the disk before this returns. Throws the problem refused for another
    token, and where it is too late.
    #>
    param([Parameter(Mandatory = $true)][string]$Token)

    $found = Get-LeeboardCheckpoint
    if ($found.state -ceq 'none') {
        throw (New-LeeboardProblem -Code refused -Why 'the device has no checkpoint to confirm')
    }
    if (-not (Test-Token $Token (Get-LeeboardCheckpointAbout).digest[0])) {
        $why = "this is not the token of the checkpoint; it is $($found.state), of $($found.by)"
        throw (New-LeeboardProblem -Code refused -Why $why)
    }
    # Not found: the task was faster, or an earlier call whose answer was lost.
    $changed = Move-LeeboardFile (Get-LeeboardCheckpointPath 'state.armed') (Get-LeeboardCheckpointPath 'state.confirmed')
    $found = Get-LeeboardCheckpoint
    if ($found.state -cne 'confirmed') {
        $why = 'the device has put itself back as it was'
        if ($found.state -cne 'back') { $why = Format-LeeboardHolder $found.state (Get-LeeboardCheckpointAbout) }
        throw (New-LeeboardProblem -Code refused -Why "it is too late to confirm: $why")
    }
    try { Clear-LeeboardCheckpoint } catch { Write-Debug "the task takes it away: $_" }
    return @{ Changed = $changed; Found = $found }
}

# In the same time whichever digit is wrong.
function Test-Token {
    param([string]$Token, [string]$Digest)

    $sha = [System.Security.Cryptography.SHA256]::Create()
    try {
        $mine = ConvertTo-LeeboardHex $sha.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Token))
    } finally {
        $sha.Dispose()
    }
    if ($mine.Length -ne $Digest.Length) { return $false }
    $unlike = 0
    for ($at = 0; $at -lt $mine.Length; $at++) { $unlike = $unlike -bor ([int]$mine[$at] -bxor [int]$Digest[$at]) }
    return $unlike -eq 0
}

function Undo-LeeboardCheckpoint {
    <#
    .SYNOPSIS
    @{Changed; Found}: put the device back now, and wait for that. The task does it, so it goes on where this connection
    ends with it.
    #>
    $found = Get-LeeboardCheckpoint
    if ($found.state -cnotin 'armed', 'putting-back') { return @{ Changed = $false; Found = $found } }
    $armed, $putting = 'state.armed', 'state.putting-back' | ForEach-Object { Get-LeeboardCheckpointPath $_ }
    [void](Move-LeeboardFile $armed $putting)
    # Of an earlier try: what this one leaves is waited for.
    [System.IO.File]::Delete((Get-LeeboardCheckpointPath 'left'))
    try {
        Start-LeeboardTask
    } catch {
        # Somebody took the task away: nobody else would do it.
        $script = Get-LeeboardCheckpointPath 'putback.ps1'
        $words = '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', $script
        [void](Invoke-LeeboardProgram -Path $script:PowerShell -Arguments $words -TimeoutSeconds $script:Longest)
    }
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ($watch.Elapsed.TotalSeconds -lt $script:Longest) {
        $found = Get-LeeboardCheckpoint
        if ($found.state -cne 'putting-back' -or $found.left.Length) { break }
        Start-Sleep -Milliseconds 250
    }
    return @{ Changed = $true; Found = $found }
}

Export-ModuleMember -Function Confirm-LeeboardCheckpoint, Undo-LeeboardCheckpoint
