# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Journal
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .BitLockerDirectory
#AnsibleRequires -PowerShell .BitLockerNow
#AnsibleRequires -PowerShell .BitLockerPlan

# Encrypt and repair: the steps of a plan, one at a time, each looked at before the next.
#
# Reached by the step `change` of win_bitlocker alone (BitLockerSteps.psm1), once escrow has kept and compared a recovery
# password. Protectors with a secret (recovery password, PIN) are never added here: a plan names them as needs, and the
# conversation with escrow adds them (docs/decisions/0032-bitlocker.md). Where a directory keeps recovery passwords, Windows
# makes one itself and gives it away: neither what it is asked nor what it answers holds it.
#
# What was done is never undone from here: the journal has it under bitlocker_volume, which an undo leaves alone and says so.

Set-StrictMode -Version 2.0

$script:Driver = 'bitlocker_volume'
$script:Most = 60
$script:UsedSpaceOnly = 1
$script:Titles = @{
    add_password = 'Windows makes a recovery password'; back_up = 'its recovery password goes to the directory'
    add_tpm = 'the TPM opens it'; add_key = 'it gets a key by which Windows opens it'; remove = 'a protector is removed'
    unlock_automatically = 'Windows opens it by its key'; test_and_encrypt = 'the next restart tests its protector, and encryption begins'
    encrypt = 'encryption begins'; resume = 'encryption goes on'; protect = 'its protection is switched on'
}

function Invoke-LeeboardBitLockerChange {
    <#
    .SYNOPSIS
    Do what a plan says, or with -Check say what it would be.
    .DESCRIPTION
    Returns changed, refusals, needs, pending and notes as they are afterwards, done (the steps, as texts), diff and
    journal. Where something is refused about the volume of Windows nothing is changed. Throws where a step fails, in
    the words of its code, and where a step was taken and the machine is as before.
    .PARAMETER Wish
    As Get-LeeboardBitLockerPlan has it.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Wish,
        [Parameter(Mandatory = $true)][string]$RunId,
        [bool]$Check = $false
    )

    $directory = Get-LeeboardDirectory $Wish
    $now = Get-LeeboardBitLockerNow -Directory ([bool]$directory)
    $plan = Get-LeeboardBitLockerPlan -Now $now -Wish $Wish
    $outcome = [ordered]@{
        changed = [bool]$plan.steps.Length; refusals = $plan.refusals; needs = $plan.needs; pending = $plan.pending
        notes = $plan.notes; done = @(); diff = Format-Diff $now $plan; journal = $null
    }
    if ($Check -or -not $plan.steps.Length) { return $outcome }
    $outcome.journal = Write-LeeboardJournal -RunId $RunId -Driver $script:Driver -Before @{} `
        -Changes @($plan.steps | ForEach-Object { @{ address = 'volumes'; value = "$($_.letter) $($_.step)" } }) `
        -Edits @(Get-Edit $now $plan)
    for ($count = 0; $plan.steps.Length; $count++) {
        $step = $plan.steps[0]
        if ($count -ge $script:Most) {
            throw (New-LeeboardProblem -Code failed -Why "BitLocker took $count steps and wants more; the last was $(Format-LeeboardBitLockerStep $step)")
        }
        try {
            Invoke-Step $step $directory
        } catch {
            $problem = ConvertTo-LeeboardProblem $_
            throw (New-LeeboardProblem -Code $problem.Code -Why "$(Format-LeeboardBitLockerStep $step) failed: $($problem.Why)")
        }
        $outcome.done += Format-LeeboardBitLockerStep $step
        if ($step.step -eq 'back_up') { $Wish['backed_up'] = @($Wish['backed_up']) + $step.id }
        $plan = Get-LeeboardBitLockerPlan -Now (Get-LeeboardBitLockerNow -Directory ([bool]$directory)) -Wish $Wish
        if ($plan.steps.Length -and (Format-LeeboardBitLockerStep $plan.steps[0]) -ceq (Format-LeeboardBitLockerStep $step)) {
            throw (New-LeeboardProblem -Code failed -Why "$(Format-LeeboardBitLockerStep $step) was done, and the machine is as before")
        }
    }
    foreach ($part in 'refusals', 'needs', 'pending', 'notes') {
        # What a step said about what it leaves to be done stands beside what is so now.
        $outcome[$part] = [object[]]@(if ($part -eq 'pending') { @($outcome.pending) + $plan.pending | Select-Object -Unique } else { $plan[$part] })
    }
    return $outcome
}

