# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..group_policy.SecurityTemplate
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .SecurityExport

# After how many wrong passwords a local account is locked, and for how long. Accounts of a domain follow their domain.
#
# LockoutBadCount (tries; 0 = never), LockoutDuration (minutes; -1 = until an administrator unlocks it),
# ResetLockoutCount (minutes) and AllowAdministratorLockout (0 or 1) are keys of the section System Access of a
# security template ([MS-GPSB] section 2.2.2; the fourth is not on that page, but in exports of Windows 11).
# Recalled: that an export leaves out the duration and the reset time where nobody is ever locked out.

Set-StrictMode -Version 2.0

$script:Driver = 'account_lockout'
$script:Program = 'secedit.exe'
$script:Source = "$script:Program /export, [System Access]"
$script:Tries, $script:Duration, $script:Reset = 'LockoutBadCount', 'LockoutDuration', 'ResetLockoutCount'
$script:Administrator = 'AllowAdministratorLockout'
$script:Ranges = @{  # least and most, as [MS-GPSB] and Windows' own editor have them
    LockoutBadCount = 0, 999
    LockoutDuration = 1, 99999  # or -1
    ResetLockoutCount = 1, 99999
    AllowAdministratorLockout = 0, 1
}
$script:NeverLocked = 'LockoutBadCount is 0, so nobody is locked out'

function Read-LeeboardAccountLockout {
    <#
    .SYNOPSIS
    A reading for each address.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if (-not $script:Ranges.ContainsKey($address)) {
                throw (New-LeeboardProblem -Code malformed -Why "the lock-out policy has no $address")
            }
            $policy = Get-Policy
            $set = Resolve-LeeboardOwner { Get-LeeboardSecurityOwner $address }
            $isIdle = $policy[$script:Tries] -eq 0 -and $address -in $script:Duration, $script:Reset
            $notes = $(if ($isIdle) { $script:NeverLocked }), $set.Note
            $note = [string]::Join('; ', [string[]]@($notes | Where-Object { $_ }))
            if ($policy.ContainsKey($address)) {
                $aspect = New-LeeboardValue -Value $policy[$address] -Type int -Source $script:Source -Note $note
            } else {
                $aspect = New-LeeboardAbsent -Source "$script:Source has no $address" -Note $note
            }
            New-LeeboardReading -Driver $script:Driver -Address $address -Effective $aspect -Owner $set.Owner
        }
    }
    return $readings
}

function Get-LeeboardAccountLockoutChange {
    <#
    .SYNOPSIS
    The edits that changes come to: @{Target; Before; After}. Changes nothing; throws the problem refused.
    .DESCRIPTION
    Windows wants the duration to be at least the reset time. Where only one of them is changed, the other one goes with
    it, and shows as an edit of its own.
    .PARAMETER Changes
    Dictionaries with address and value, a number.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Changes)

    $type = Get-LeeboardMachineValue -Path 'HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions' -Name ProductType
    if ($type.state -eq 'value' -and $type.value -eq 'LanmanNT') {
        Stop-Change "this is a domain controller: the lock-out policy is the domain's and is set there"
    }
    $now = Get-Policy
    $asked = @{}
    foreach ($change in $Changes) { $asked[$change.address] = Get-AskedNumber $change }
    $wanted = Resolve-Change $asked $now
    foreach ($key in @($script:Tries, $script:Duration, $script:Reset, $script:Administrator)) {
        if ($wanted.ContainsKey($key)) {
            $before = [ordered]@{ state = 'absent' }
            if ($now.ContainsKey($key)) { $before = [ordered]@{ state = 'value'; value = $now[$key]; type = 'int' } }
            $after = [ordered]@{ state = 'value'; value = $wanted[$key]; type = 'int' }
            @{ Target = $key; Before = $before; After = $after }
        }
    }
}

