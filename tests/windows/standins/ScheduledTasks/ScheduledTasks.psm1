<#
Stand-in for the cmdlets of Task Scheduler. A task is its XML, a file in C:\standins\tasks called by path and name; a
registration trigger runs its command at once, on the machine, as Windows does. Later minutes, starts of Windows and the
power supply are tests/windows/task_service.py's. What comes out has the properties of MSFT_ScheduledTask, State as the
number that CIM has.

C:\standins\state\tasks.json holds how it misbehaves: {"behaviour": {"mode": "denied" | "disabled" | "asleep" | "changed"}}.
denied: nothing can be registered; disabled: what is registered is disabled, as by a policy; asleep: nothing ever runs;
changed: it is kept with another setting than asked for.

Sources: MicrosoftDocs/windows-powershell-docs, docset/winserver2025-ps/ScheduledTasks (parameters); microsoft/wmi,
MSFT_ScheduledTask (names and types); MicrosoftDocs/win32, desktop-src/TaskSchd (the schema, TASK_STATE, and that
StopExisting ends the running instance). The errors are recalled.
#>

Set-StrictMode -Version 2.0

class TaskProperty {
    [string]$Name
    [object]$Value
}

class ScheduledTask {
    [string]$TaskName
    [string]$TaskPath
    [byte]$State
    [System.Collections.IDictionary]$CimInstanceProperties
}

$kept = 'C:\standins\tasks'

function Write-Call([string]$Command, [string]$Name) {
    $line = ConvertTo-Json -Compress @{ program = 'tasks'; arguments = @($Command, $Name) }
    [IO.File]::AppendAllText('C:\standins\calls.jsonl', $line + "`n")
}

function Get-Mode {
    $file = 'C:\standins\state\tasks.json'
    [string]([IO.File]::ReadAllText($file) | ConvertFrom-Json -AsHashtable).behaviour['mode']
}

function Get-File([string]$Path, [string]$Name) {
    $file = "$kept\" + ("$Path$Name".Trim('\') -replace '\\', '@') + '.xml'
    if (-not [IO.File]::Exists($file)) {
        throw [Microsoft.Management.Infrastructure.CimException]::new("No MSFT_ScheduledTask objects found for '$Name'.")
    }
    $file
}

function Start-Command([string]$File) {
    if ((Get-Mode) -eq 'asleep') { return }
    $task = ([xml][IO.File]::ReadAllText($File)).Task
    if ($task.Settings.Enabled -eq 'false') { return }
    # The Windows PowerShell that the task names is not here; what runs this does.
    $start = [Diagnostics.ProcessStartInfo]::new([Environment]::ProcessPath, $task.Actions.Exec.Arguments)
    $start.UseShellExecute = $false
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $null = [Diagnostics.Process]::Start($start)
}

function Register-ScheduledTask {
    <# .SYNOPSIS
       Keep a task, and run it where it has a registration trigger. #>
    [CmdletBinding()]
    param([Parameter(Mandatory)][string]$TaskName, [string]$TaskPath = '\', [Parameter(Mandatory)][string]$Xml, [switch]$Force)
    Write-Call 'register' $TaskName
    $mode = Get-Mode
    if ($mode -eq 'denied') { throw [Microsoft.Management.Infrastructure.CimException]::new('Access is denied. ') }
    if ($mode -eq 'changed') { $Xml = $Xml -replace '<StopIfGoingOnBatteries>false', '<StopIfGoingOnBatteries>true' }
    if ($mode -eq 'disabled') { $Xml = $Xml -replace '<Enabled>true</Enabled>(?=<RunOnlyIfIdle)', '<Enabled>false</Enabled>' }
    $null = [IO.Directory]::CreateDirectory($kept)
    $file = "$kept\" + ("$TaskPath$TaskName".Trim('\') -replace '\\', '@') + '.xml'
    if ([IO.File]::Exists($file) -and -not $Force) { throw [Microsoft.Management.Infrastructure.CimException]::new('It exists.') }
    [IO.File]::WriteAllText($file, $Xml)
    $trigger = ([xml]$Xml).Task.Triggers['RegistrationTrigger']
    if ($trigger -and $trigger['Enabled'].InnerText -ne 'false') { Start-Command $file }
    Get-ScheduledTask -TaskName $TaskName -TaskPath $TaskPath
}

function Get-ScheduledTask {
    <# .SYNOPSIS
       A task, with its state as a number: 1 disabled, 3 ready. #>
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string]$TaskName, [Parameter(Position = 1)][string]$TaskPath = '\')
    $file = Get-File $TaskPath $TaskName
    $state = if (([xml][IO.File]::ReadAllText($file)).Task.Settings.Enabled -eq 'false') { [byte]1 } else { [byte]3 }
    $shown = [ScheduledTask]@{ TaskName = $TaskName; TaskPath = $TaskPath; State = $state; CimInstanceProperties = @{} }
    foreach ($name in 'TaskName', 'TaskPath', 'State') {
        $shown.CimInstanceProperties[$name] = [TaskProperty]@{ Name = $name; Value = $shown.$name }
    }
    $shown.PSObject.TypeNames.Insert(0, 'Microsoft.Management.Infrastructure.CimInstance#Root/Microsoft/Windows/TaskScheduler/MSFT_ScheduledTask')
    $shown
}

function Export-ScheduledTask {
    <# .SYNOPSIS
       A task as XML. #>
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string]$TaskName, [Parameter(Position = 1)][string]$TaskPath = '\')
    [IO.File]::ReadAllText((Get-File $TaskPath $TaskName))
}

function Start-ScheduledTask {
    <# .SYNOPSIS
       Run a task now. #>
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string]$TaskName, [Parameter(Position = 1)][string]$TaskPath = '\')
    Write-Call 'start' $TaskName
    Start-Command (Get-File $TaskPath $TaskName)
}

function Unregister-ScheduledTask {
    <# .SYNOPSIS
       Take a task away; one that runs goes on. #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param([Parameter(Mandatory, Position = 0)][string]$TaskName, [Parameter(Position = 1)][string]$TaskPath = '\')
    Write-Call 'unregister' $TaskName
    $file = Get-File $TaskPath $TaskName
    if ($PSCmdlet.ShouldProcess($TaskName)) { [IO.File]::Delete($file) }
}

Export-ModuleMember -Function Export-ScheduledTask, Get-ScheduledTask, Register-ScheduledTask, Start-ScheduledTask, Unregister-ScheduledTask