function Invoke-Step {
    param([hashtable]$Step, [hashtable]$Directory)

    $volume = Get-LeeboardBitLockerInstance $Step.volume
    $id = @{ VolumeKeyProtectorID = $Step.id }
    $how = @{ EncryptionMethod = [uint32]$Step.method; EncryptionFlags = [uint32]$(if ($Step.used_space) { $script:UsedSpaceOnly } else { 0 }) }
    switch ($Step.step) {
        'add_password' { $method, $given = 'ProtectKeyWithNumericalPassword', @{ FriendlyName = $Step.name } }
        'back_up' { $method, $given = $Directory.Method, $id }
        'add_tpm' { $method, $given = 'ProtectKeyWithTPM', @{} }
        'add_key' { $method, $given = 'ProtectKeyWithExternalKey', @{ FriendlyName = $Step.name } }
        'remove' { $method, $given = 'DeleteKeyProtector', $id }
        'unlock_automatically' { $method, $given = 'EnableAutoUnlock', $id }
        'test_and_encrypt' { $method, $given = 'EncryptAfterHardwareTest', $how }
        'encrypt' { $method, $given = 'Encrypt', $how }
        'resume' { $method, $given = 'ResumeConversion', @{} }
        'protect' { $method, $given = 'EnableKeyProtectors', @{} }
        default { throw (New-LeeboardProblem -Code refused -Why "there is no step $($Step.step)") }
    }
    [void](Invoke-LeeboardBitLockerMethod -Instance $volume -Method $method -Arguments $given)
}

function Format-LeeboardBitLockerStep {
    <#
    .SYNOPSIS
    A step in words.
    #>
    param([Parameter(Mandatory = $true)][hashtable]$Step)

    $where = if ($Step.letter) { $Step.letter.TrimEnd(':') } else { $Step.volume }
    $id = if ($Step.id) { " ($($Step.id))" } else { '' }
    return "${where}: $($script:Titles[$Step.step])$id"
}

# The diff: how each volume is, and the steps it gets.
function Format-Diff {
    param([System.Collections.IDictionary]$Now, [hashtable]$Plan)

    $before = @(foreach ($volume in $Now.volumes) {
            if (@($Plan.steps | Where-Object { $_.volume -eq $volume.name }).Length) { "$(Format-Volume $volume)`n" }
        })
    $after = @($Plan.steps | ForEach-Object { "$(Format-LeeboardBitLockerStep $_)`n" })
    return @{ before = [string]::Join('', [string[]]$before); after = [string]::Join('', [string[]]$after) }
}

function Format-Volume {
    param([System.Collections.IDictionary]$Volume)

    $where = if ($Volume.letter) { $Volume.letter } else { $Volume.name }
    $types = [string]::Join(', ', [string[]]@($Volume.protectors | Where-Object { $_ } | ForEach-Object { "$($_.type) $($_.id)" }))
    return "${where}: conversion $($Volume.conversion), protection $($Volume.protection), protectors: $types"
}

# What was there before, for the journal: of each volume that a step is for, once.
function Get-Edit {
    param([System.Collections.IDictionary]$Now, [hashtable]$Plan)

    foreach ($volume in $Now.volumes) {
        $steps = @($Plan.steps | Where-Object { $_.volume -eq $volume.name } | ForEach-Object { Format-LeeboardBitLockerStep $_ })
        if (-not $steps.Length) { continue }
        @{
            Target = "BitLocker $($volume.name)"
            Before = @{ state = 'value'; type = 'string'; value = Format-Volume $volume }
            After = @{ state = 'value'; type = 'list'; value = [string[]]$steps }
        }
    }
}

Export-ModuleMember -Function Invoke-LeeboardBitLockerChange, Format-LeeboardBitLockerStep
