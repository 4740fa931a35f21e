# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading

# The task of SYSTEM that runs the script: registered, read back, started and taken away with the cmdlets of
# ScheduledTasks, in a runspace that can be left behind.
#
# Three triggers, each again every minute without an end: at a start of Windows, at registering, and by a time that is
# years ago, so that no clock which somebody sets can be before it. Neither battery nor network nor idleness matters. One
# that hangs is ended by the next (StopExisting); three times in a minute leave the longest pause no less than 20 s.
# https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema

Set-StrictMode -Version 2.0

$script:Name, $script:Path = 'Checkpoint', '\Leeboard\'
$script:Schema = 'http://schemas.microsoft.com/windows/2004/02/mit/task'
$script:LongAgo = '2001-01-01T00:00:00'
$script:Account = 'S-1-5-18'
$script:Patience = 40
# What must be said so, and what the schema says where nothing is.
$script:Settings = [ordered]@{
    MultipleInstancesPolicy    = 'StopExisting', 'IgnoreNew'
    DisallowStartIfOnBatteries = 'false', 'true'
    StopIfGoingOnBatteries     = 'false', 'true'
    AllowHardTerminate         = 'true', 'true'
    StartWhenAvailable         = 'true', 'false'
    RunOnlyIfNetworkAvailable  = 'false', 'false'
    AllowStartOnDemand         = 'true', 'true'
    Enabled                    = 'true', 'true'
    RunOnlyIfIdle              = 'false', 'false'
    ExecutionTimeLimit         = 'PT2M', 'PT72H'
}
$script:States = @{ 0 = 'unknown'; 1 = 'disabled'; 2 = 'queued'; 3 = 'ready'; 4 = 'running' }  # TASK_STATE

