#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.Reading
#AnsibleRequires -PowerShell ..module_utils._windows.System
#AnsibleRequires -PowerShell ..module_utils._windows.Native
#AnsibleRequires -PowerShell ..module_utils._windows.Identity
#AnsibleRequires -PowerShell ..module_utils._windows.Facts
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryKey
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryStart
#AnsibleRequires -PowerShell ..module_utils._windows.Registry
#AnsibleRequires -PowerShell ..module_utils._windows.Profiles
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryUser
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryAcl
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryPol
#AnsibleRequires -PowerShell ..module_utils._windows.ToolFile
#AnsibleRequires -PowerShell ..module_utils._windows.AuditCsv
#AnsibleRequires -PowerShell ..module_utils._windows.SecurityTemplate
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicySource
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.AuditPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.AccountLockout
#AnsibleRequires -PowerShell ..module_utils._windows.PowerPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.ServiceState
#AnsibleRequires -PowerShell ..module_utils._windows.Visit

$spec = @{
    options = @{
        addresses = @{ type = 'dict'; required = $true }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# ansible-core runs a PowerShell module on Linux as well, where nothing of this would be true.
if ([System.Environment]::OSVersion.Platform -ne [System.PlatformID]::Win32NT) {
    $module.FailJson('this machine does not run Windows, as leeboard_platform in the inventory says it does')
}

foreach ($driver in $module.Params.addresses.Keys) {
    $wanted = $module.Params.addresses[$driver]
    if ($wanted -isnot [System.Collections.IList] -or @($wanted | Where-Object { $_ -isnot [string] })) {
        $module.FailJson("addresses.$driver must be a list of texts")
    }
}

$module.Result.changed = $false
$module.Result.observation = Get-LeeboardObservation -Addresses $module.Params.addresses
$module.ExitJson()
