#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.engine.DriverModule
#AnsibleRequires -PowerShell ..module_utils._windows.vpn.VpnConnection
#AnsibleRequires -PowerShell ..module_utils._windows.vpn.VpnConnectionChange

$spec = @{
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec, @(Get-LeeboardModuleSpec))

Invoke-LeeboardDriverModule -Module $module -Driver vpn_connection
