# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Reading

# The few functions through which everything touches Windows, and which a test replaces: programs, CIM, the clock.
# Each source is read once a visit.

Set-StrictMode -Version 2.0

$script:Sources = @{}          # what was read in this visit, by name
$script:Children = 0           # programs started
$script:ChildSeconds = 0.0     # processor time that they took
$script:CimTimeouts = 0
$script:Runspace = $null        # where what may never come back runs
$script:OutputLimit = 4194304  # characters that a program may print

function Reset-LeeboardCache {
    <#
    .SYNOPSIS
    Forget what was read, so that a change is seen.
    #>
    $script:Sources = @{}
    $script:CimTimeouts = 0
}

function Get-LeeboardOnce {
    <#
    .SYNOPSIS
    What -Read gives, read once a visit and kept under -Name. What it throws is kept as well.
    .DESCRIPTION
    A list comes back one by one, as from any pipeline: put it into @() or let -Read give it inside a hashtable.
    #>
    param([Parameter(Mandatory = $true)][string]$Name, [Parameter(Mandatory = $true)][scriptblock]$Read)

    if (-not $script:Sources.ContainsKey($Name)) {
        try {
            $kept = @{ Answer = @(& $Read); Problem = $null }
        } catch {
            $kept = @{ Answer = @(); Problem = $_.Exception }
        }
        $script:Sources[$Name] = $kept
    }
    $kept = $script:Sources[$Name]
    if ($null -ne $kept.Problem) {
        throw $kept.Problem
    }
    return $kept.Answer
}

function Get-LeeboardChildren {
    <#
    .SYNOPSIS
    How many programs this visit has started.
    #>
    return $script:Children
}

function Get-LeeboardChildSeconds {
    <#
    .SYNOPSIS
    Seconds of processor time that the programs of this visit took.
    #>
    return $script:ChildSeconds
}

function Get-LeeboardNow {
    <#
    .SYNOPSIS
    The time, in UTC.
    #>
    return [datetime]::UtcNow
}

function Format-LeeboardTime {
    <#
    .SYNOPSIS
    A time in UTC as it travels, 2026-11-25T02:00:00Z, whatever calendar this machine uses.
    #>
    param([Parameter(Mandatory = $true)][datetime]$Time)

    return $Time.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
}

function Get-LeeboardBootTime {
    <#
    .SYNOPSIS
    When Windows was started, in UTC.
    #>
    $system = @(Get-LeeboardCim -ClassName Win32_OperatingSystem)
    if (-not $system.Length -or $null -eq $system[0].LastBootUpTime) {
        throw (New-LeeboardProblem -Code failed -Why 'Windows does not say when it was started')
    }
    return ([datetime]$system[0].LastBootUpTime).ToUniversalTime()
}

function Get-LeeboardCim {
    <#
    .SYNOPSIS
    The instances of a CIM class, read once a visit.
    .DESCRIPTION
    A namespace or class that does not exist is the problem missing_tool. A query that does not come back is given up,
    and after the second one no more are asked: then it is the service that hangs, not one provider.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$ClassName,
        [string]$Namespace = 'root\cimv2',
        [int]$TimeoutSeconds = 20
    )

    return Get-LeeboardOnce -Name "cim $Namespace $ClassName".ToLowerInvariant() -Read {
        if ($script:CimTimeouts -ge 2) {
            throw (New-LeeboardProblem -Code timeout -Why "$ClassName was not asked for: CIM has not answered before")
        }
        Invoke-CimQuery $ClassName $Namespace $TimeoutSeconds
    }
}

