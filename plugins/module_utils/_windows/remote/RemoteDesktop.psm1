# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.PolicyPlace
#AnsibleRequires -PowerShell ..system.RegistryKey

# The driver `remote_desktop`: Remote Desktop and Remote Assistance as they take effect. An address is the name of a
# value. What it writes is RemoteDesktopChange.psm1's.
#
# A group policy wins (TerminalServer.admx and RemoteAssistance.admx: "local setting on the target computer" where it is
# not configured). Behind it stand the machine's own values, some for the machine and some for each listener. The first
# listener is RDP-Tcp; programs add others, and a value there counts for whoever comes in by it. The names of the local
# keys are seen in third-party sources only (windows_settings.csv).

Set-StrictMode -Version 2.0

$script:Driver = 'remote_desktop'
$script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
$script:Server = 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server'
$script:Help = 'HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance'
$script:Stations = "$script:Server\WinStations"
$script:Main = 'RDP-Tcp'
# Where a value may stand besides the policy: '' is nowhere, 'listener' in the key of each listener.
$script:Local = @{
    fDenyTSConnections   = $script:Server
    UserAuthentication   = 'listener'
    SecurityLayer        = 'listener'
    MinEncryptionLevel   = 'listener'
    fPromptForPassword   = 'listener'
    fEncryptRPCTraffic   = ''
    MaxIdleTime          = 'listener'
    MaxDisconnectionTime = 'listener'
    fDisableCcm          = 'listener'
    fDisableCdm          = 'listener'
    fDisableClip         = 'listener'
    fDisableLPT          = 'listener'
    fDisablePNPRedir     = ''
    fAllowToGetHelp      = $script:Help
    fAllowUnsolicited    = ''
}
# RemoteAssistance.admx: without the policy "users can turn on or turn off" asking for help themselves, so what the machine
# itself has is no setting that anybody made.
$script:LeftToUsers = 'fAllowToGetHelp'
# A listener's own value counts only where this says that it is not taken from the user's account; absent says it is.
$script:Inherited = @{ MaxIdleTime = 'fInheritMaxIdleTime'; MaxDisconnectionTime = 'fInheritMaxDisconnectionTime' }

function Read-LeeboardRemoteDesktop {
    <#
    .SYNOPSIS
    A reading for each address. Other listeners than RDP-Tcp are `others`.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            Get-RemoteDesktopReading $address
        }
    }
    return $readings
}

function Get-RemoteDesktopReading {
    param([string]$Address)

    if (@($script:Local.Keys) -cnotcontains $Address) {
        throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
    }
    $places = @(@{ Path = $script:Policy; Name = $Address })
    $local = $script:Local[$Address]
    $note = ''
    if ($local -eq 'listener') {
        $own = Get-OwnPlace $Address $script:Main
        if ($own.Counts) {
            $places += $own.Place
        } else {
            $note = "$($own.Place.Path):$Address does not count, since $($script:Inherited[$Address]) is not 0"
        }
    } elseif ($local) {
        $places += @{ Path = $local; Name = $Address }
    }
    $came = Resolve-LeeboardPolicy -Places $places
    if ($local -eq 'listener' -and -not $came.IsPolicy) {
        $others = @(foreach ($name in (Get-LeeboardListener).Others) { Get-Other $Address $name })
        if ($others.Length) { $came.Effective['others'] = [object[]]$others }
        if ($note) { Add-Words $came.Effective $note }
    }
    $effective = $came.Effective
    if ($script:LeftToUsers -ccontains $Address -and -not $came.IsPolicy -and $came.Found.state -eq 'value') {
        $words = "$local`:$Address is $($came.Found.value), and people can change that themselves"
        $effective = New-LeeboardAbsent -Source "$script:Policy has no $Address" -Note $words
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $effective `
        -Configured $came.Configured -Owner $came.Owner
}

# @{Place; Counts}: where a listener keeps a value of its own, and whether Windows takes it from there.
function Get-OwnPlace {
    param([string]$Value, [string]$Listener)

    $key = "$script:Stations\$Listener"
    $counts = $true
    if ($script:Inherited.ContainsKey($Value)) {
        $inherits = Get-LeeboardMachineValue -Path $key -Name $script:Inherited[$Value]
        $counts = $inherits.state -eq 'value' -and [string]$inherits.value -eq '0'
    }
    return @{ Place = @{ Path = $key; Name = $Value }; Counts = $counts }
}

function Get-Other {
    param([string]$Value, [string]$Listener)

    $own = Get-OwnPlace $Value $Listener
    $found = @{ state = 'absent' }
    if ($own.Counts) { $found = Get-LeeboardMachineValue -Path $own.Place.Path -Name $own.Place.Name }
    if ($found.state -eq 'absent') {
        return New-LeeboardOther -Who "the listener $Listener"
    }
    return New-LeeboardOther -Who "the listener $Listener" -Value $found.value -Type $found.type
}

function Get-LeeboardListener {
    <#
    .SYNOPSIS
    @{Others}: the names of the listeners besides RDP-Tcp that are switched on, which is whatever has a port.
    #>
    return Get-LeeboardOnce -Name 'listeners for remote desktop' -Read {
        $names = @(Get-StationName | Where-Object { $_ -ne $script:Main })
        @{ Others = @($names | Where-Object { Test-Listener $_ } | Sort-Object) }
    }
}

function Get-StationName {
    $key = Open-LeeboardKey $script:Stations
    if ($null -eq $key) { return }
    try {
        $key.GetSubKeyNames()
    } finally {
        $key.Dispose()
    }
}

# fEnableWinStation 0 is a listener that was switched off. Recalled, so it is to be tried on a real machine.
function Test-Listener {
    param([string]$Name)

    $key = "$script:Stations\$Name"
    if ((Get-LeeboardMachineValue -Path $key -Name PortNumber).state -ne 'value') { return $false }
    $enabled = Get-LeeboardMachineValue -Path $key -Name fEnableWinStation
    return $enabled.state -eq 'absent' -or [string]$enabled.value -ne '0'
}

function Add-Words {
    param([System.Collections.IDictionary]$Aspect, [string]$Note)

    if ($Aspect.Contains('note')) { $Note = "$($Aspect.note); $Note" }
    $Aspect['note'] = $Note
}

Export-ModuleMember -Function Read-LeeboardRemoteDesktop, Get-LeeboardListener
