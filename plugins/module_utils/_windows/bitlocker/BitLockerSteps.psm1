# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Journal
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .BitLockerChange
#AnsibleRequires -PowerShell .BitLockerDirectory
#AnsibleRequires -PowerShell .BitLockerNow
#AnsibleRequires -PowerShell .BitLockerPlan
#AnsibleRequires -PowerShell .BitLockerWords

# The device's half of the conversation about recovery passwords and PINs: what leeboard/escrow/volumes/keeping.py asks
# for, step by step. What travels is sealed to a key that the device made, and opened by SealedKeys.cs alone, which the
# module names; here it stays as it came (docs/decisions/0033-bitlocker-keys.md).

Set-StrictMode -Version 2.0

$script:Driver = 'bitlocker_volume'
$script:SystemKind, $script:DataKind, $script:Recovery = 0, 1, 3
$script:Locked, $script:Encrypted, $script:On = 1, 1, 1
$script:MostRestarts = 15              # Microsoft, GetSuspendCount: 0 to 15, and 0 has no end
$script:Steps = @{
    survey = 'Get-Survey'; change = 'Get-Change'; new_key = 'Get-NewKey'; protect = 'Add-Sealed'
    protect_with_pin = 'Add-SealedPin'; read_out = 'Get-ReadOut'; remove = 'Get-Removed'; suspend = 'Get-Suspended'
}
$script:Reading = 'survey'

function Invoke-LeeboardBitLockerStep {
    <#
    .SYNOPSIS
    Do one step; what it answers, and in `changed` whether it changed anything. In check mode only `survey` is made.
    .PARAMETER Given
    wish, volume, name, protector, sealed, modulus, exponent, keep, restarts, run_id, as the step has them.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Step,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Given,
        [bool]$Check = $false
    )

    if ($Check -and $Step -ne $script:Reading) {
        throw (New-LeeboardProblem -Code refused -Why "the step $Step is never made in check mode")
    }
    return & $script:Steps[$Step] $Given
}

# The volumes that a key may be kept of, what would be done, and `taken`: the passwords that a directory took. Drives that
# are carried away are somebody's own, a data volume without a letter is left as it is, as in a plan, and where somebody
# else manages BitLocker all are.
function Get-Survey {
    param([System.Collections.IDictionary]$Given)

    $now = Get-LeeboardBitLockerNow -Directory ([bool](Get-LeeboardDirectory $Given.wish))
    # A preview counts on the policy that a roll-out writes before it comes here.
    if ($Given.wish['preview'] -and $Given.wish['policy']) {
        foreach ($name in $Given.wish.policy.Keys) { $now.policy[$name] = [long]$Given.wish.policy[$name] }
    }
    $plan = Get-LeeboardBitLockerPlan -Now $now -Wish $Given.wish
    $isOurs = -not $now.manager -or @($Given.wish['options']) -contains 'beside_manager'
    $shown = @(foreach ($volume in @($now.volumes | Where-Object { $isOurs })) {
            if ($volume.kind -eq $script:SystemKind -or ($volume.kind -eq $script:DataKind -and $volume.letter)) {
                Get-Shown $volume
            }
        })
    $steps = @($plan.steps | ForEach-Object { Format-LeeboardBitLockerStep $_ })
    $taken = if (Get-LeeboardDirectory $Given.wish) { (Get-LeeboardDirectoryWish -Now $now -Wish $Given.wish).kept }
    return @{
        changed = $false; volumes = [object[]]$shown; used = Get-Used $now; manager = [string]$now.manager
        taken = [string[]]@($taken | Where-Object { $_ }); plan = Get-Said $plan $steps
    }
}

# The ids of the recovery passwords by which something was opened; $null where the event logs do not say.
function Get-Used {
    param([System.Collections.IDictionary]$Now)

    $kept = @($Now.volumes | Where-Object { $_.kind -eq $script:SystemKind } | ForEach-Object { $_['kept'] } | Where-Object { $_ })
    if (@($kept | Where-Object { $_['troubles'] -and $_.troubles.Contains('used') }).Length) { return $null }
    return , [string[]]@($kept | ForEach-Object { $_['used'] } | Where-Object { $_ })
}