function Invoke-LeeboardCimMethod {
    <#
    .SYNOPSIS
    What a method of a CIM instance answers: its ReturnValue and out parameters. Given up like Get-LeeboardCim.
    #>
    param(
        [Parameter(Mandatory = $true)][object]$Instance,
        [Parameter(Mandatory = $true)][string]$MethodName,
        [System.Collections.IDictionary]$Arguments = @{},
        [int]$TimeoutSeconds = 20
    )

    if ($script:CimTimeouts -ge 2) {
        throw (New-LeeboardProblem -Code timeout -Why "$MethodName was not asked for: CIM has not answered before")
    }
    return Invoke-CimCall $MethodName $TimeoutSeconds {
        param($query)
        [void]$query.AddCommand('Invoke-CimMethod').AddParameter('InputObject', $Instance)
        [void]$query.AddParameter('MethodName', $MethodName).AddParameter('OperationTimeoutSec', $TimeoutSeconds)
        if ($Arguments.Count) { [void]$query.AddParameter('Arguments', $Arguments) }
        [void]$query.AddParameter('ErrorAction', 'Stop')
    }
}

function Get-LeeboardReturnCode {
    <#
    .SYNOPSIS
    The code that a CIM method returned, without a sign. Throws where it gave no answer, or one without a number.
    .DESCRIPTION
    Nothing that cannot be read is a success: PowerShell makes a 0 of what is not there.
    .PARAMETER Answer
    What Invoke-LeeboardCimMethod gave.
    .PARAMETER Method
    What was asked, in words.
    #>
    param([AllowNull()][AllowEmptyCollection()][object[]]$Answer, [Parameter(Mandatory = $true)][string]$Method)

    $given = @($Answer | Where-Object { $null -ne $_ })
    if (-not $given.Length) { throw (New-LeeboardProblem -Code malformed -Why "$Method gave no answer") }
    $value = try { $given[0].ReturnValue } catch { $null }
    $code = [long]0
    if ($null -eq $value -or $value -is [bool] -or -not [long]::TryParse([string]$value, [ref]$code)) {
        throw (New-LeeboardProblem -Code malformed -Why "$Method did not say whether it did anything: it returned no number")
    }
    return $code -band 0xFFFFFFFFL
}

function Invoke-CimQuery {
    param([string]$ClassName, [string]$Namespace, [int]$TimeoutSeconds)

    return Invoke-CimCall "$ClassName in $Namespace" $TimeoutSeconds {
        param($query)
        [void]$query.AddCommand('Get-CimInstance').AddParameter('ClassName', $ClassName)
        [void]$query.AddParameter('Namespace', $Namespace).AddParameter('OperationTimeoutSec', $TimeoutSeconds)
        [void]$query.AddParameter('ErrorAction', 'Stop')
    }
}

# A cmdlet of CIM, with its errors as problems. Time-outs are counted.
function Invoke-CimCall {
    param([string]$What, [int]$TimeoutSeconds, [scriptblock]$Add)

    try {
        return Invoke-LeeboardBounded -What "CIM's $What" -PatienceSeconds ($TimeoutSeconds + 5) -Add $Add
    } catch {
        if ($_.Exception.Data.Contains('LeeboardCode')) {
            $script:CimTimeouts += 1
            throw
        }
        throw (ConvertTo-CimProblem $_.Exception $What)
    }
}

function Invoke-LeeboardBounded {
    <#
    .SYNOPSIS
    What a cmdlet gives that may never come back, given up after a time: the problem timeout. Its errors are thrown as
    they are.
    .DESCRIPTION
    It runs in a runspace of its own: a time-out of CIM covers a provider that hangs, but not the wait for the service.
    .PARAMETER Add
    Adds the cmdlet and its parameters to the pipeline that it is given.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$What,
        [Parameter(Mandatory = $true)][scriptblock]$Add,
        [int]$PatienceSeconds = 25
    )

    if ($null -eq $script:Runspace) {
        $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
        $script:Runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($state)
        $script:Runspace.Open()
    }
    $query = [powershell]::Create()
    $query.Runspace = $script:Runspace
    & $Add $query
    $pending = $query.BeginInvoke()
    if (-not $pending.AsyncWaitHandle.WaitOne($PatienceSeconds * 1000)) {
        $script:Runspace = $null  # left behind with its query: to wait for its end could take for ever as well
        throw (New-LeeboardProblem -Code timeout -Why "$What did not answer in $PatienceSeconds seconds")
    }
    try {
        return $query.EndInvoke($pending)
    } finally {
        $query.Dispose()
    }
}

