# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..firewall.FirewallChange
#AnsibleRequires -PowerShell ..remote.RemoteDesktopChange
#AnsibleRequires -PowerShell ..remote.WinRmChange
#AnsibleRequires -PowerShell ..vpn.VpnConnectionChange

# The drivers whose changes could cut a technician off, one line each, with what says how to bring the device back. Named
# here, since Ansible sends only what it sees named.

Set-StrictMode -Version 2.0

$script:Covers = @{
    firewall_profile = 'Get-LeeboardFirewallProfileCover'
    remote_desktop = 'Get-LeeboardRemoteDesktopCover'
    winrm = 'Get-LeeboardWinRmCover'
    vpn_connection = 'Get-LeeboardVpnConnectionCover'
}

function Get-LeeboardCoverFunction {
    <#
    .SYNOPSIS
    The name of the function that gives a driver's cover; empty for one whose changes cut nobody off.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Driver)

    return [string]$script:Covers[$Driver]
}

Export-ModuleMember -Function Get-LeeboardCoverFunction
