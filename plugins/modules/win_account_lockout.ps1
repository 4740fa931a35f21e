#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.Reading
#AnsibleRequires -PowerShell ..module_utils._windows.System
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryKey
#AnsibleRequires -PowerShell ..module_utils._windows.ToolFile
#AnsibleRequires -PowerShell ..module_utils._windows.AuditCsv
#AnsibleRequires -PowerShell ..module_utils._windows.SecurityTemplate
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryPol
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicySource
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.SecurityExport
#AnsibleRequires -PowerShell ..module_utils._windows.AccountLockout
#AnsibleRequires -PowerShell ..module_utils._windows.Journal
#AnsibleRequires -PowerShell ..module_utils._windows.Change
#AnsibleRequires -PowerShell ..module_utils._windows.DriverModule

$spec = @{
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec, @(Get-LeeboardModuleSpec))

Invoke-LeeboardDriverModule -Module $module -Driver account_lockout
