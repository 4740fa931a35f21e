#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.bitlocker.BitLockerVolume
#AnsibleRequires -PowerShell ..module_utils._windows.engine.DriverModule

$spec = @{
    options = @{
        addresses = @{ type = 'list'; elements = 'str'; required = $true }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$readings = Read-LeeboardBitLocker -Addresses ([string[]]@($module.Params.addresses))
$module.Result.changed = $false
$module.Result.readings = ConvertTo-LeeboardPlain $readings
$module.ExitJson()
