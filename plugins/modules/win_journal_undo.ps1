#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.Undo
#AnsibleRequires -PowerShell ..module_utils._windows.engine.DriverModule
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Host
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Reading

$spec = @{
    options = @{
        run = @{ type = 'str'; required = $true }
        run_id = @{ type = 'str' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$undoId = $module.Params.run_id
if (-not $undoId) {
    $undoId = 'module-undo-' + (Format-LeeboardTime (Get-LeeboardNow)).Replace('-', '').Replace(':', '')
}
try {
    $outcome = Invoke-LeeboardUndo -RunId $module.Params.run -UndoId $undoId -Check $module.CheckMode
} catch {
    $module.FailJson("undo: $((ConvertTo-LeeboardProblem $_).Why)", $_)
}
$module.Diff.before = $outcome.diff.before
$module.Diff.after = $outcome.diff.after
$outcome.Remove('diff')
$plain = ConvertTo-LeeboardPlain $outcome
foreach ($key in $plain.Keys) { $module.Result[$key] = $plain[$key] }
if ($outcome.broken) {
    $module.FailJson("undo: $($outcome.broken)")
}
$module.ExitJson()