function Set-LeeboardAccountLockoutChange {
    <#
    .SYNOPSIS
    Make edits, all in one template that holds nothing else, and look whether they took.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Edits)

    $keys = [ordered]@{}
    foreach ($edit in $Edits) { $keys[$edit.Target] = $edit.After.value }
    Set-LeeboardSecurityTemplate -Area SECURITYPOLICY -Section 'System Access' -Keys $keys
    $now = Get-Policy
    foreach ($edit in $Edits) {
        if ($now[$edit.Target] -ne $edit.After.value) {
            $why = "$script:Program reported no error, but $($edit.Target) is not $($edit.After.value)"
            $set = Resolve-LeeboardOwner { Get-LeeboardSecurityOwner $edit.Target }
            if ($set.Owner) { $why = "$($why): it is set by $($set.Owner)" }
            throw (New-LeeboardProblem -Code failed -Why $why)
        }
    }
}

# The numbers by key; a key that Windows does not write is not there.
function Get-Policy {
    return Get-LeeboardOnce -Name 'account lockout' -Read { Read-Export }
}

function Read-Export {
    $text = Get-LeeboardSecurityExport
    $access = ConvertFrom-LeeboardTemplate $text 'System Access'
    $policy = @{}
    foreach ($key in @($script:Ranges.Keys | Where-Object { $access.ContainsKey($_) })) {
        if ($access[$key] -notmatch '^-?\d{1,10}$') {
            Stop-Export "says $key = $($access[$key]), which is no number"
        }
        $policy[$key] = [long]$access[$key]
    }
    if (-not (Test-LeeboardTemplate $text) -or -not $policy.ContainsKey($script:Tries)) {
        Stop-Export "is no security template with a $script:Tries"
    }
    $hasTimes = $policy.ContainsKey($script:Duration) -and $policy.ContainsKey($script:Reset)
    if ($policy[$script:Tries] -ne 0 -and -not $hasTimes) {
        Stop-Export "lacks $script:Duration or $script:Reset"
    }
    return $policy
}

function Stop-Export {
    param([string]$Why)

    throw (New-LeeboardProblem -Code malformed -Why "what $script:Program /export wrote $Why")
}

function Stop-Change {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

function Get-AskedNumber {
    param([object]$Change)

    $key, $text = $Change.address, "$($Change.value)"
    if (-not $script:Ranges.ContainsKey($key)) {
        Stop-Change "the lock-out policy has no $key"
    }
    $least, $most = $script:Ranges[$key]
    $number = [long]0
    $isForever = $key -eq $script:Duration -and $text -eq '-1'
    $isNumber = [long]::TryParse($text, 'AllowLeadingSign', [cultureinfo]::InvariantCulture, [ref]$number)
    if (-not $isForever -and -not ($isNumber -and $number -ge $least -and $number -le $most)) {
        Stop-Change "$key is a number from $least to $most, not $text"
    }
    return $number
}

# What is asked for and what has to go with it, by key.
function Resolve-Change {
    param([hashtable]$Asked, [hashtable]$Now)

    $whole = $Now.Clone()
    foreach ($key in $Asked.Keys) { $whole[$key] = $Asked[$key] }
    if ($Asked.ContainsKey($script:Administrator) -and -not $Now.ContainsKey($script:Administrator)) {
        Stop-Change "this Windows has no $script:Administrator"
    }
    $times = @($script:Duration, $script:Reset | Where-Object { $Asked.ContainsKey($_) })
    if (-not $times.Length) {
        return $Asked
    }
    if ($whole[$script:Tries] -eq 0) {
        Stop-Change "$($script:NeverLocked): set $script:Tries as well"
    }
    # A time that Windows does not show while nobody is locked out may be anything, so it goes along as well.
    $isKnown = $whole.ContainsKey($script:Duration) -and $whole.ContainsKey($script:Reset)
    if ($whole[$script:Duration] -eq -1 -or ($isKnown -and $whole[$script:Duration] -ge $whole[$script:Reset])) {
        return $Asked
    }
    if ($times.Length -eq 2) {
        Stop-Change "$script:Duration must be at least $script:Reset"
    }
    $wanted = $Asked.Clone()
    $wanted[$script:Duration] = $wanted[$script:Reset] = $Asked[$times[0]]
    return $wanted
}

Export-ModuleMember -Function Read-LeeboardAccountLockout, Get-LeeboardAccountLockoutChange,
    Set-LeeboardAccountLockoutChange
