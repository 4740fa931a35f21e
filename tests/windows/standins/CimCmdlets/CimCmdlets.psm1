<#
Stand-in for the module CimCmdlets: answers from C:\standins\state\cim.json.

    {"namespaces": {"root\\cimv2": {"Win32_BIOS": [{"SerialNumber": "..."}]}},
     "behaviour": {"root\\cimv2:Win32_BIOS": {"mode": "denied"}}}

A class without instances is an empty list; a class or namespace that is not listed does not exist. A value
{"datetime": "2026-11-25T08:00:00Z"} is a date in the machine's own time, as CIM gives it. {"methods": {...}} in an
instance holds what Invoke-CimMethod answers; `bitlocker` and `tpm` are state machines (VolumeMethods.psm1, TpmMethods.psm1),
and `policy` beside `namespaces` what BitLocker heeds of the key FVE: nothing where it is not there. `behaviour` is by
namespace:class.method, by namespace:class, by namespace, or by *:

| mode | what happens |
|---|---|
| denied | access denied |
| hang | the operation times out, after `seconds` (default: as long as the caller allows, else for ever) |
| deaf | never comes back, whatever the caller allows |
| slow | answers after `seconds` |
| fail | a failure without a code of its own |
| return | a method does nothing, and returns the code `value` |

Codes of errors: MicrosoftDocs/win32, desktop-src/WmiSdk/wmi-error-constants.md. The cmdlets' parameters, the words of
errors, and the codes of a time-out and of a missing method are recalled: ..\README.md.
#>

Set-StrictMode -Version 2.0
$home_ = 'C:\standins'
Import-Module (Join-Path $PSScriptRoot 'VolumeMethods.psm1'), (Join-Path $PSScriptRoot 'TpmMethods.psm1')
$volumes_ = 'root\cimv2\Security\MicrosoftVolumeEncryption', 'Win32_EncryptableVolume'
$tpm_ = 'root\cimv2\Security\MicrosoftTpm', 'Win32_Tpm'

function Get-State { [IO.File]::ReadAllText("$home_\state\cim.json") | ConvertFrom-Json -AsHashtable -DateKind String }

function Write-Call([string[]]$Arguments) {
    $line = ConvertTo-Json -Compress @{ program = 'cim'; arguments = $Arguments }
    [IO.File]::AppendAllText("$home_\calls.jsonl", $line + "`n")
}

function New-CimError([string]$Text, [string]$Native, [string]$Code, [string]$Category, [object]$Target) {
    $exception = [Microsoft.Management.Infrastructure.CimException]::new($Text)
    $exception.GetType().GetProperty('NativeErrorCode').SetValue(
        $exception, [Microsoft.Management.Infrastructure.NativeErrorCode]$Native)
    $exception.HResult = [int]($Code -replace '^HRESULT ')
    $exception | Add-Member MessageId $Code -Force  # the real one takes it from an instance, which needs the CIM library
    $id = "$Code,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"
    [Management.Automation.ErrorRecord]::new($exception, $id, $Category, $Target)
}

# The error that `behaviour` asks for, or nothing; waits where it says so.
function Get-Trouble([System.Collections.IDictionary]$State, [string]$Namespace, [string]$ClassName, [int]$Allowed, [string[]]$Places) {
    if (-not $Places) { $Places = "${Namespace}:$ClassName", $Namespace, '*' }
    foreach ($place in $Places) {
        $asked = $State.behaviour[$place]
        if (-not $asked) { continue }
        switch ($asked.mode) {
            'denied' { return New-CimError 'Access denied ' AccessDenied 'HRESULT 0x80041003' PermissionDenied $Namespace }
            'fail' { return New-CimError 'Generic failure ' Failed 'HRESULT 0x80041001' NotSpecified $Namespace }
            'slow' { Start-Sleep -Seconds $asked['seconds'] }
            'deaf' { Start-Sleep -Seconds 86400 }
            'hang' {
                $wait = if ($asked['seconds']) { $asked['seconds'] } elseif ($Allowed) { $Allowed } else { 86400 }
                Start-Sleep -Seconds $wait
                return New-CimError 'Timed out ' Failed 'HRESULT 0x00040004' OperationTimeout $Namespace
            }
        }
        return
    }
}

