# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..system.EventLogSource
#AnsibleRequires -PowerShell ..system.RegistryKey

# The driver `windows_time`: which service sets the clock, whom it asks, and whether that works. It only reads.
#
# A policy counts where it says anything, else the service's own key: "If this policy setting is enabled, W32time Service
# on target machines use the settings provided here. Otherwise, the service on target machines use locally configured
# settings values" (W32Time.admx; Microsoft, Policy CSP - ADMX_W32Time), and values of group policy overwrite those of the
# service (Microsoft, Windows Time service tools and settings). What the other one says is named. Whether it works is told
# by event 260 of the service's own log, which has numbers and not translated text (Microsoft, Windows Time for
# traceability: it is written when the service has started and every eight hours while it runs).

Set-StrictMode -Version 2.0

$script:Driver = 'windows_time'
$script:Addresses = 'client', 'servers', 'service', 'source', 'synchronised'
$script:Own = 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time'
$script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\W32Time'
$script:Provider = 'Microsoft-Windows-Time-Service'
$script:Days = 14
# Services that set the clock: Windows' own, and ntpd as Meinberg packs it; NetTime's name is recalled.
$script:Services = 'W32Time', 'NTP', 'NetTimeSvc'
$script:Disabled = 4
$script:Local = '0x4C4F434C'  # LOCL: the machine's own clock poses as the source

function Read-LeeboardWindowsTime {
    <#
    .SYNOPSIS
    A reading for each address.
    .DESCRIPTION
    service: the services that may set the clock. source: `domain`, `servers`, or `none`. servers: those that are named
    where servers are asked. client: whether the service may ask at all, 0 or 1. synchronised: whether it has the time
    from somebody else.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if ($script:Addresses -cnotcontains $address) {
                throw (New-LeeboardProblem -Code malformed -Why "'$address' is no address of the driver $script:Driver")
            }
            switch ($address) {
                'service' { Get-ServiceReading }
                'source' { Get-SettingReading source 'Parameters' Type { param($found) Get-Source $found } }
                'servers' { Get-ServersReading }
                'client' { Get-SettingReading client 'TimeProviders\NtpClient' Enabled { param($found) $found } }
                'synchronised' { Get-SynchronisedReading }
            }
        }
    }
    return $readings
}

function Get-ServiceReading {
    $found = foreach ($name in $script:Services) {
        $key = "HKLM\SYSTEM\CurrentControlSet\Services\$name"
        $start = Get-LeeboardMachineValue -Path $key -Name Start
        if ($start.state -eq 'value' -and $start.value -ne $script:Disabled) { $name }
    }
    $source = 'start types of the services that can set a clock'
    if (-not $found) {
        $aspect = New-LeeboardAbsent -Source $source
    } else {
        $aspect = New-LeeboardValue -Value ([string]::Join(' and ', [string[]]@($found))) -Type string -Source $source
    }
    return New-LeeboardReading -Driver $script:Driver -Address service -Effective $aspect
}

# The value that counts, @{Found; Source; Note; IsPolicy}: the policy's, or else the service's own.
function Find-Setting {
    param([string]$Key, [string]$Name)

    $policy, $own = "$script:Policy\$Key", "$script:Own\$Key"
    $said = Get-LeeboardMachineValue -Path $policy -Name $Name
    $found = Get-LeeboardMachineValue -Path $own -Name $Name
    if ($said.state -ne 'value') {
        $source = if ($found.state -eq 'value') { "$own`:$Name is $($found.value)" } else { "$own has no $Name" }
        return @{ Found = $found; Source = $source; Note = ''; IsPolicy = $false }
    }
    $note = ''
    if ($found.state -ne 'value' -or [string]$found.value -cne [string]$said.value) {
        $is = if ($found.state -eq 'value') { "is $($found.value)" } else { 'is not set' }
        $note = "$own`:$Name $is, but the policy counts"
    }
    return @{ Found = $said; Source = "$policy`:$Name is $($said.value)"; Note = $note; IsPolicy = $true }
}

