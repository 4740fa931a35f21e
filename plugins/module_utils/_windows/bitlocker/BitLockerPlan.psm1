# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .BitLockerDirectory
#AnsibleRequires -PowerShell .BitLockerGate

# What is to be done so that a machine is encrypted as its level wants, as steps. Data in, data out: it remembers nothing,
# so whatever cut a change off, the next plan goes on from what the machine is.
#
# Three rules stand over all of it:
# - No step is taken on a volume that has no recovery password of those that escrow has compared (`kept`). Where a directory
#   keeps them, making one and giving it away are steps, the first ones, and those that it took are `kept`.
# - What opens a volume at the start is removed, or protection switched on, only when what the level wants is there.
# - Nothing is ever decrypted.

Set-StrictMode -Version 2.0

$script:SystemKind, $script:DataKind = 0, 1
$script:Decrypted, $script:Encrypted, $script:Encrypting, $script:Decrypting = 0, 1, 2, 3
$script:EncryptionPaused, $script:DecryptionPaused = 4, 5
$script:TpmAlone, $script:ExternalKey, $script:Recovery, $script:TpmAndPin = 1, 2, 3, 4
$script:Opening = 1, 2, 4, 5, 6, 8    # a TPM, a stick, both, with a PIN as well; a password
$script:Known = 7, 9                  # a certificate of the policy, Network Unlock
$script:TestWaits = 2
$script:KeyName = 'Leeboard automatic unlock'
$script:PasswordName = 'Leeboard recovery password'
$script:New = '{00000000-0000-0000-0000-000000000000}'
$script:NoPin = 'TPM and PIN are wanted, and it has no PIN'
$script:Most = 30                     # steps of one plan

function Get-LeeboardBitLockerPlan {
    <#
    .SYNOPSIS
    What is to be done: refusals, needs, steps, pending and notes.
    .DESCRIPTION
    refusals: texts; where one is about the volume of Windows, or two such are there, nothing is done at all.
    needs: volume, kind (recovery, pin) and why: protectors with a secret, which the conversation with escrow adds.
    steps: volume, step and what it is given, in their order. pending and notes: texts.
    .PARAMETER Now
    What Get-LeeboardBitLockerNow gives.
    .PARAMETER Wish
    protector (tpm, tpm-and-pin), method (6, 7), used_space (whether only used space is encrypted), kept (ids of the
    recovery passwords of this machine that escrow has compared), and where wanted: restarts (of a suspension that somebody
    opened and that is left alone), place (ad or entra, where such a directory keeps them: then kept is not given),
    backed_up (ids of those that it took in this change), not_there (ids of those that it does not have), test_failed, and options: remove_strangers, without_pcr7,
    retry_test, and where somebody else manages BitLocker here beside_manager or leave_to_manager, without which that is
    refused. With preview the needs count as met, so that the steps after them are
    shown. With without_pin nobody has the PIN at hand: what needs none goes on, and a volume in clear waits for it.
    What somebody accepted as it is: left_drives, names of data drives of which nothing is changed, and left_start, that
    what opens the volume of Windows at a start stays.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Now,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Wish
    )

    $plan = @{ refusals = @(); needs = @(); steps = @(); pending = @(); notes = @() }
    if (Get-LeeboardDirectory $Wish) { $Wish = Get-LeeboardDirectoryWish -Now $Now -Wish $Wish }
    if ($Now['manager'] -and @($Wish['options']) -contains 'leave_to_manager') {
        $plan.notes += "$($Now.manager) manages BitLocker here, and it is left to it, as the school chose"
        return $plan
    }
    if ($Now['manager'] -and @($Wish['options']) -contains 'beside_manager') {
        $plan.notes += "$($Now.manager) manages BitLocker here as well, and may set and rotate by itself: take the device out of it"
    }
    $windows = @($Now.volumes | Where-Object { $_.kind -eq $script:SystemKind })
    if ($windows.Length -ne 1) {
        $plan.refusals += "there are $($windows.Length) volumes of Windows, and not one"
        return $plan
    }
    $why = @(Get-LeeboardBitLockerRefusal -Now $Now -Volume $windows[0] -Wish $Wish)
    if ($why.Length) {
        $plan.refusals = @($why | ForEach-Object { "$(Get-Label $windows[0]): $_" })
        return $plan
    }
    $volume = Copy-Volume $windows[0]
    $met = Add-Met $plan $volume $Wish
    Add-VolumeStep $plan $volume $met { param($plan, $volume, $wish) Get-SystemStep $plan $volume $wish }
    foreach ($one in @($Now.volumes | Where-Object { $_.kind -eq $script:DataKind })) {
        Add-DataPlan $plan $Now $one $volume $Wish
    }
    return $plan
}

