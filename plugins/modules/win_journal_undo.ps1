#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.Reading
#AnsibleRequires -PowerShell ..module_utils._windows.System
#AnsibleRequires -PowerShell ..module_utils._windows.Native
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryKey
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryStart
#AnsibleRequires -PowerShell ..module_utils._windows.ToolFile
#AnsibleRequires -PowerShell ..module_utils._windows.AuditCsv
#AnsibleRequires -PowerShell ..module_utils._windows.SecurityTemplate
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryPol
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicySource
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.AuditPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.SecurityExport
#AnsibleRequires -PowerShell ..module_utils._windows.AccountLockout
#AnsibleRequires -PowerShell ..module_utils._windows.Profiles
#AnsibleRequires -PowerShell ..module_utils._windows.UserRight
#AnsibleRequires -PowerShell ..module_utils._windows.UserRightChange
#AnsibleRequires -PowerShell ..module_utils._windows.Journal
#AnsibleRequires -PowerShell ..module_utils._windows.JournalRead
#AnsibleRequires -PowerShell ..module_utils._windows.Undo
#AnsibleRequires -PowerShell ..module_utils._windows.DriverModule

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
