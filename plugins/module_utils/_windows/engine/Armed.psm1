# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .PrivateFolder
#AnsibleRequires -PowerShell .Reading

# What the device has of a checkpoint: its state, who holds it and what it covers. As in _linux/engine/armed.py the state
# is the name of one file (state.armed), changed by rename alone: of a confirmation and a task that come at the same
# moment one finds the file, the other none. All of it lies in C:\ProgramData\Leeboard\checkpoint:
#
#     about     lines NAME=BASE64, the text in UTF-8: run, by, digest (of the token), mark, driver and value (each many)
#     plan      what the script puts back (checkpoint/Plan.psm1)
#     until     when the device puts itself back, in units of 100 ns that Windows was awake since its start
#     left      what is not back yet, a line each
#
# The mark is the name of a key of the registry that no restart survives.

Set-StrictMode -Version 2.0

# In this order a checkpoint goes through them, so whoever looks for them in this order misses none.
$script:States = 'arming', 'armed', 'putting-back', 'confirmed', 'back'
$script:Held = 'armed', 'putting-back'

function Get-LeeboardCheckpointFolder {
    <#
    .SYNOPSIS
    Where the checkpoint lies.
    #>
    return Get-LeeboardDataFolder 'checkpoint'
}

function Get-LeeboardCheckpointPath {
    <#
    .SYNOPSIS
    The path of a file of the checkpoint.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    return [System.IO.Path]::Combine((Get-LeeboardCheckpointFolder), $Name)
}

function Get-LeeboardCheckpointState {
    <#
    .SYNOPSIS
    none, arming, armed, putting-back, confirmed or back. Throws the problem refused for a folder that is not ours alone.
    #>
    $folder = Get-LeeboardCheckpointFolder
    if (-not [System.IO.Directory]::Exists($folder)) { return 'none' }
    Assert-LeeboardFolder $folder
    foreach ($state in $script:States) {
        if ([System.IO.File]::Exists((Get-LeeboardCheckpointPath "state.$state"))) { return $state }
    }
    return 'none'
}

function Get-LeeboardCheckpointAbout {
    <#
    .SYNOPSIS
    What was written at arming: {name: [text, ...]}. Throws the problem malformed for what makes no sense.
    #>
    $path = Get-LeeboardCheckpointPath 'about'
    $about = @{ run = @(); by = @(); digest = @(); mark = @(); driver = @(); value = @() }
    foreach ($line in [System.IO.File]::ReadAllLines($path)) {
        $name, $code = $line -split '=', 2
        if (-not $about.ContainsKey($name)) {
            throw (New-LeeboardProblem -Code malformed -Why "$path has a line that this Leeboard does not know")
        }
        $about[$name] += [System.Text.Encoding]::UTF8.GetString([System.Convert]::FromBase64String($code))
    }
    foreach ($name in 'run', 'by', 'digest', 'mark') {
        if ($about[$name].Length -ne 1) {
            throw (New-LeeboardProblem -Code malformed -Why "$path has no $name, or more than one")
        }
    }
    return $about
}

function Assert-LeeboardCheckpoint {
    <#
    .SYNOPSIS
    Throw the problem refused unless the run's checkpoint is armed and covers the driver and all values.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Driver,
        [Parameter(Mandatory = $true)][string]$RunId,
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][string[]]$Targets
    )

    $state = Get-LeeboardCheckpointState
    if ($script:Held -cnotcontains $state) {
        throw (New-LeeboardProblem -Code refused -Why ("$Driver could cut off whoever changes it, so it is changed " +
                'under an armed checkpoint only, and the device has none'))
    }
    $about = Get-LeeboardCheckpointAbout
    if ($about.run[0] -cne $RunId -or $state -cne 'armed') {
        throw (New-LeeboardProblem -Code refused -Why ("$(Format-LeeboardHolder $state $about); nothing of $Driver is " +
                'changed until then'))
    }
    if ($about.driver -cnotcontains $Driver) {
        throw (New-LeeboardProblem -Code refused -Why "the armed checkpoint is not about $Driver")
    }
    $foreign = @($Targets | Where-Object { $about.value -notcontains $_ })
    if ($foreign.Length) {
        throw (New-LeeboardProblem -Code refused -Why ("the armed checkpoint does not cover " +
                "$([string]::Join(', ', [string[]]$foreign)), so $Driver may not change it"))
    }
}

function Format-LeeboardHolder {
    <#
    .SYNOPSIS
    Who holds the checkpoint, as a sentence.
    #>
    param([Parameter(Mandatory = $true)][string]$State, [Parameter(Mandatory = $true)][hashtable]$About)

    $who = "$($About.by[0]), run $($About.run[0])"
    if ($State -ceq 'armed') { return "a checkpoint is held by $who; unless that confirms it, the device puts itself back" }
    return "the device is putting back what $who changed"
}

Export-ModuleMember -Function Get-LeeboardCheckpointFolder, Get-LeeboardCheckpointPath, Get-LeeboardCheckpointState,
    Get-LeeboardCheckpointAbout, Assert-LeeboardCheckpoint, Format-LeeboardHolder