# The reading of the value that counts. Where the service may not ask at all, that is a note of whom it asks.
function Get-SettingReading {
    param([string]$Address, [string]$Key, [string]$Name, [scriptblock]$Convert)

    $set = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path "$script:Policy\$Key" -Name $Name }
    $counts = Find-Setting $Key $Name
    $notes = @($counts.Note, $set.Note)
    if ($Address -eq 'source') {
        $client = Find-Setting 'TimeProviders\NtpClient' Enabled
        if ($client.Found.state -eq 'value' -and [string]$client.Found.value -eq '0') {
            $notes += "$($client.Source), so the service asks no time server"
        }
    }
    $note = [string]::Join('; ', [string[]]@($notes | Where-Object { $_ }))
    if ($counts.Found.state -eq 'value') {
        $value = & $Convert $counts.Found
        $effective = New-LeeboardValue -Value $value.value -Type $value.type -Source $counts.Source -Note $note
    } else {
        $effective = New-LeeboardAbsent -Source $counts.Source -Note $note
    }
    $configured = if ($counts.IsPolicy) { $effective }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $effective -Configured $configured `
        -Owner $set.Owner
}

# Whom the service asks, from the value Type: what a domain says is right for its members only.
function Get-Source {
    param([System.Collections.IDictionary]$Found)

    $type = ([string]$Found.value).Trim()
    $word = switch ($type) {
        'NT5DS' { if (Test-Member) { 'domain' } else { 'none' } }
        'NTP' { 'servers' }
        'AllSync' { if (Test-Member) { 'domain' } else { 'servers' } }
        'NoSync' { 'none' }
        default { $type }
    }
    return @{ value = $word; type = 'string' }
}

function Test-Member {
    $system = @(Get-LeeboardCim -ClassName Win32_ComputerSystem)
    if (-not $system.Length) {
        throw (New-LeeboardProblem -Code failed -Why 'Windows does not say whether it is a member of a domain')
    }
    return [bool]$system[0].PartOfDomain
}

# "NAME,0xFLAGS NAME,0xFLAGS" as a list of names, where servers are asked.
function Get-ServersReading {
    $type = Find-Setting 'Parameters' Type
    $isAsked = $type.Found.state -eq 'value' -and ([string]$type.Found.value).Trim() -in 'NTP', 'AllSync'
    $list = Find-Setting 'Parameters' NtpServer
    if (-not $isAsked) {
        $aspect = New-LeeboardAbsent -Source "$($type.Source): no server of this list is asked" -Note $type.Note
    } elseif ($list.Found.state -ne 'value') {
        $aspect = New-LeeboardValue -Value ([string[]]@()) -Type list -Source $list.Source
    } else {
        $names = @(foreach ($one in ([string]$list.Found.value) -split '\s+') { ($one -split ',')[0] }) | Where-Object { $_ }
        $aspect = New-LeeboardValue -Value ([string[]]@($names)) -Type list -Source $list.Source -Note $list.Note
    }
    return New-LeeboardReading -Driver $script:Driver -Address servers -Effective $aspect
}

function Get-SynchronisedReading {
    $since = (Get-LeeboardNow).AddDays(-$script:Days)
    $log = "$script:Provider/Operational"
    $found = @(Get-LeeboardEvent -Log $log -Provider $script:Provider -Id 260 -Since $since)
    if (-not $found.Length) {
        $aspect = New-LeeboardAbsent -Source "$log has no status (event 260) of the last $script:Days days"
        return New-LeeboardReading -Driver $script:Driver -Address synchronised -Effective $aspect
    }
    $said = @{}
    foreach ($name in 'LeapIndicator', 'Stratum', 'ReferenceId') {
        $node = $found[0].SelectSingleNode("//*[local-name()='Data'][@Name='$name']")
        $said[$name] = if ($null -eq $node) { '' } else { $node.InnerText }
    }
    $leap, $stratum = 0, 0
    if (-not [int]::TryParse($said.LeapIndicator, [ref]$leap) -or -not [int]::TryParse($said.Stratum, [ref]$stratum)) {
        throw (New-LeeboardProblem -Code malformed -Why "event 260 in $log tells no leap indicator and stratum")
    }
    # RFC 5905: leap indicator 3 is a clock that is not synchronised; strata 1 to 15 have a source, 0 and 16 have none.
    $isGood = $leap -ge 0 -and $leap -lt 3 -and $stratum -ge 1 -and $stratum -le 15 -and
        $said.ReferenceId -notlike "$script:Local*"
    # Of a clock that is right, who gave the time and by how many steps is another each night.
    $source = "$log, its newest event 260"
    if (-not $isGood) { $source += ": leap indicator $leap, stratum $stratum, $($said.ReferenceId)" }
    $aspect = New-LeeboardValue -Value $isGood -Type bool -Source $source
    return New-LeeboardReading -Driver $script:Driver -Address synchronised -Effective $aspect
}

Export-ModuleMember -Function Read-LeeboardWindowsTime