function Add-DataPlan {
    param(
        [hashtable]$Plan, [System.Collections.IDictionary]$Now, [System.Collections.IDictionary]$Volume,
        [System.Collections.IDictionary]$Windows, [System.Collections.IDictionary]$Wish
    )

    $label = Get-Label $Volume
    if (-not $Volume.letter) {
        if ($Volume.conversion -ne $script:Decrypted) { $Plan.notes += "${label}: it has no letter, and is left as it is" }
        return
    }
    $isLeft = @($Wish['left_drives']) -contains $Volume.name
    if ($isLeft -or $Windows.conversion -ne $script:Encrypted -or $Windows.protection -ne 1) {
        if (-not $isLeft) { $Plan.pending += "${label}: it waits until the volume of Windows is encrypted and protected" }
        # What somebody encrypted needs its password in the directory now.
        if ($Volume.conversion -ne $script:Decrypted -and (Get-LeeboardDirectory $Wish) -and
            -not @(Get-LeeboardBitLockerRefusal -Now $Now -Volume $Volume -Wish $Wish).Length) {
            Add-VolumeStep $Plan (Copy-Volume $Volume) $Wish { }
        }
        return
    }
    $why = @(Get-LeeboardBitLockerRefusal -Now $Now -Volume $Volume -Wish $Wish)
    if ($why.Length) {
        $Plan.refusals += @($why | ForEach-Object { "${label}: $_" })
        return
    }
    $copy = Copy-Volume $Volume
    Add-VolumeStep $Plan $copy (Add-Met $Plan $copy $Wish) { param($plan, $volume, $wish) Get-DataStep $plan $volume $wish }
}

# In a preview: the wish as it will be once the needs of a volume are met, which gets what it lacks. Else the wish itself.
function Add-Met {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    if (-not $Wish['preview']) { return $Wish }
    $met = @{}
    foreach ($part in $Wish.Keys) { $met[$part] = $Wish[$part] }
    if (-not (Get-LeeboardDirectory $Wish) -and -not (Test-Kept $Plan $Volume $Wish)) {
        $Volume.protectors += @{ id = $script:New; type = $script:Recovery }
        $met['kept'] = @($Wish.kept) + $script:New
    }
    $isPin = $Volume.kind -eq $script:SystemKind -and $Wish.protector -eq 'tpm-and-pin' -and
        -not (Test-LeeboardStartLeft -Volume $Volume -Wish $Wish)
    if ($isPin -and -not $Wish['without_pin'] -and -not @(Get-OfType $Volume $script:TpmAndPin).Length) {
        $Plan.needs += Get-Need $Volume pin $script:NoPin
        $Volume.protectors += @{ id = $script:New; type = $script:TpmAndPin }
    }
    return $met
}

# All steps of a volume, each from what the one before would make of it.
function Add-VolumeStep {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish, [scriptblock]$Next)

    for ($count = 0; $count -lt $script:Most; $count++) {
        $step = Get-PasswordStep $Volume $Wish
        if ($null -eq $step) { $step = & $Next $Plan $Volume $Wish }
        if ($null -eq $step) { return }
        $Plan.steps += $step
        Edit-Volume $Volume $step
        if ($step.step -eq 'back_up') { $Wish['kept'] = @($Wish.kept) + $step.id }
    }
    throw "a plan with more than $script:Most steps for one volume"
}