# A locked volume is an encrypted one. Its protectors are withheld: nothing could be added to it.
function Get-Shown {
    param([System.Collections.IDictionary]$Volume)

    $isLocked = $Volume.lock -eq $script:Locked
    $protectors = $null
    if (-not $isLocked -and -not $Volume.troubles.Contains('protectors')) {
        $protectors = [object[]]@($Volume.protectors | Where-Object { $_ } | ForEach-Object {
                @{ id = [string]$_.id; type = [int]$_.type; name = [string]$_['name'] }
            })
    }
    return @{
        volume = $Volume.name; letter = $Volume.letter; kind = [int]$Volume.kind; protectors = $protectors
        conversion = $(if ($isLocked) { $script:Encrypted } else { $Volume.conversion })
        hardware_test = [int]$Volume.hardware_test
        protection = $(if (-not $isLocked) { $Volume.protection }); suspended = $Volume.suspended
    }
}

function Get-Change {
    param([System.Collections.IDictionary]$Given)

    $outcome = Invoke-LeeboardBitLockerChange -Wish $Given.wish -RunId $Given.run_id
    return @{ changed = [bool]@($outcome.done).Length; journal = $outcome.journal; plan = Get-Said $outcome $outcome.done }
}

function Get-Said {
    param([System.Collections.IDictionary]$Plan, [AllowEmptyCollection()][object[]]$Done)

    $said = @{ done = [string[]]@($Done | Where-Object { $_ }); needs = [object[]]@($Plan.needs | Where-Object { $_ }) }
    foreach ($part in 'refusals', 'pending', 'notes') { $said[$part] = [string[]]@($Plan[$part] | Where-Object { $_ }) }
    return $said
}

function Get-NewKey {
    param([System.Collections.IDictionary]$Given)

    $made = Get-OfKeys { [Leeboard.SealedKeys]::NewKey() }
    return @{ changed = $false; modulus = $made['modulus']; exponent = $made['exponent'] }
}

function Add-Sealed {
    param([System.Collections.IDictionary]$Given)

    $answer = Get-OfKeys { [Leeboard.SealedKeys]::Protect($Given.volume, $Given.name, $Given.sealed) }
    return Format-Answer $answer 'same'
}

function Add-SealedPin {
    param([System.Collections.IDictionary]$Given)

    $answer = Get-OfKeys { [Leeboard.SealedKeys]::ProtectWithPin($Given.volume, $Given.name, $null, $Given.sealed) }
    return Format-Answer $answer
}

function Get-ReadOut {
    param([System.Collections.IDictionary]$Given)

    $answer = Get-OfKeys {
        [Leeboard.SealedKeys]::ReadOut($Given.volume, $Given.protector, $Given.modulus, $Given.exponent)
    }
    $said = Format-Answer $answer 'sealed'
    $said.changed = $false
    return $said
}

# What SealedKeys answers. A protector that was added is there whatever came after it.
function Format-Answer {
    param([System.Collections.IDictionary]$Answer, [string]$More = '')

    $code = [long]$Answer['code']
    $said = @{ changed = [bool]$Answer['id']; code = $code; method = $Answer['method'] }
    foreach ($part in 'id', 'forgotten', $More) {
        if ($part -and $null -ne $Answer[$part]) { $said[$part] = $Answer[$part] }
    }
    if ($code -ne 0) { $said['words'] = "$($Answer['method']): $(Get-LeeboardBitLockerWord $code $Answer['method'])" }
    return $said
}

# What the C# type says; its own words where it throws, which hold no secret.
function Get-OfKeys {
    param([scriptblock]$Ask)

    try {
        return & $Ask
    } catch {
        $why = (ConvertTo-LeeboardProblem $_).Why -replace '\ASealedKeyException: '
        throw (New-LeeboardProblem -Code failed -Why $why)
    }
}

