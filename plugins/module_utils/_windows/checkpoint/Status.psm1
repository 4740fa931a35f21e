# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Armed
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.Native
#AnsibleRequires -PowerShell ..system.RegistryKey

# How a checkpoint stands, as the modules and the fact `checkpoint` say it.

Set-StrictMode -Version 2.0

function Get-LeeboardCheckpoint {
    <#
    .SYNOPSIS
    {state; run_id; by; drivers; seconds_left; left}; what is being armed counts as none.
    #>
    $state = Get-LeeboardCheckpointState
    $found = [ordered]@{
        state = $state; run_id = ''; by = ''; drivers = [object[]]@(); seconds_left = 0; left = [object[]]@()
    }
    if ($state -cin 'none', 'arming') {
        $found.state = 'none'
        return $found
    }
    $about = Get-LeeboardCheckpointAbout
    $found.run_id, $found.by, $found.drivers = $about.run[0], $about.by[0], [object[]]$about.driver
    if ($state -ceq 'armed') { $found.seconds_left = Get-SecondsLeft $about.mark[0] }
    $path = Get-LeeboardCheckpointPath 'left'
    if ($state -ceq 'putting-back' -and [System.IO.File]::Exists($path)) {
        $found.left = [object[]]@([System.IO.File]::ReadAllLines($path) | Where-Object { $_ })
    }
    return $found
}

# The clock that people set plays no part in it, nor does the time that the machine sleeps.
function Get-SecondsLeft {
    param([string]$Mark)

    $key = Open-LeeboardKey $Mark
    if ($null -eq $key) { return 0 }  # it was started since, and is about to put itself back
    $key.Dispose()
    $until = [long][System.IO.File]::ReadAllText((Get-LeeboardCheckpointPath 'until'))
    return [int][System.Math]::Max(0, [System.Math]::Ceiling(($until - (Get-LeeboardAwakeTime)) / 1e7))
}

function Get-LeeboardCheckpointFact {
    <#
    .SYNOPSIS
    The fact checkpoint: while one is held, its state, by whom, run, seconds left, and what is not back yet.
    #>
    $source = Get-LeeboardCheckpointFolder
    $found = Get-LeeboardCheckpoint
    if ($found.state -cnotin 'armed', 'putting-back') { return New-LeeboardAbsent -Source $source }
    $said = @($found.state, $found.by, $found.run_id, [string]$found.seconds_left) + @($found.left)
    return New-LeeboardValue -Value ([string[]]$said) -Type list -Source $source
}

Export-ModuleMember -Function Get-LeeboardCheckpoint, Get-LeeboardCheckpointFact
