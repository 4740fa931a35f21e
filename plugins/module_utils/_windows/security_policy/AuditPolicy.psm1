# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..engine.ToolFile
#AnsibleRequires -PowerShell ..group_policy.AuditCsv
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..system.RegistryKey

# The system's audit policy, subcategory by subcategory. An address is the GUID of a subcategory, the value a mask:
# 0 nothing, 1 success, 2 failure, 3 both. Names are translated, so they are never used.
#
# One `auditpol.exe /backup` reads them all: unlike /get it writes numbers.
# https://learn.microsoft.com/windows-server/administration/windows-commands/auditpol-backup and -set; those pages do
# not describe the columns of the file: see AuditCsv.psm1.

Set-StrictMode -Version 2.0

$script:Driver = 'audit_policy'
$script:Grammar = '\A\{0CCE92[0-9A-F]{2}-69AE-11D9-BED3-505054503030\}\z'
$script:Program = 'auditpol.exe'
$script:Lsa = 'HKLM\SYSTEM\CurrentControlSet\Control\Lsa'

function Read-LeeboardAuditPolicy {
    <#
    .SYNOPSIS
    A reading for each address. Every subcategory has a value: one that is missing is unreadable, never absent.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            $mask = Get-Mask $address
            $set = Resolve-LeeboardOwner { Get-LeeboardAuditOwner $address }
            $note = [string]::Join('; ', [string[]]@((Get-LegacyNote), $set.Note | Where-Object { $_ }))
            $aspect = New-LeeboardValue -Value $mask -Type audit_mask -Source "$script:Program /backup" -Note $note
            New-LeeboardReading -Driver $script:Driver -Address $address -Effective $aspect -Owner $set.Owner
        }
    }
    return $readings
}

function Get-LeeboardAuditPolicyChange {
    <#
    .SYNOPSIS
    The edits that changes come to: @{Target; Before; After}. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value, a mask from 0 to 3.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Changes)

    foreach ($change in $Changes) {
        $before = Get-Mask $change.address
        if ("$($change.value)" -notmatch '^[0-3]$') {
            $why = "$($change.address): an audit mask is a number from 0 to 3, not $($change.value)"
            throw (New-LeeboardProblem -Code refused -Why $why)
        }
        @{
            Target = $change.address
            Before = [ordered]@{ state = 'value'; value = $before; type = 'audit_mask' }
            After = [ordered]@{ state = 'value'; value = [long]"$($change.value)"; type = 'audit_mask' }
        }
    }
}

function Set-LeeboardAuditPolicyChange {
    <#
    .SYNOPSIS
    Make edits, one run of auditpol.exe for each mask, and look whether they took.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Edits)

    try {
        foreach ($group in @($Edits | Group-Object { $_.After.value })) {
            $mask = [int]$group.Name
            $guids = [string]::Join(',', [string[]]@($group.Group | ForEach-Object { $_.Target }))
            $success, $failure = foreach ($bit in 1, 2) { if ($mask -band $bit) { 'enable' } else { 'disable' } }
            $arguments = '/set', "/subcategory:$guids", "/success:$success", "/failure:$failure"
            [void](Invoke-LeeboardTool $script:Program $arguments)
        }
    } finally {
        Reset-LeeboardCache
    }
    foreach ($edit in $Edits) {
        $now = Get-Mask $edit.Target
        if ($now -ne $edit.After.value) {
            $why = "$script:Program reported no error, but $($edit.Target) is still $now, not $($edit.After.value)"
            $set = Resolve-LeeboardOwner { Get-LeeboardAuditOwner $edit.Target }
            if ($set.Owner) { $why = "$($why): it is set by $($set.Owner)" }
            throw (New-LeeboardProblem -Code failed -Why $why)
        }
    }
}

function Get-Mask {
    param([string]$Guid)

    if ($Guid -notmatch $script:Grammar) {
        throw (New-LeeboardProblem -Code malformed -Why "$Guid is no subcategory of the audit policy")
    }
    $backup = Get-LeeboardOnce -Name 'audit policy' -Read { Read-Backup }
    $found = @(if ($backup.ContainsKey($Guid)) { $backup[$Guid] })
    if ($found.Length -eq 1 -and $found[0] -match '^[0-3]$') {
        return [long]$found[0]
    }
    $why = switch ($found.Length) {
        0 { 'has no line for it' }
        1 { "says $($found[0]) for it, which is no audit mask" }
        default { "says $([string]::Join(' and ', [string[]]$found)) for it" }
    }
    throw (New-LeeboardProblem -Code malformed -Why "the file that $script:Program /backup wrote $why")
}

# The settings by GUID, each a list of the different texts that were found for it.
function Read-Backup {
    return Use-LeeboardToolFolder {
        param($folder)
        $file = [System.IO.Path]::Combine($folder, 'audit.csv')
        [void](Invoke-LeeboardTool $script:Program '/backup', "/file:$file")
        if (-not (Test-Path -LiteralPath $file)) {
            throw (New-LeeboardProblem -Code malformed -Why "$script:Program /backup wrote no file")
        }
        $masks = @{}
        foreach ($line in @(ConvertFrom-LeeboardAuditCsv (Read-LeeboardToolText $file))) {
            if (-not $masks.ContainsKey($line.Guid)) { $masks[$line.Guid] = @() }
            if ($masks[$line.Guid] -notcontains $line.Value) { $masks[$line.Guid] += $line.Value }
        }
        $masks
    }
}

# An audit policy by category, nine coarse switches, overwrites the subcategories where this value is 0; without it they
# are safe (MicrosoftDocs/windows-itpro-docs, "Audit: Force audit policy subcategory settings ...").
function Get-LegacyNote {
    $force = Get-LeeboardOnce -Name 'audit precedence' -Read {
        Get-LeeboardMachineValue -Path $script:Lsa -Name SCENoApplyLegacyAuditPolicy
    }
    if ($force.state -eq 'value' -and "$($force.value)" -eq '0') {
        return "$script:Lsa`:SCENoApplyLegacyAuditPolicy is 0, so an audit policy by category may overwrite this"
    }
    return ''
}

Export-ModuleMember -Function Read-LeeboardAuditPolicy, Get-LeeboardAuditPolicyChange, Set-LeeboardAuditPolicyChange
