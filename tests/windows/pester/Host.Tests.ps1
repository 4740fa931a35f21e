# The few functions through which everything touches Windows.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }

    function Get-Problem([scriptblock]$Do) {
        try { & $Do | Out-Null } catch { return (ConvertTo-LeeboardProblem $_) }
        @{ Code = 'none'; Why = '' }
    }
}

Describe 'Get-LeeboardOnce' {
    BeforeEach { Reset-LeeboardCache; $script:Asked = 0 }

    It 'reads a source once, until it is told to forget' {
        foreach ($again in 1..3) { Get-LeeboardOnce -Name x -Read { $script:Asked++; 'said' } | Should -Be 'said' }
        $Asked | Should -Be 1
        Reset-LeeboardCache
        Get-LeeboardOnce -Name x -Read { 'new' } | Should -Be 'new'
    }

    It 'gives as many things as were read, none included' -TestCases @(
        @{ Found = @() }, @{ Found = @('one') }, @{ Found = @('one', 'two') }
    ) {
        foreach ($again in 1..2) { @(Get-LeeboardOnce -Name x -Read { $Found }).Length | Should -Be $Found.Length }
    }

    It 'keeps a problem as well' {
        foreach ($again in 1..2) {
            $problem = Get-Problem { Get-LeeboardOnce -Name x -Read {
                    $script:Asked++
                    throw (New-LeeboardProblem -Code timeout -Why 'it hangs')
                } }
            $problem.Code | Should -Be 'timeout'
        }
        $Asked | Should -Be 1
    }
}

Describe 'Format-LeeboardTime' {
    It 'has colons where a language writes times with dots' {
        $before = [cultureinfo]::CurrentCulture
        $finnish = [cultureinfo]::InvariantCulture.Clone()
        $finnish.DateTimeFormat.TimeSeparator = '.'
        try {
            [cultureinfo]::CurrentCulture = $finnish
            Format-LeeboardTime ([datetime]'2026-11-25T02:03:04') | Should -BeExactly '2026-11-25T02:03:04Z'
        } finally {
            [cultureinfo]::CurrentCulture = $before
        }
    }
}

Describe 'Get-LeeboardBootTime' {
    It 'is in UTC' {
        $local = [datetime]::SpecifyKind([datetime]'2026-11-25T08:00:00', 'Local')
        Mock Get-LeeboardCim -ModuleName Host { @{ LastBootUpTime = $local } }
        (Get-LeeboardBootTime).Kind | Should -Be 'Utc'
        Get-LeeboardBootTime | Should -Be $local.ToUniversalTime()
    }

    It 'is a problem when Windows does not say' -TestCases @(@{ Found = @() }, @{ Found = @(@{ LastBootUpTime = $null }) }) {
        Mock Get-LeeboardCim -ModuleName Host { $Found }
        (Get-Problem { Get-LeeboardBootTime }).Code | Should -Be 'failed'
    }
}

Describe 'Invoke-LeeboardCimMethod' {
    BeforeEach {
        Reset-LeeboardCache
        $script:Seen = @{}
    }

    It 'hands on the instance, the method and its arguments, if there are any' {
        Mock Invoke-LeeboardBounded -ModuleName Host {
            $pipeline = [powershell]::Create()
            & $Add $pipeline
            $Seen.Clear()
            foreach ($one in $pipeline.Commands.Commands[0].Parameters) { $Seen[$one.Name] = $one.Value }
            $Seen['Name'] = $pipeline.Commands.Commands[0].CommandText
            @{ ReturnValue = 0 }
        }
        (Invoke-LeeboardCimMethod -Instance 'volume' -MethodName GetIt -Arguments @{ A = 1 }).ReturnValue | Should -Be 0
        $Seen.Name, $Seen.InputObject, $Seen.MethodName, $Seen.Arguments.A | Should -Be 'Invoke-CimMethod', 'volume', 'GetIt', 1
        [void](Invoke-LeeboardCimMethod -Instance 'volume' -MethodName GetIt)
        $Seen.ContainsKey('Arguments') | Should -BeFalse
    }

    It 'asks no more when CIM has not answered twice' {
        Mock Invoke-LeeboardBounded -ModuleName Host { throw (New-LeeboardProblem -Code timeout -Why 'no answer') }
        foreach ($again in 1..4) {
            (Get-Problem { Invoke-LeeboardCimMethod -Instance 'volume' -MethodName GetIt }).Code | Should -Be 'timeout'
        }
        Should -Invoke Invoke-LeeboardBounded -ModuleName Host -Times 2 -Exactly
        (Get-Problem { Get-LeeboardCim Win32_BIOS }).Why | Should -BeLike '*has not answered before'
    }
}