# Only a recovery password, and only beside another one that is to be kept and is in the volume now.
function Get-Removed {
    param([System.Collections.IDictionary]$Given)

    $found = @((Get-LeeboardBitLockerNow).volumes | Where-Object { $_.name -eq $Given.volume })
    $protectors = @($found | ForEach-Object { $_.protectors } | Where-Object { $_ -and $_.type -eq $script:Recovery })
    $passwords = @($protectors | ForEach-Object { $_.id })
    if ($Given.keep -eq $Given.protector -or $passwords -notcontains $Given.keep) {
        throw (New-LeeboardProblem -Code refused -Why (
                "recovery password $($Given.keep) is not in the volume, so no other is removed"))
    }
    if ($passwords -notcontains $Given.protector) {
        return @{ changed = $false }
    }
    $instance = Get-LeeboardBitLockerInstance $Given.volume
    $id = @{ VolumeKeyProtectorID = $Given.protector }
    [void](Invoke-LeeboardBitLockerMethod -Instance $instance -Method DeleteKeyProtector -Arguments $id)
    $left = @((Get-LeeboardBitLockerNow).volumes | Where-Object { $_.name -eq $Given.volume } | ForEach-Object { $_.protectors })
    if (@($left | Where-Object { $_ -and $_.id -eq $Given.protector }).Length) {
        throw (New-LeeboardProblem -Code failed -Why (
                "recovery password $($Given.protector) was removed as Windows says, and is in the volume all the same"))
    }
    return @{ changed = $true }
}

# Only the volume of Windows, whose protection Windows switches on again by itself, and only beside a recovery password
# that is to be kept and is in the volume now: firmware that goes wrong asks for it. What it answers was read back.
function Get-Suspended {
    param([System.Collections.IDictionary]$Given)

    $restarts = [int]$Given.restarts
    $before = Get-WindowsNow $Given.volume
    $passwords = @($before.protectors | Where-Object { $_ -and $_.type -eq $script:Recovery } | ForEach-Object { $_.id })
    $why = if ($restarts -lt 1 -or $restarts -gt $script:MostRestarts) {
        "a number of restarts is 1 to $script:MostRestarts"
    } elseif ($passwords -notcontains $Given.keep) {
        "recovery password $($Given.keep) is not in the volume"
    } elseif ($before.conversion -ne $script:Encrypted -or $before.protection -ne $script:On) {
        'it is not wholly encrypted with its protection on'
    }
    if ($why) { throw (New-LeeboardProblem -Code refused -Why "$why, so it is not suspended") }
    $often = if ($restarts -eq 1) { '1 restart' } else { "$restarts restarts" }
    $text = "$($before.letter) suspended for $often"
    $journal = Write-LeeboardJournal -RunId $Given.run_id -Driver $script:Driver -Before @{} `
        -Changes @(@{ address = 'suspend-count'; value = $text }) -Edits @(@{
            Target = "BitLocker $($before.name)"
            Before = @{ state = 'value'; type = 'string'; value = 'protection 1' }
            After = @{ state = 'value'; type = 'string'; value = $text }
        })
    $instance = Get-LeeboardBitLockerInstance $Given.volume
    $count = @{ DisableCount = [uint32]$restarts }
    [void](Invoke-LeeboardBitLockerMethod -Instance $instance -Method DisableKeyProtectors -Arguments $count)
    $after = Get-WindowsNow $Given.volume
    if ($after.protection -eq $script:On -or $after.suspended -ne $restarts) {
        throw (New-LeeboardProblem -Code failed -Why (
                "it was suspended for $often, and now its protection is $($after.protection) and the count '$($after.suspended)'"))
    }
    return @{ changed = $true; suspended = $restarts; journal = $journal }
}

# The volume of Windows as it is now, by its DeviceID.
function Get-WindowsNow {
    param([string]$Name)

    $found = @((Get-LeeboardBitLockerNow).volumes | Where-Object { $_.name -eq $Name -and $_.kind -eq $script:SystemKind })
    if ($found.Length -ne 1) {
        throw (New-LeeboardProblem -Code refused -Why 'only the volume of Windows is suspended for a number of restarts')
    }
    return $found[0]
}

Export-ModuleMember -Function Invoke-LeeboardBitLockerStep
