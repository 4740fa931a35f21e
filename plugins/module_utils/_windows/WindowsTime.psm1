# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The driver `windows_time`: which service sets the clock, whom it asks, and whether that works. It only reads.
#
# What counts is the service's own key: policy values are copied over it (Microsoft, Windows Time service tools and
# settings), so a policy that says something else is what is configured and does not take effect. Whether it works is
# told by event 260 of the service's own log, which has numbers and not translated text (Microsoft, Windows Time for
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
                'source' { Get-OwnReading source 'Parameters' Type { param($found) Get-Source $found } }
                'servers' { Get-ServersReading }
                'client' { Get-OwnReading client 'TimeProviders\NtpClient' Enabled { param($found) $found } }
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

# A value of the service's own key, and as configured the policy where there is one.
function Get-OwnReading {
    param([string]$Address, [string]$Key, [string]$Name, [scriptblock]$Convert)

    $set = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path "$script:Policy\$Key" -Name $Name }
    $aspects = foreach ($path in "$script:Own\$Key", "$script:Policy\$Key") {
        $found = Get-LeeboardMachineValue -Path $path -Name $Name
        if ($found.state -ne 'value') {
            New-LeeboardAbsent -Source "$path has no $Name" -Note $set.Note
            continue
        }
        $value = & $Convert $found
        $source = "$path`:$Name is $($found.value)"
        New-LeeboardValue -Value $value.value -Type $value.type -Source $source -Note $set.Note
    }
    $configured = if ($aspects[1].state -eq 'value') { $aspects[1] }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspects[0] -Configured $configured `
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
    $key = "$script:Own\Parameters"
    $type = Get-LeeboardMachineValue -Path $key -Name Type
    $isAsked = $type.state -eq 'value' -and ([string]$type.value).Trim() -in 'NTP', 'AllSync'
    $found = Get-LeeboardMachineValue -Path $key -Name NtpServer
    if (-not $isAsked) {
        $aspect = New-LeeboardAbsent -Source "$key`:Type is $($type['value']): no server of this list is asked"
    } elseif ($found.state -ne 'value') {
        $aspect = New-LeeboardValue -Value ([string[]]@()) -Type list -Source "$key has no NtpServer"
    } else {
        $names = @(foreach ($one in ([string]$found.value) -split '\s+') { ($one -split ',')[0] }) | Where-Object { $_ }
        $aspect = New-LeeboardValue -Value ([string[]]@($names)) -Type list -Source "$key`:NtpServer"
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
    $when = $found[0].SelectSingleNode('//*[local-name()="TimeCreated"]/@SystemTime').Value.Substring(0, 19)
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
    $source = "$log, event 260 of $($when)Z: leap indicator $leap, stratum $stratum, $($said.ReferenceId)"
    $aspect = New-LeeboardValue -Value $isGood -Type bool -Source $source
    return New-LeeboardReading -Driver $script:Driver -Address synchronised -Effective $aspect
}

Export-ModuleMember -Function Read-LeeboardWindowsTime
