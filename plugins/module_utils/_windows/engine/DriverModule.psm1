# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Change
#AnsibleRequires -PowerShell .Host
#AnsibleRequires -PowerShell .Reading

# The part that all modules share whose body is a driver: arguments in, a driver's rehearsal or change out.

Set-StrictMode -Version 2.0

function Get-LeeboardModuleSpec {
    <#
    .SYNOPSIS
    The options of the documentation fragment leeboard.schools.driver.
    #>
    return @{
        options = @{
            settings = @{
                type = 'list'
                elements = 'dict'
                required = $true
                options = @{
                    address = @{ type = 'str'; required = $true }
                    value = @{ type = 'raw'; required = $true }
                    type = @{ type = 'str'; default = '' }
                    expect = @{ type = 'str'; default = '' }
                }
            }
            run_id = @{ type = 'str' }
        }
    }
}

function Invoke-LeeboardDriverModule {
    <#
    .SYNOPSIS
    Change what the option `settings` asks for with a driver, and end the module.
    #>
    param([Parameter(Mandatory = $true)][object]$Module, [Parameter(Mandatory = $true)][string]$Driver)

    $runId = $Module.Params.run_id
    if (-not $runId) {
        $runId = 'module-' + (Format-LeeboardTime (Get-LeeboardNow)).Replace('-', '').Replace(':', '')
    }
    $changes = [object[]]@($Module.Params.settings)
    try {
        $outcome = Invoke-LeeboardChange -Driver $Driver -Changes $changes -RunId $runId -Check $Module.CheckMode
    } catch {
        $Module.FailJson("$Driver`: $((ConvertTo-LeeboardProblem $_).Why)", $_)
    }
    if ($outcome.outdated) {
        $Module.Result.outdated = $true
        $Module.FailJson("$Driver`: $($outcome.msg)")
    }
    $Module.Result.changed = $outcome.changed
    $Module.Result.before = $outcome.before
    $Module.Result.after = $outcome.after
    $Module.Result.journal = $outcome.journal
    $Module.Diff.before = $outcome.diff.before
    $Module.Diff.after = $outcome.diff.after
    $Module.ExitJson()
}

function ConvertTo-LeeboardPlain {
    <#
    .SYNOPSIS
    The same data as dictionaries, lists and plain values.
    .DESCRIPTION
    Windows PowerShell wraps what has gone through a pipeline, and the serialiser of Ansible.Basic would then write the
    wrapping.
    #>
    param([Parameter(Mandatory = $true)][System.Collections.IDictionary]$Value)

    return [Ansible.Basic.AnsibleModule]::FromJson((ConvertTo-Json -InputObject $Value -Depth 12 -Compress))
}

Export-ModuleMember -Function Get-LeeboardModuleSpec, Invoke-LeeboardDriverModule, ConvertTo-LeeboardPlain
