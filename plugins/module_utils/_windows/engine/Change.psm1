# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Armed
#AnsibleRequires -PowerShell .Host
#AnsibleRequires -PowerShell .Journal
#AnsibleRequires -PowerShell .Reading

# How every driver changes a machine: look, compare, plan, journal, write, look again. The order is that of
# _linux/engine/change.py.
#
# A change is {address, value, type} with, optionally, `expect`: the fingerprint of the reading that it was planned from.
# A driver called audit_policy has the functions Read-LeeboardAuditPolicy, Get-LeeboardAuditPolicyChange and
# Set-LeeboardAuditPolicyChange; the edits of one without the last are values of the registry. One whose changes could cut
# off whoever makes them has Get-Leeboard...Cover as well (checkpoint/Covers.psm1): nothing of it is changed without this
# run's checkpoint, and each edit asks for it anew.

Set-StrictMode -Version 2.0

function Get-LeeboardNoun {
    <#
    .SYNOPSIS
    A driver's name as it stands in the names of its functions: audit_policy is AuditPolicy.
    #>
    param([Parameter(Mandatory = $true)][string]$Driver)

    $words = foreach ($word in $Driver.Split('_')) { $word.Substring(0, 1).ToUpperInvariant() + $word.Substring(1) }
    return [string]::Join('', [string[]]$words)
}

function Invoke-LeeboardChange {
    <#
    .SYNOPSIS
    Make changes with a driver.
    .DESCRIPTION
    Returns changed, before and after (readings by address), diff (before and after as text), journal (a path, or null)
    and outdated. When the device no longer says what the changes were planned from, outdated is true, msg says where,
    and nothing was changed. Check mode does everything up to the journal. Throws a problem where a change is refused or
    fails.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Driver,
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes,
        [Parameter(Mandatory = $true)][string]$RunId,
        [bool]$Check = $false
    )

    $noun = Get-LeeboardNoun $Driver
    $addresses = [string[]]@($Changes | ForEach-Object { $_.address })
    $before = & "Read-Leeboard$noun" -Addresses $addresses
    $outcome = [ordered]@{
        changed = $false; before = $before; after = $before; diff = $null; journal = $null; outdated = $false
    }
    foreach ($change in $Changes) {
        if ($change['expect'] -and $before[$change.address].fingerprint -cne $change['expect']) {
            $outcome.outdated = $true
            $outcome.msg = "$Driver $($change.address) is no longer what the plan was made from; " +
                'check the device again and repeat the roll-out'
            return $outcome
        }
    }
    $writer = "Set-Leeboard$($noun)Change"
    if (-not (Test-Path -LiteralPath "Function:\$writer")) { $writer = "Set-Leeboard$(Get-LeeboardNoun registry)Change" }
    $edits = Select-Edit (& "Get-Leeboard$($noun)Change" -Changes $Changes)
    $outcome.changed = [bool]$edits.Length
    $outcome.diff = @{ before = Format-Edit $edits 'Before'; after = Format-Edit $edits 'After' }
    if ($Check -or -not $outcome.changed) {
        return $outcome
    }
    $cutsOff = Test-Path -LiteralPath "Function:\Get-Leeboard$($noun)Cover"
    if ($cutsOff) { Assert-LeeboardCheckpoint $Driver $RunId @($edits | ForEach-Object { $_.Target }) }
    $outcome.journal = Write-LeeboardJournal -RunId $RunId -Driver $Driver -Changes $Changes -Before $before -Edits $edits
    try {
        if ($cutsOff) {
            foreach ($edit in $edits) {
                Assert-LeeboardCheckpoint $Driver $RunId @($edit.Target)
                & $writer -Edits @($edit) | Out-Null
            }
            Assert-LeeboardCheckpoint $Driver $RunId @()
        } else {
            & $writer -Edits $edits | Out-Null
        }
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        throw (New-LeeboardProblem -Code $problem.Code -Why (
                "$($problem.Why); what was there before is in $($outcome.journal)"))
    }
    Reset-LeeboardCache
    $outcome.after = & "Read-Leeboard$noun" -Addresses $addresses
    return $outcome
}

# The edits that change something, each once. Two that want different things of one place are refused.
function Select-Edit {
    param([AllowNull()][object[]]$Edits)

    $wanted = @{}
    $kept = @(foreach ($edit in @($Edits | Where-Object { $null -ne $_ })) {
        $after = Format-State $edit.After
        if ($wanted.ContainsKey($edit.Target)) {
            if ($wanted[$edit.Target] -cne $after) {
                throw (New-LeeboardProblem -Code refused -Why "$($edit.Target) is asked to be two different things")
            }
            continue
        }
        $wanted[$edit.Target] = $after
        if ((Format-State $edit.Before) -cne $after) { $edit }
    })
    return , [object[]]$kept
}

# A state as text, for comparing: two states are equal when their texts are.
function Format-State {
    param([System.Collections.IDictionary]$State)

    $said = foreach ($part in 'state', 'type', 'value') {
        if ($State.Contains($part)) { ConvertTo-Json -InputObject $State[$part] -Compress }
    }
    return [string]::Join(' ', [string[]]@($said))
}

# The edits as the lines of a diff.
function Format-Edit {
    param([object[]]$Edits, [string]$Side)

    $lines = foreach ($edit in $Edits) {
        $state = $edit[$Side]
        if ($state.state -ne 'value') {
            "$($edit.Target) is not set`n"
            continue
        }
        $shown = [string]::Join(', ', [string[]]@($state.value))
        if ($shown.Length -gt 500) { $shown = $shown.Substring(0, 500) + '...' }
        $type = if ($state.Contains('type') -and $state.type) { " ($($state.type))" } else { '' }
        "$($edit.Target) = $shown$type`n"
    }
    return [string]::Join('', [string[]]@($lines))
}

Export-ModuleMember -Function Get-LeeboardNoun, Invoke-LeeboardChange