# https://learn.microsoft.com/windows/win32/wmisdk/wmi-error-constants; PowerShell gives them as HResult or MessageId.
function ConvertTo-CimProblem {
    param([System.Exception]$Problem, [string]$What)

    while ($null -ne $Problem.InnerException) { $Problem = $Problem.InnerException }
    # An error that ends a cmdlet carries the real one in its record.
    $record = $Problem.PSObject.Properties['ErrorRecord']
    if ($record -and $record.Value.Exception -and $record.Value.Exception.GetType() -ne $Problem.GetType()) {
        $Problem = $record.Value.Exception
        while ($null -ne $Problem.InnerException) { $Problem = $Problem.InnerException }
    }
    $said = $Problem.Message
    $number = '{0:x8}' -f $Problem.HResult
    if ($Problem.PSObject.Properties['MessageId'] -and $Problem.MessageId -match '0x([0-9a-f]{8})') {
        $number = $Matches[1].ToLowerInvariant()
    }
    switch ($number) {
        { $_ -in '80041003', '80070005' } { $code = Get-LeeboardDenial; break }
        { $_ -in '8004100e', '80041010' } { $code = 'missing_tool'; break }
        { $_ -in '80040004', '00040004', '80043001' } { $code = 'timeout'; $script:CimTimeouts += 1; break }
        default { $code = 'failed' }
    }
    return New-LeeboardProblem -Code $code -Why "CIM gave no $($What): $said"
}

function Invoke-LeeboardProgram {
    <#
    .SYNOPSIS
    Run a program of Windows: @{ExitCode; Output; ErrorOutput}. Its status is the caller's to judge.
    .PARAMETER Path
    A path below System32 (`auditpol.exe`), or the full one. No other program is ever started.
    .PARAMETER Arguments
    The arguments, one a text; they are quoted here.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Path,
        [string[]]$Arguments = @(),
        [int]$TimeoutSeconds = 60,
        [AllowEmptyString()][string]$InputText = ''
    )

    $program = Get-ProgramPath $Path
    $name = [System.IO.Path]::GetFileName($program)
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = $program
    $start.Arguments = [string]::Join(' ', [string[]]@($Arguments | ForEach-Object { ConvertTo-Argument $_ }))
    $start.WorkingDirectory = [System.Environment]::SystemDirectory
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    try {
        $process = [System.Diagnostics.Process]::Start($start)
    } catch {
        throw (ConvertTo-StartProblem $_.Exception $program)
    }
    $script:Children += 1
    try {
        $said = Receive-Output $process $InputText ([datetime]::UtcNow.AddSeconds($TimeoutSeconds))
        switch ($said.End) {
            'timeout' { throw (New-LeeboardProblem -Code timeout -Why "$name was still running after $TimeoutSeconds seconds") }
            'too_large' { throw (New-LeeboardProblem -Code too_large -Why "$name printed more than $script:OutputLimit characters") }
        }
        $script:ChildSeconds += $process.TotalProcessorTime.TotalSeconds
        return @{ ExitCode = $process.ExitCode; Output = $said.Output; ErrorOutput = $said.ErrorOutput }
    } finally {
        if (-not $process.HasExited) {
            try { $process.Kill() } catch { Write-Debug "$name could not be ended: $_" }
        }
        $process.Dispose()
    }
}

# A 32-bit PowerShell sees another folder under the name System32.
function Get-ProgramPath {
    param([string]$Path)

    $system = [System.Environment]::SystemDirectory
    if (-not [System.IO.Path]::IsPathRooted($Path)) { $Path = [System.IO.Path]::Combine($system, $Path) }
    $Path = [System.IO.Path]::GetFullPath($Path)
    if (-not $Path.StartsWith($system + [System.IO.Path]::DirectorySeparatorChar, 'OrdinalIgnoreCase')) {
        throw (New-LeeboardProblem -Code refused -Why "$Path is not a program of Windows")
    }
    if ([System.Environment]::Is64BitOperatingSystem -and -not [System.Environment]::Is64BitProcess) {
        $Path = [System.IO.Path]::Combine($env:SystemRoot, 'Sysnative', $Path.Substring($system.Length + 1))
    }
    return $Path
}

