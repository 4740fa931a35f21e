#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils._windows.bitlocker.SealedKeys
#AnsibleRequires -PowerShell ..module_utils._windows.bitlocker.BitLockerSteps
#AnsibleRequires -PowerShell ..module_utils._windows.engine.DriverModule
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Reading

$steps = 'survey', 'change', 'new_key', 'protect', 'protect_with_pin', 'read_out', 'remove', 'suspend'
$spec = @{
    options = @{
        step = @{ type = 'str'; required = $true; choices = $steps }
        wish = @{
            type = 'dict'
            options = @{
                protector = @{ type = 'str'; choices = 'tpm', 'tpm-and-pin'; default = 'tpm' }
                method = @{ type = 'int'; choices = 6, 7; default = 7 }
                used_space = @{ type = 'bool'; default = $false }
                place = @{ type = 'str'; choices = 'ad', 'entra' }
                kept = @{ type = 'list'; elements = 'str'; default = @() }
                not_there = @{ type = 'list'; elements = 'str'; default = @() }
                test_failed = @{ type = 'bool'; default = $false }
                restarts = @{ type = 'int'; default = 0 }
                preview = @{ type = 'bool'; default = $false }
                policy = @{ type = 'dict'; default = @{} }
                without_pin = @{ type = 'bool'; default = $false }
                left_drives = @{ type = 'list'; elements = 'str'; default = @() }
                left_start = @{ type = 'bool'; default = $false }
                options = @{
                    type = 'list'; elements = 'str'; default = @()
                    choices = 'beside_manager', 'leave_to_manager', 'remove_strangers', 'retry_test', 'without_pcr7'
                }
            }
        }
        volume = @{ type = 'str' }
        protector = @{ type = 'str' }
        name = @{ type = 'str' }
        sealed = @{ type = 'str' }
        modulus = @{ type = 'str' }
        exponent = @{ type = 'str' }
        keep = @{ type = 'str' }
        restarts = @{ type = 'int' }
        run_id = @{ type = 'str' }
    }
    required_if = @(
        , @('step', 'survey', @('wish'))
        , @('step', 'change', @('wish', 'run_id'))
        , @('step', 'protect', @('volume', 'name', 'sealed'))
        , @('step', 'protect_with_pin', @('volume', 'name', 'sealed'))
        , @('step', 'read_out', @('volume', 'protector', 'modulus', 'exponent'))
        , @('step', 'remove', @('volume', 'protector', 'keep'))
        , @('step', 'suspend', @('volume', 'keep', 'restarts', 'run_id'))
    )
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

try {
    $answer = Invoke-LeeboardBitLockerStep -Step $module.Params.step -Given $module.Params -Check $module.CheckMode
    $plain = ConvertTo-LeeboardPlain $answer
} catch {
    $module.FailJson("BitLocker: $((ConvertTo-LeeboardProblem $_).Why)", $_)
}
foreach ($part in $plain.Keys) { $module.Result[$part] = $plain[$part] }
$module.ExitJson()
