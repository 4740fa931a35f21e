# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..remote.OwnWay
#AnsibleRequires -PowerShell ..remote.RemoteDesktop
#AnsibleRequires -PowerShell ..remote.WinRm
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .FirewallWords

# The ports by which a machine is managed, and whether whoever changes it would still get in.

Set-StrictMode -Version 2.0

$script:Desktop = 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'

function Get-LeeboardManagementPort {
    <#
    .SYNOPSIS
    The ports to let management networks in by: where WinRM listens, the one we came by, and that of Remote Desktop while
    it lets anybody in. Throws the problem refused where there is none.
    #>
    $ports = @(Get-LeeboardListenedPort) + @((Get-LeeboardOwnWay).Ports | ForEach-Object { [string]$_ })
    if (Test-Desktop) {
        $own = Get-LeeboardMachineValue -Path $script:Desktop -Name PortNumber
        $ports += if ($own.state -eq 'value') { [string]$own.value } else { '3389' }
    }
    $ports = @($ports | Sort-Object -Unique)
    if (-not $ports.Length) {
        throw (New-LeeboardProblem -Code refused -Why ('WinRM listens nowhere and nobody came by a network, so no rule ' +
                'would let anybody in; prepare the machine first (scripts/prepare-windows.ps1)'))
    }
    return $ports
}

# Closed unless something says 0: fDenyTSConnections of a Windows that says nothing is 1.
function Test-Desktop {
    $reading = (Read-LeeboardRemoteDesktop -Addresses fDenyTSConnections)['fDenyTSConnections']
    return $reading.effective.state -eq 'value' -and [string]$reading.effective.value -eq '0'
}

function Assert-LeeboardLetsUsIn {
    <#
    .SYNOPSIS
    Throw the problem refused unless one of the networks holds the address that we come from.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][string[]]$Networks)

    if (-not $Networks.Length) {
        throw (New-LeeboardProblem -Code refused -Why ('no network is named that technicians come from, so nobody could ' +
                'come back; name it in leeboard_management_networks'))
    }
    $from = @((Get-LeeboardOwnWay).From)
    if (-not $from.Length) { return }
    if (-not @($from | Where-Object { Test-LeeboardWithin -Address $_ -Networks $Networks }).Length) {
        throw (New-LeeboardProblem -Code refused -Why ("none of leeboard_management_networks holds " +
                "$([string]::Join(' or ', [string[]]$from)), from where this roll-out comes"))
    }
}

Export-ModuleMember -Function Get-LeeboardManagementPort, Assert-LeeboardLetsUsIn
