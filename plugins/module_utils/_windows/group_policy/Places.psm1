# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..mdm.Mdm
#AnsibleRequires -PowerShell ..system.RegistryKey

# Settings that may stand in several places of the registry: which of them counts, and which are set and do not.

Set-StrictMode -Version 2.0

function Find-LeeboardPlace {
    <#
    .SYNOPSIS
    The first of several places where a value is set: @{Found; Path; Name; Source; Note}. $null where it is in none.
    .DESCRIPTION
    Note names each later place that says something else: configured there, but overridden here. A later place that
    cannot be read costs nothing, since it does not count; one that comes first and cannot be read is thrown.
    .PARAMETER Places
    Dictionaries in the order of who wins: Path and Name of the value; with Convert, a script block that is given what
    was found (@{state; type; value}) and the place, and gives it in the unit and form of the first place.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Places)

    $first, $others = $null, @()
    foreach ($place in $Places) {
        $source = "$($place.Path):$($place.Name)"
        try {
            $own = Get-LeeboardMachineValue -Path $place.Path -Name $place.Name
            $found = Resolve-LeeboardManaged -Path $place.Path -Name $place.Name -Found $own
            if ($found.state -ne 'value') { continue }
            if ($found['Source']) { $source = $found.Source }
            $said = [string]$found['Note']
            if ($place['Convert']) { $found = & $place.Convert $found $place }
        } catch {
            if ($null -eq $first) { throw }
            continue
        }
        if ($null -eq $first) {
            $first = @{ Found = $found; Path = $place.Path; Name = $place.Name; Source = $source; Note = '' }
            if ($said) { $others += $said }
        } elseif ([string]$found.value -cne [string]$first.Found.value) {
            $others += "$source is $($found.value), but $($first.Source) counts"
        }
    }
    if ($others) { $first.Note = [string]::Join('; ', [string[]]$others) }
    return $first
}

Export-ModuleMember -Function Find-LeeboardPlace