# Where a directory keeps them: a password of which it knows and nobody else, before anything else is done. One that was
# typed at the device is known to whoever stood there, and goes once another one is kept.
function Get-PasswordStep {
    param([System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    if (-not (Get-LeeboardDirectory $Wish)) { return }
    $passwords = @(Get-OfType $Volume $script:Recovery | ForEach-Object { $_.id })
    $fresh = @($passwords | Where-Object { @($Wish.used) -notcontains $_ })
    if (-not $fresh.Length) { return New-Step $Volume add_password -Name $script:PasswordName }
    foreach ($id in $fresh) {
        if (@($Wish.kept) -notcontains $id) { return New-Step $Volume back_up $id }
    }
    foreach ($id in $passwords) {
        if ($fresh -notcontains $id) { return New-Step $Volume remove $id }
    }
}

function Get-SystemStep {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    if (-not (Test-Kept $Plan $Volume $Wish)) { return }
    if (Test-LeeboardStartLeft -Volume $Volume -Wish $Wish) {
        $own = @($Volume.protectors | Where-Object { $_.type -ne $script:Recovery } | ForEach-Object { $_.id })
        $stranger = Get-Stranger $Plan $Volume $Wish $own
        if ($stranger) { return $stranger }
        return Get-StepOverOpening $Plan $Volume $Wish 'its key lies in clear, since nothing would open it at a start'
    }
    $type = if ($Wish.protector -eq 'tpm-and-pin') { $script:TpmAndPin } else { $script:TpmAlone }
    if (-not @(Get-OfType $Volume $type).Length) {
        if ($type -eq $script:TpmAlone) { return New-Step $Volume add_tpm }
        if (-not @($Plan.needs | Where-Object { $_.kind -eq 'pin' }).Length) {
            $Plan.needs += Get-Need $Volume pin $script:NoPin
        }
        if (-not $Wish['without_pin']) { return }
        return Get-StepWithoutPin $Plan $Volume $Wish
    }
    # The PIN is worth nothing beside the TPM alone, and is there by now.
    if ($type -eq $script:TpmAndPin) {
        foreach ($plain in @(Get-OfType $Volume $script:TpmAlone)) {
            if ($Volume.conversion -ne $script:Decrypted) {
                $Plan.pending += "$(Get-Label $Volume): its PIN is proved by a restart"
            }
            return New-Step $Volume remove $plain.id
        }
    }
    $own = @(Get-OfType $Volume $type | ForEach-Object { $_.id })
    $stranger = Get-Stranger $Plan $Volume $Wish $own
    if ($stranger) { return $stranger }
    if ($Volume.conversion -eq $script:Decrypted) {
        if ($Volume.hardware_test -eq $script:TestWaits) {
            $Plan.pending += "$(Get-Label $Volume): its hardware test waits for a restart"
            return
        }
        $coming = Get-Coming $Volume
        if ($coming) {
            $Plan.pending += "$(Get-Label $Volume): $coming; restart first, or the test would fail by it"
            return
        }
        return New-Step $Volume test_and_encrypt -Method $Wish.method -UsedSpace ([bool]$Wish['used_space'])
    }
    return Get-CommonStep $Plan $Volume $Wish
}

# What goes on while nobody has the PIN at hand. A key that lies in clear is worse than the TPM alone or a stick, so what is
# there opens the volume until then. None is added; and nothing that opens the volume is taken away unless a plain TPM opens
# it as well.
function Get-StepWithoutPin {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    if ($Volume.conversion -eq $script:Decrypted) { return }
    $plain = @(Get-OfType $Volume $script:TpmAlone | ForEach-Object { $_.id })
    if ($plain.Length) {
        $stranger = Get-Stranger $Plan $Volume $Wish $plain
        if ($stranger) { return $stranger }
    }
    return Get-StepOverOpening $Plan $Volume $Wish (
        'its key lies in clear until it has a PIN, since nothing else would open it at a start')
}

# What is the same for every volume, but protection is not switched on over nothing but a recovery password.
function Get-StepOverOpening {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish, [string]$Why)

    $step = Get-CommonStep $Plan $Volume $Wish
    $opens = @($Volume.protectors | Where-Object { $script:Opening -contains $_.type })
    if ($null -eq $step -or $step.step -ne 'protect' -or $opens.Length) { return $step }
    $said = "$(Get-Label $Volume): $Why"
    if ($Plan.notes -notcontains $said) { $Plan.notes += $said }
}

function Get-DataStep {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    if (-not (Test-Kept $Plan $Volume $Wish)) { return }
    $own = [string]$Volume['auto_unlock']
    if (-not $own) {
        $mine = @(Get-OfType $Volume $script:ExternalKey | Where-Object { $_['name'] -ceq $script:KeyName })
        if (-not $mine.Length) { return New-Step $Volume add_key -Name $script:KeyName }
        return New-Step $Volume unlock_automatically $mine[0].id
    }
    $stranger = Get-Stranger $Plan $Volume $Wish @($own)
    if ($stranger) { return $stranger }
    if ($Volume.conversion -eq $script:Decrypted) {
        return New-Step $Volume encrypt -Method $Wish.method -UsedSpace ([bool]$Wish['used_space'])
    }
    return Get-CommonStep $Plan $Volume $Wish
}

# What is the same for every volume on which encryption has begun.
function Get-CommonStep {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    $label = Get-Label $Volume
    switch ($Volume.conversion) {
        $script:EncryptionPaused { return New-Step $Volume resume }
        { $_ -in $script:Decrypting, $script:DecryptionPaused } { return New-Step $Volume encrypt }
        $script:Encrypting {
            $Plan.pending += "${label}: being encrypted, $($Volume.percentage) % so far"
            return
        }
    }
    if ($Volume.method -ne $Wish.method) {
        $Plan.notes += "${label}: it is encrypted by the method $($Volume.method), and keeps it: only decrypting changes that"
    }
    if ($Volume.protection -eq 1) { return }
    $left = $Volume.suspended
    if ($left -and $left -le [int]$Wish['restarts']) {
        $often = if ($left -eq 1) { '1 more restart' } else { "$left more restarts" }
        $Plan.pending += "${label}: suspended for $often, as somebody wished"
        return
    }
    $coming = Get-Coming $Volume
    if ($coming) {
        $Plan.pending += "${label}: suspended, and $coming; it is switched on again after the restart"
        return
    }
    return New-Step $Volume protect
}

# Whether escrow has compared a recovery password that is in this volume now. Without one it is all that is asked for.
function Test-Kept {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish)

    if (@(Get-OfType $Volume $script:Recovery | Where-Object { @($Wish.kept) -contains $_.id }).Length) { return $true }
    $Plan.needs += Get-Need $Volume recovery 'escrow has compared no recovery password that is in it'
    return $false
}

