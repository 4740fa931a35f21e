# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell .SecurityExport
#AnsibleRequires -PowerShell .UserRight

# The driver `user_right`, changing: the few rights without which nobody is kept from signing in or from the machine.

Set-StrictMode -Version 2.0

# Right -> accounts that must keep it: Windows' own services, and those who look after the machine.
# Microsoft, windows-itpro-docs, security-policy-settings: user rights assignment.
$script:Needed = @{
    SeAuditPrivilege = 'S-1-5-19', 'S-1-5-20'
    SeSecurityPrivilege = , 'S-1-5-32-544'
}

function Get-LeeboardUserRightChange {
    <#
    .SYNOPSIS
    The edits that changes come to: @{Target; Before; After}. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value, a list of SIDs.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Changes)

    foreach ($change in $Changes) {
        $right = [string]$change.address
        if (-not $script:Needed.ContainsKey($right)) {
            Stop-Change "$right is not changed: whoever loses it could be cut off, or a service stop"
        }
        $sids = [string[]]@($change.value | ForEach-Object { [string]$_ } | Sort-Object -Unique)
        if (@($sids | Where-Object { $_ -notmatch '^S-1-[0-9]+(-[0-9]+)+$' }).Length) {
            Stop-Change "$right is given to SIDs, not to $([string]::Join(', ', $sids))"
        }
        $missing = [string[]]@($script:Needed[$right] | Where-Object { $sids -notcontains $_ })
        if ($missing.Length) {
            Stop-Change "$right is not taken from $([string]::Join(', ', $missing)): Windows needs it there"
        }
        @{
            Target = $right
            Before = @{ state = 'value'; type = 'list'; value = [string[]]@(Get-LeeboardUserRight $right) }
            After = @{ state = 'value'; type = 'list'; value = $sids }
        }
    }
}

function Set-LeeboardUserRightChange {
    <#
    .SYNOPSIS
    Make edits, all in one template that holds nothing else, and look whether they took.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Edits)

    $keys = [ordered]@{}
    foreach ($edit in $Edits) {
        $keys[$edit.Target] = [string]::Join(',', [string[]]@($edit.After.value | ForEach-Object { "*$_" }))
    }
    Set-LeeboardSecurityTemplate -Area USER_RIGHTS -Section 'Privilege Rights' -Keys $keys
    foreach ($edit in $Edits) {
        $now = [string[]]@(Get-LeeboardUserRight $edit.Target)
        if ([string]::Join(',', $now) -cne [string]::Join(',', [string[]]@($edit.After.value))) {
            $why = "secedit.exe reported no error, but $($edit.Target) is $([string]::Join(', ', $now))"
            $set = Resolve-LeeboardOwner { Get-LeeboardSecurityOwner $edit.Target }
            if ($set.Owner) { $why = "$($why): it is set by $($set.Owner)" }
            throw (New-LeeboardProblem -Code failed -Why $why)
        }
    }
}

function Stop-Change {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

Export-ModuleMember -Function Get-LeeboardUserRightChange, Set-LeeboardUserRightChange
