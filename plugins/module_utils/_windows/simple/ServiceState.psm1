# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.RegistryKey

# How services are started. An address is NAME:StartMode, the value Auto, Manual, Disabled, Boot or System. Read only:
# the registry says how a service is started, but may not be used to change it
# (https://learn.microsoft.com/previous-versions/windows/it-pro/windows-2000-server/cc959920(v=technet.10)).

Set-StrictMode -Version 2.0

$script:Driver = 'service_state'
$script:Grammar = '\A(?<name>[A-Za-z0-9_]+):StartMode\z'
$script:Modes = @{ '0' = 'Boot'; '1' = 'System'; '2' = 'Auto'; '3' = 'Manual'; '4' = 'Disabled' }

function Read-LeeboardServiceState {
    <#
    .SYNOPSIS
    A reading for each address. A service that starts with Windows and does not run has the aspect running, `Stopped`.
    .DESCRIPTION
    A delayed start is Auto as well.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            Get-ServiceReading $address
        }
    }
    return $readings
}

function Get-ServiceReading {
    param([string]$Address)

    if ($Address -notmatch $script:Grammar) {
        throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
    }
    $name = $Matches['name']
    $key = "HKLM\SYSTEM\CurrentControlSet\Services\$name"
    $start = Get-LeeboardMachineValue -Path $key -Name Start
    if ($start.state -ne 'value') {
        $aspect = New-LeeboardAbsent -Source "$key`: there is no such service"
        return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect
    }
    $mode = if ($start.type -eq 'dword') { $script:Modes[[string]$start.value] }
    if (-not $mode) {
        $why = "$key`:Start is $($start.value) ($($start.type)), which is no start mode"
        throw (New-LeeboardProblem -Code malformed -Why $why)
    }
    $aspect = New-LeeboardValue -Value $mode -Type string -Source "$key`:Start"
    $running = if ($mode -eq 'Auto') { Get-Standstill $name }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect -Running $running
}

# The aspect running of a service that should run and does not; nothing for one that runs or is about to.
function Get-Standstill {
    param([string]$Name)

    try {
        $status = [string](Get-Service -Name $Name -ErrorAction Stop).Status
    } catch {
        $why = "Windows does not say whether $Name runs: $($_.Exception.Message)"
        return New-LeeboardUnreadable -Code failed -Why $why
    }
    if ($status -notin 'Running', 'StartPending', 'ContinuePending') {
        return New-LeeboardValue -Value Stopped -Type string -Source "Get-Service $Name says $status"
    }
}

Export-ModuleMember -Function Read-LeeboardServiceState
