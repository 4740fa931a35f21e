#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Reading
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Host
#AnsibleRequires -PowerShell ..module_utils._windows.system.RegistryKey
#AnsibleRequires -PowerShell ..module_utils._windows.engine.ToolFile
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.AuditCsv
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.SecurityTemplate
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.RegistryPol
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.GroupPolicySource
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.Places
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.PolicyPlace
#AnsibleRequires -PowerShell ..module_utils._windows.remote.WinRm
#AnsibleRequires -PowerShell ..module_utils._windows.engine.DriverModule

$spec = @{
    options = @{
        addresses = @{ type = 'list'; elements = 'str'; required = $true }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$readings = Read-LeeboardWinRm -Addresses ([string[]]@($module.Params.addresses))
$module.Result.changed = $false
$module.Result.readings = ConvertTo-LeeboardPlain $readings
$module.ExitJson()