Describe 'Get-LeeboardCim' {
    BeforeEach { Reset-LeeboardCache }

    It 'asks once for a class, in whatever letters' {
        Mock Invoke-CimQuery -ModuleName Host { @{ SerialNumber = 'A1' } }
        (Get-LeeboardCim Win32_BIOS).SerialNumber | Should -Be 'A1'
        [void](Get-LeeboardCim win32_bios -Namespace 'ROOT\cimv2')
        Should -Invoke Invoke-CimQuery -ModuleName Host -Times 1 -Exactly
    }

    It 'gives an empty list for a class without instances' {
        Mock Invoke-CimQuery -ModuleName Host { }
        @(Get-LeeboardCim Win32_BIOS).Length | Should -Be 0
    }

    It 'asks no more when it has not been answered twice' {
        Mock Invoke-CimQuery -ModuleName Host {
            InModuleScope Host { $script:CimTimeouts++ }
            throw (New-LeeboardProblem -Code timeout -Why 'no answer')
        }
        foreach ($class in 'A', 'B', 'C', 'D') { (Get-Problem { Get-LeeboardCim $class }).Code | Should -Be 'timeout' }
        Should -Invoke Invoke-CimQuery -ModuleName Host -Times 2 -Exactly
    }

    # https://learn.microsoft.com/windows/win32/wmisdk/wmi-error-constants
    It 'knows the error <Number>' -TestCases @(
        @{ Number = '0x80041003'; Code = 'denied' }, @{ Number = '0x80070005'; Code = 'denied' }
        @{ Number = '0x8004100E'; Code = 'missing_tool' }, @{ Number = '0x80041010'; Code = 'missing_tool' }
        @{ Number = '0x00040004'; Code = 'timeout' }, @{ Number = '0x80041001'; Code = 'failed' }
    ) {
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
        InModuleScope Host -Parameters @{ Number = $Number; Code = $Code } {
            $named = [System.Exception]::new('Zugriff verweigert')
            $named | Add-Member -NotePropertyName MessageId -NotePropertyValue "HRESULT $Number"
            $numbered = [System.Exception]::new('Zugriff verweigert')
            $numbered.HResult = [System.Convert]::ToInt32($Number, 16)
            foreach ($problem in $named, $numbered, [System.Exception]::new('wrapped', $numbered)) {
                (ConvertTo-CimProblem $problem 'Win32_X').Data['LeeboardCode'] | Should -Be $Code
            }
        }
    }
}

Describe 'arguments of a program' {
    # The cases of https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments, read backwards.
    It 'writes <Argument> as <Quoted>' -TestCases @(
        @{ Argument = 'plain'; Quoted = 'plain' }
        @{ Argument = '/subcategory:{0CCE9210-69AE-11D9-BED3-505054503030}'; Quoted = '/subcategory:{0CCE9210-69AE-11D9-BED3-505054503030}' }
        @{ Argument = ''; Quoted = '""' }
        @{ Argument = 'a b'; Quoted = '"a b"' }
        @{ Argument = 'a\b c'; Quoted = '"a\b c"' }
        @{ Argument = 'a b\'; Quoted = '"a b\\"' }
        @{ Argument = 'say "x"'; Quoted = '"say \"x\""' }
        @{ Argument = 'a\"b'; Quoted = '"a\\\"b"' }
    ) {
        InModuleScope Host -Parameters @{ Argument = $Argument; Quoted = $Quoted } {
            ConvertTo-Argument $Argument | Should -BeExactly $Quoted
        }
    }
}

Describe 'Invoke-LeeboardProgram' -Tag Windows -Skip:(-not $IsWindows) {
    It 'gives status, output and errors, and counts the child' {
        $before = Get-LeeboardChildren
        $done = Invoke-LeeboardProgram -Path cmd.exe -Arguments '/c', 'echo out& echo err 1>&2& exit 3'
        $done.ExitCode, $done.Output.Trim(), $done.ErrorOutput.Trim() | Should -Be 3, 'out', 'err'
        Get-LeeboardChildren | Should -Be ($before + 1)
        Get-LeeboardChildSeconds | Should -BeGreaterOrEqual 0
    }

    It 'hands the input over' {
        (Invoke-LeeboardProgram -Path sort.exe -InputText "b`r`na`r`n").Output | Should -Be "a`r`nb`r`n"
    }

    It 'does not wait for a program to read what it is given' {
        (Invoke-LeeboardProgram -Path cmd.exe -Arguments '/c', 'exit 0' -InputText ('x' * 1000000)).ExitCode | Should -Be 0
    }

    It 'ends a program that hangs' {
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        $problem = Get-Problem { Invoke-LeeboardProgram -Path ping.exe -Arguments '-n', '60', '127.0.0.1' -TimeoutSeconds 1 }
        $problem.Code | Should -Be 'timeout'
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 20
    }

    It 'ends a program that prints without end' {
        $loop = 'for /L %i in (1,1,100000000) do @echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
        InModuleScope Host { $script:OutputLimit = 10000 }
        try {
            (Get-Problem { Invoke-LeeboardProgram -Path cmd.exe -Arguments '/c', $loop }).Code | Should -Be 'too_large'
        } finally {
            InModuleScope Host { $script:OutputLimit = 4194304 }
        }
    }

    It 'says that a program is not there' {
        (Get-Problem { Invoke-LeeboardProgram -Path leeboard-has-none.exe }).Code | Should -Be 'missing_tool'
    }

    It 'starts nothing outside System32: <Path>' -TestCases @(
        @{ Path = 'C:\Users\Public\auditpol.exe' }, @{ Path = '..\notepad.exe' }, @{ Path = 'C:\windows\system32x\a.exe' }
    ) {
        (Get-Problem { Invoke-LeeboardProgram -Path $Path }).Code | Should -Be 'refused'
    }
}