# What the task runs: @{Program; Arguments}.
function Get-Action {
    param([string]$Script)

    $program = [System.IO.Path]::Combine($env:SystemRoot, 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe')
    $words = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$Script`""
    return @{ Program = $program; Arguments = $words }
}

function Get-LeeboardTaskXml {
    <#
    .SYNOPSIS
    The task as Task Scheduler takes it.
    #>
    param([Parameter(Mandatory = $true)][string]$Script)

    $action = Get-Action $Script
    $again = '<Repetition><Interval>PT1M</Interval><StopAtDurationEnd>false</StopAtDurationEnd></Repetition>'
    $settings = foreach ($name in $script:Settings.Keys) { "<$name>$($script:Settings[$name][0])</$name>" }
    $program, $words = $action.Program, $action.Arguments | ForEach-Object { [System.Security.SecurityElement]::Escape($_) }
    return @"
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="$script:Schema">
  <RegistrationInfo>
    <Author>Leeboard</Author>
    <Description>Puts this machine back unless a change that could cut off its administrators is confirmed in time</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger>$again<Enabled>true</Enabled></BootTrigger>
    <RegistrationTrigger>$again<Enabled>true</Enabled></RegistrationTrigger>
    <TimeTrigger>$again<StartBoundary>$script:LongAgo</StartBoundary><Enabled>true</Enabled></TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author"><UserId>$script:Account</UserId><RunLevel>HighestAvailable</RunLevel></Principal>
  </Principals>
  <Settings>$([string]::Join('', [string[]]$settings))<Priority>4</Priority></Settings>
  <Actions Context="Author"><Exec><Command>$program</Command><Arguments>$words</Arguments></Exec></Actions>
</Task>
"@
}

function Register-LeeboardTask {
    <#
    .SYNOPSIS
    Register the task, and look whether Windows has it as it should be. Throws the problem refused where it has not.
    #>
    param([Parameter(Mandatory = $true)][string]$Script)

    $text = Get-LeeboardTaskXml $Script
    [void](Invoke-Scheduler Register-ScheduledTask @{ Xml = $text; Force = $true })
    $found = @(Invoke-Scheduler Get-ScheduledTask @{})
    if (-not $found.Length) {
        throw (New-LeeboardProblem -Code refused -Why 'Windows took the task, but does not have it')
    }
    $state = $script:States[[int]$found[0].CimInstanceProperties['State'].Value]
    if ($state -notin 'ready', 'running', 'queued') {
        throw (New-LeeboardProblem -Code refused -Why "Windows has the task, but it is $state")
    }
    $wrong = @(Compare-Task (@(Invoke-Scheduler Export-ScheduledTask @{}) -join "`n") $Script)
    if ($wrong.Length) {
        $why = "Windows has the task otherwise than it was registered: $([string]::Join(', ', [string[]]$wrong))"
        throw (New-LeeboardProblem -Code refused -Why $why)
    }
}

function Start-LeeboardTask {
    <#
    .SYNOPSIS
    Run the task now.
    #>
    [void](Invoke-Scheduler Start-ScheduledTask @{})
}

function Unregister-LeeboardTask {
    <#
    .SYNOPSIS
    Take the task away, if there is one. Throws a problem where it stays.
    #>
    try {
        [void](Invoke-Scheduler Unregister-ScheduledTask @{ Confirm = $false })
    } catch {
        $why = $_
        try { $left = @(Invoke-Scheduler Get-ScheduledTask @{}) } catch { return }  # there is none
        if ($left.Length) { throw $why }
    }
}

# What a task that was read back lacks, in words.
function Compare-Task {
    param([string]$Text, [string]$Script)

    $document = New-Object -TypeName System.Xml.XmlDocument
    $document.XmlResolver = $null
    try { $document.LoadXml($Text) } catch { return 'it is no XML' }
    $names = New-Object -TypeName System.Xml.XmlNamespaceManager -ArgumentList $document.NameTable
    $names.AddNamespace('t', $script:Schema)
    $get = {
        param($path, $default)
        $node = $document.SelectSingleNode($path, $names)
        if ($null -eq $node) { $default } else { $node.InnerText.Trim() }
    }
    foreach ($trigger in 'BootTrigger', 'RegistrationTrigger', 'TimeTrigger') {
        $at = "/t:Task/t:Triggers/t:$trigger"
        $isSo = (& $get "$at/t:Repetition/t:Interval" '') -eq 'PT1M' -and
            (& $get "$at/t:Repetition/t:Duration" '') -eq '' -and (& $get "$at/t:EndBoundary" '') -eq '' -and
            (& $get "$at/t:Enabled" 'true') -eq 'true'
        if (-not $isSo) { $trigger }
    }
    if (-not (& $get '/t:Task/t:Triggers/t:TimeTrigger/t:StartBoundary' '').StartsWith($script:LongAgo)) { 'StartBoundary' }
    foreach ($name in $script:Settings.Keys) {
        $wanted, $default = $script:Settings[$name]
        if ((& $get "/t:Task/t:Settings/t:$name" $default) -cne $wanted) { $name }
    }
    if ((& $get '/t:Task/t:Principals/t:Principal/t:UserId' '') -ne $script:Account) { 'UserId' }
    $action = Get-Action $Script
    if ((& $get '/t:Task/t:Actions/t:Exec/t:Command' '') -ne $action.Program) { 'Command' }
    if ((& $get '/t:Task/t:Actions/t:Exec/t:Arguments' '') -ne $action.Arguments) { 'Arguments' }
}

# A cmdlet for the task.
function Invoke-Scheduler {
    param([string]$Command, [hashtable]$Parameters)

    try {
        return Invoke-LeeboardBounded -What 'Task Scheduler' -PatienceSeconds $script:Patience -Add {
            param($query)
            switch ($Command) {
                'Register-ScheduledTask' { [void]$query.AddCommand('Register-ScheduledTask') }
                'Get-ScheduledTask' { [void]$query.AddCommand('Get-ScheduledTask') }
                'Export-ScheduledTask' { [void]$query.AddCommand('Export-ScheduledTask') }
                'Start-ScheduledTask' { [void]$query.AddCommand('Start-ScheduledTask') }
                'Unregister-ScheduledTask' { [void]$query.AddCommand('Unregister-ScheduledTask') }
            }
            [void]$query.AddParameter('TaskName', $script:Name).AddParameter('TaskPath', $script:Path)
            foreach ($name in $Parameters.Keys) { [void]$query.AddParameter($name, $Parameters[$name]) }
            [void]$query.AddParameter('ErrorAction', 'Stop')
        }
    } catch {
        $problem = $_.Exception
        if ($problem.Data.Contains('LeeboardCode')) { throw }
        while ($null -ne $problem.InnerException) { $problem = $problem.InnerException }
        $why = "Task Scheduler refused ($Command): $($problem.Message.Trim())"
        throw (New-LeeboardProblem -Code refused -Why $why)
    }
}

Export-ModuleMember -Function Get-LeeboardTaskXml, Register-LeeboardTask, Start-LeeboardTask, Unregister-LeeboardTask
