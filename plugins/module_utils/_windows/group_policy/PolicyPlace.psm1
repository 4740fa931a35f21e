# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .GroupPolicy
#AnsibleRequires -PowerShell .Places

# What a policy and the places behind it come to, as the parts of a reading: the policy wins where it says anything, then
# what was set on the machine itself (Places.psm1). The finding names the place that counts, and each that does not.

Set-StrictMode -Version 2.0

function Resolve-LeeboardPolicy {
    <#
    .SYNOPSIS
    @{Effective; Configured; Owner; Found; IsPolicy}: what counts, what the policy says, and who sets that policy.
    .DESCRIPTION
    Found is what counts as @{state; value; type}, IsPolicy whether the policy says it.
    .PARAMETER Places
    The policy and then the weaker places, as Find-LeeboardPlace takes them.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Places)

    $policy = $Places[0]
    $set = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $policy.Path -Name $policy.Name }
    $counts = Find-LeeboardPlace -Places $Places
    $isPolicy = $null -ne $counts -and $counts.Path -eq $policy.Path -and $counts.Name -eq $policy.Name
    if ($null -eq $counts) {
        $looked = [string]::Join(', ', [string[]]@($Places | ForEach-Object { "$($_.Path):$($_.Name)" }))
        $effective = New-LeeboardAbsent -Source "none of $looked is set" -Note $set.Note
        $found = @{ state = 'absent' }
    } else {
        $found = $counts.Found
        $source = $counts.Source
        if ($isPolicy -and $set.Owner) { $source = "$source, set by $($set.Owner)" }
        $note = [string]::Join('; ', [string[]]@($counts.Note, $set.Note | Where-Object { $_ }))
        $effective = New-LeeboardValue -Value $found.value -Type $found.type -Source $source -Note $note
    }
    $configured = $effective
    $owner = $set.Owner
    if (-not $isPolicy) {
        $configured = New-LeeboardAbsent -Source "$($policy.Path):$($policy.Name)" -Note $set.Note
    }
    return @{ Effective = $effective; Configured = $configured; Owner = $owner; Found = $found; IsPolicy = $isPolicy }
}

Export-ModuleMember -Function Resolve-LeeboardPolicy