# The next stranger that goes; those that nobody asked to remove are named.
function Get-Stranger {
    param([hashtable]$Plan, [System.Collections.IDictionary]$Volume, [System.Collections.IDictionary]$Wish, [string[]]$Own)

    foreach ($one in $Volume.protectors) {
        if ($Own -contains $one.id -or @($Wish.kept) -contains $one.id -or $script:Known -contains $one.type) { continue }
        if (@($Wish['options']) -contains 'remove_strangers') { return New-Step $Volume remove $one.id }
        $said = "$(Get-Label $Volume): nobody here knows its protector $($one.id) (type $($one.type)); adopt it, or have " +
            'it removed by name (remove_strangers)'
        if ($Plan.notes -notcontains $said) { $Plan.notes += $said }
    }
}

# What waits for the next start and is measured, as a text.
function Get-Coming {
    param([System.Collections.IDictionary]$Volume)

    if ($Volume.kind -ne $script:SystemKind -or -not $Volume['start']) { return }
    foreach ($one in @($Volume.start['coming'] | Where-Object { $_ })) {
        if ($one.kind -eq 'firmware') { return $one.what }
    }
}

function Get-OfType {
    param([System.Collections.IDictionary]$Volume, [int]$Type)

    $Volume.protectors | Where-Object { $_.type -eq $Type }
}

function Get-Label {
    param([System.Collections.IDictionary]$Volume)

    if ($Volume.letter) { return $Volume.letter.TrimEnd(':') }
    return $Volume.name
}

function Get-Need {
    param([System.Collections.IDictionary]$Volume, [string]$Kind, [string]$Why)

    return @{ volume = $Volume.name; letter = $Volume.letter; kind = $Kind; why = $Why }
}

function New-Step {
    param(
        [System.Collections.IDictionary]$Volume, [string]$Step, [string]$Id = '', [int]$Method = 0, [bool]$UsedSpace = $false,
        [string]$Name = ''
    )

    return @{ volume = $Volume.name; letter = $Volume.letter; step = $Step; id = $Id; method = $Method; used_space = $UsedSpace; name = $Name }
}

# A volume that a plan may write to.
function Copy-Volume {
    param([System.Collections.IDictionary]$Volume)

    $copy = [ordered]@{}
    foreach ($part in $Volume.Keys) { $copy[$part] = $Volume[$part] }
    $copy['protectors'] = [object[]]@($Volume.protectors | Where-Object { $_ })
    return $copy
}

# What a step would make of a volume.
function Edit-Volume {
    param([System.Collections.IDictionary]$Volume, [hashtable]$Step)

    switch ($Step.step) {
        'add_password' { $Volume.protectors += @{ id = $script:New; type = $script:Recovery } }
        'add_tpm' { $Volume.protectors += @{ id = $script:New; type = $script:TpmAlone } }
        'add_key' { $Volume.protectors += @{ id = $script:New; type = $script:ExternalKey; name = $Step.name } }
        'remove' { $Volume.protectors = [object[]]@($Volume.protectors | Where-Object { $_.id -ne $Step.id }) }
        'unlock_automatically' { $Volume['auto_unlock'] = $Step.id }
        'test_and_encrypt' { $Volume.hardware_test = $script:TestWaits }
        'encrypt' {
            if ($Step.method) { $Volume.method = $Step.method }
            $Volume.conversion = $script:Encrypting
        }
        'resume' { $Volume.conversion = $script:Encrypting }
        'protect' { $Volume.protection, $Volume.suspended = 1, $null }
    }
}

Export-ModuleMember -Function Get-LeeboardBitLockerPlan