function ConvertTo-Value([object]$Value) {
    if ($Value -is [System.Collections.IDictionary] -and $Value['datetime']) {
        return [DateTimeOffset]::Parse($Value['datetime'], [Globalization.CultureInfo]::InvariantCulture).LocalDateTime
    }
    if ($Value -is [object[]]) { return , @($Value | ForEach-Object { ConvertTo-Value $_ }) }
    if ($Value -is [long] -and $Value -ge 0 -and $Value -le [uint32]::MaxValue) { return [uint32]$Value }
    $Value
}

function New-Instance([string]$Namespace, [string]$ClassName, [System.Collections.IDictionary]$Found, [string[]]$Property) {
    $instance = [ordered]@{}
    if ($Found['bitlocker']) {
        $Found = [ordered]@{} + $Found
        foreach ($one in (Get-VolumeProperty $Found).GetEnumerator()) { $Found[$one.Key] = $one.Value }
    }
    foreach ($name in $Found.Keys | Where-Object { $_ -notin 'methods', 'bitlocker', 'tpm' }) {
        $wanted = -not $Property -or $Property -contains $name
        $instance[$name] = if ($wanted) { ConvertTo-Value $Found[$name] } else { $null }
    }
    $class = [pscustomobject]@{ CimClassName = $ClassName }
    $class | Add-Member ScriptMethod ToString { $this.CimClassName } -Force
    $instance['CimClass'] = $class
    $instance['PSComputerName'] = $null
    $made = [pscustomobject]$instance
    $made.PSObject.TypeNames.Insert(0, "Microsoft.Management.Infrastructure.CimInstance#$($Namespace -replace '\\', '/')/$ClassName")
    if ($Found['methods']) { $made | Add-Member NoteProperty __methods $Found['methods'] }
    if ($Found['bitlocker'] -or $Found['tpm']) { $made | Add-Member NoteProperty __place @($Namespace, $ClassName, $Found['DeviceID']) }
    $made
}

# WQL as far as tests need it: NAME = VALUE, joined by AND.
function Test-Filter([System.Collections.IDictionary]$Found, [string]$Filter) {
    foreach ($part in $Filter -split '\s+AND\s+') {
        if ($part -notmatch '^\s*(\w+)\s*=\s*(?:"([^"]*)"|''([^'']*)''|(\S+))\s*$') { throw "the stand-in reads no such filter: $Filter" }
        $wanted = @($Matches[2], $Matches[3], $Matches[4] | Where-Object { $null -ne $_ })[0]
        if ("$($Found[$Matches[1]])" -ne $wanted) { return $false }
    }
    $true
}

function Get-CimInstance {
    <# .SYNOPSIS
       The instances of a class. #>
    [CmdletBinding(DefaultParameterSetName = 'Class')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Class')][string]$ClassName,
        [Parameter(Mandatory, ParameterSetName = 'Query')][string]$Query,
        [string]$Filter,
        [string]$Namespace = 'root\cimv2',
        [string[]]$Property,
        [uint32]$OperationTimeoutSec,
        [switch]$KeyOnly
    )
    if ($Query) {
        if ($Query -notmatch '^\s*SELECT\s+(.+?)\s+FROM\s+(\w+)(?:\s+WHERE\s+(.+?))?\s*$') { throw "the stand-in reads no such query: $Query" }
        $ClassName, $Filter = $Matches[2], $Matches[3]
        if ($Matches[1] -ne '*') { $Property = $Matches[1] -split '\s*,\s*' }
    }
    $Namespace = $Namespace -replace '/', '\'
    $state = Get-State
    # Namespaces have no case. The state's own spelling goes on, in the log of calls as well.
    $Namespace = @(@($state.namespaces.Keys | Where-Object { $_ -eq $Namespace }) + $Namespace)[0]
    Write-Call $Namespace, $ClassName, $Filter
    $trouble = Get-Trouble $state $Namespace $ClassName $OperationTimeoutSec
    if ($trouble) { return $PSCmdlet.WriteError($trouble) }
    $classes = $state.namespaces[$Namespace]
    if ($null -eq $classes) {
        return $PSCmdlet.WriteError((New-CimError 'Invalid namespace ' InvalidNamespace 'HRESULT 0x8004100e' MetadataError $Namespace))
    }
    $name = @($classes.Keys | Where-Object { $_ -eq $ClassName })[0]
    if (-not $name) {
        return $PSCmdlet.WriteError((New-CimError 'Invalid class ' InvalidClass 'HRESULT 0x80041010' MetadataError $Namespace))
    }
    foreach ($found in $classes[$name]) {
        if (-not $Filter -or (Test-Filter $found $Filter)) { New-Instance $Namespace $name $found $Property }
    }
}

