#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.checkpoint.Arm
#AnsibleRequires -PowerShell ..module_utils._windows.checkpoint.Covers
#AnsibleRequires -PowerShell ..module_utils._windows.checkpoint.Ending
#AnsibleRequires -PowerShell ..module_utils._windows.checkpoint.Status
#AnsibleRequires -PowerShell ..module_utils._windows.engine.DriverModule
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Reading

$spec = @{
    options = @{
        state = @{ type = 'str'; choices = 'armed', 'confirmed', 'put_back', 'read'; default = 'read' }
        steps = @{
            type = 'list'
            elements = 'dict'
            default = @()
            options = @{
                driver = @{ type = 'str'; required = $true }
                settings = @{ type = 'list'; elements = 'dict'; required = $true }
            }
        }
        undo = @{ type = 'str' }
        run_id = @{ type = 'str' }
        by = @{ type = 'str'; default = '' }
        token_digest = @{ type = 'str'; no_log = $false }
        token = @{ type = 'str'; no_log = $true }
    }
    required_if = @(
        , @('state', 'armed', @('run_id', 'token_digest'))
        , @('state', 'confirmed', @('token'))
    )
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

function Set-Answer {
    param([System.Collections.IDictionary]$Answer)

    $plain = ConvertTo-LeeboardPlain $Answer
    foreach ($key in $plain.Keys) { $module.Result[$key] = $plain[$key] }
}

try {
    $found = Get-LeeboardCheckpoint
    Set-Answer @{ changed = $false; checkpoint = $found }
    switch ($module.Params.state) {
        'armed' {
            if ($module.Params.token_digest -cnotmatch '\A[0-9a-f]{64}\z') {
                throw (New-LeeboardProblem -Code refused -Why 'token_digest must be 64 hexadecimal digits')
            }
            Assert-LeeboardFree
            if ($module.Params.undo) {
                $cover = Get-LeeboardUndoCover -RunId $module.Params.undo
            } else {
                $cover = Get-LeeboardCover -Steps ([object[]]@($module.Params.steps))
            }
            Set-Answer @{
                changed = [bool]$cover.Covers.Count; left_out = $cover.LeftOut; held = $false
                seconds = Get-LeeboardCheckpointTime $cover.Covers
            }
            if ($cover.Covers.Count -and -not $module.CheckMode) {
                $found = Enable-LeeboardCheckpoint -RunId $module.Params.run_id -By $module.Params.by `
                    -TokenDigest $module.Params.token_digest -Covers $cover.Covers
                Set-Answer @{ checkpoint = $found }
            }
        }
        'confirmed' {
            if ($module.CheckMode) {
                Set-Answer @{ changed = $found.state -ceq 'armed' }
            } else {
                $done = Confirm-LeeboardCheckpoint -Token $module.Params.token
                Set-Answer @{ changed = $done.Changed; checkpoint = $done.Found }
            }
        }
        'put_back' {
            if ($module.CheckMode) {
                Set-Answer @{ changed = $found.state -cin 'armed', 'putting-back' }
            } else {
                $done = Undo-LeeboardCheckpoint
                Set-Answer @{ changed = $done.Changed; checkpoint = $done.Found }
            }
        }
    }
} catch {
    $problem = ConvertTo-LeeboardProblem $_
    $module.Result.changed = $false
    $module.Result.held = $problem.Code -ceq 'held'
    try { Set-Answer @{ checkpoint = Get-LeeboardCheckpoint } } catch { $module.Result.Remove('checkpoint') }
    $module.FailJson("checkpoint: $($problem.Why)", $_)
}
$module.ExitJson()