# One argument as C programs take it apart again: a backslash counts only before a quotation mark.
# https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
function ConvertTo-Argument {
    param([AllowEmptyString()][string]$Argument)

    if ($Argument -and $Argument -notmatch '[\s"]') {
        return $Argument
    }
    return '"' + ($Argument -replace '(\\*)"', '$1$1\"' -replace '(\\+)\z', '$1$1') + '"'
}

function ConvertTo-StartProblem {
    param([System.Exception]$Problem, [string]$Program)

    while ($null -ne $Problem.InnerException) { $Problem = $Problem.InnerException }
    $code = 'failed'
    if ($Problem -is [System.ComponentModel.Win32Exception]) {
        switch ($Problem.NativeErrorCode) {
            { $_ -in 2, 3 } { $code = 'missing_tool' }
            { $_ -in 5, 740 } { $code = Get-LeeboardDenial }
        }
    }
    return New-LeeboardProblem -Code $code -Why "$Program could not be started: $($Problem.Message)"
}

# Everything that a process prints, read from both ends at once so that neither fills up: @{End; Output; ErrorOutput}.
function Receive-Output {
    param([System.Diagnostics.Process]$Process, [string]$InputText, [datetime]$Deadline)

    # A program may end without reading what it is given; that is its own affair.
    $writing = $Process.StandardInput.WriteAsync($InputText)
    $closed = $false
    $ends = foreach ($reader in $Process.StandardOutput, $Process.StandardError) {
        $buffer = New-Object -TypeName 'char[]' -ArgumentList 8192
        @{
            Reader = $reader; Buffer = $buffer; Text = (New-Object -TypeName System.Text.StringBuilder)
            Task = $reader.ReadAsync($buffer, 0, $buffer.Length)
        }
    }
    $open = @($ends)
    $end = ''
    while ($open.Length -and -not $end) {
        if (-not $closed -and $writing.IsCompleted) {
            $closed = $true
            try { $Process.StandardInput.Close() } catch [System.IO.IOException] { Write-Debug 'the input was not read' }
        }
        $left = [int][System.Math]::Max(0, ($Deadline - [datetime]::UtcNow).TotalMilliseconds)
        $tasks = [System.Threading.Tasks.Task[]]@($open | ForEach-Object { $_.Task })
        if (-not $closed) { $tasks += $writing }
        if ([System.Threading.Tasks.Task]::WaitAny($tasks, $left) -lt 0) { $end = 'timeout' }
        foreach ($one in @($open | Where-Object { $_.Task.IsCompleted })) {
            $count = $one.Task.Result
            if ($count -eq 0) {
                $open = @($open | Where-Object { $_ -ne $one })
                continue
            }
            [void]$one.Text.Append($one.Buffer, 0, $count)
            if ($one.Text.Length -gt $script:OutputLimit) { $end = 'too_large' }
            $one.Task = $one.Reader.ReadAsync($one.Buffer, 0, $one.Buffer.Length)
        }
    }
    if (-not $end) {
        $left = [int][System.Math]::Max(0, ($Deadline - [datetime]::UtcNow).TotalMilliseconds)
        if (-not $Process.WaitForExit($left)) { $end = 'timeout' }
    }
    return @{ End = $end; Output = $ends[0].Text.ToString(); ErrorOutput = $ends[1].Text.ToString() }
}

Export-ModuleMember -Function Reset-LeeboardCache, Get-LeeboardOnce, Get-LeeboardChildren, Get-LeeboardChildSeconds,
    Get-LeeboardNow, Format-LeeboardTime, Get-LeeboardBootTime, Get-LeeboardCim,
    Get-LeeboardReturnCode, Invoke-LeeboardBounded, Invoke-LeeboardCimMethod, Invoke-LeeboardProgram