function Invoke-CimMethod {
    <# .SYNOPSIS
       What an instance's method answers, as the state says. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipeline, Position = 0)][object]$InputObject,
        [Parameter(Mandatory, Position = 1)][string]$MethodName,
        [System.Collections.IDictionary]$Arguments,
        [uint32]$OperationTimeoutSec
    )
    process {
        Write-Call 'method', $MethodName
        $machine = $InputObject.PSObject.Properties['__place']
        if ($machine) {
            $answer = Invoke-Machine $machine.Value $MethodName $Arguments $OperationTimeoutSec
        } else {
            $methods = if ($InputObject.PSObject.Properties['__methods']) { $InputObject.__methods } else { @{} }
            $answer = if ($methods.ContainsKey($MethodName)) { $methods[$MethodName] }
        }
        if ($answer -is [Management.Automation.ErrorRecord]) { return $PSCmdlet.WriteError($answer) }
        if ($null -eq $answer) {
            return $PSCmdlet.WriteError((New-CimError 'Invalid method ' MethodNotFound 'HRESULT 0x8004102e' MetadataError $MethodName))
        }
        $said = [ordered]@{}
        foreach ($name in $answer.Keys) { $said[$name] = ConvertTo-Value $answer[$name] }
        [pscustomobject]$said
    }
}

# What a state machine says to a method as the machine is now; an error where it was told to fail, nothing for no method.
function Invoke-Machine([object[]]$Place, [string]$MethodName, [System.Collections.IDictionary]$Given, [int]$Allowed) {
    $namespace, $class, $id = $Place
    $state = Get-State
    $named = "${namespace}:$class.$MethodName"
    $trouble = Get-Trouble $state $namespace $class $Allowed @($named)
    if ($trouble) { return $trouble }
    if ($state.behaviour[$named] -and $state.behaviour[$named].mode -eq 'return') {
        return @{ ReturnValue = [uint32]$state.behaviour[$named].value }
    }
    $found = @($state.namespaces[$namespace][$class] | Where-Object { $_['DeviceID'] -eq $id })[0]
    $outcome = if ($found['tpm']) { Invoke-TpmMethod $found $MethodName $Given } else {
        $tpms = @(if ($state.namespaces[$tpm_[0]]) { $state.namespaces[$tpm_[0]][$tpm_[1]] })
        $machine = @{
            Volumes = @($state.namespaces[$volumes_[0]][$volumes_[1]]); Tpm = @($tpms | ForEach-Object { $_['tpm'] })[0]
            Policy = if ($state['policy']) { $state['policy'] } else { @{} }
        }
        Invoke-VolumeMethod $machine $found $MethodName $Given
    }
    if ($null -eq $outcome) { return }
    if ($outcome.Changed) {
        [IO.File]::WriteAllText("$home_\state\cim.json", (ConvertTo-Json $state -Depth 20))
    }
    $outcome.Answer
}

Export-ModuleMember -Function Get-CimInstance, Invoke-CimMethod
