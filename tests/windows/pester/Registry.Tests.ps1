# The driver registry, its keys and values. What needs a registry works on HKLM\SOFTWARE\LeeboardTest, as an administrator.

BeforeDiscovery {
    $isAdministrator = $IsWindows -and [System.Security.Principal.WindowsPrincipal]::new(
        [System.Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole('Administrators')
}

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    foreach ($name in 'Reading', 'Host', 'Native', 'RegistryKey', 'RegistryStart', 'Registry') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # What the driver asks of modules that only Windows can load.
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) @{ Owner = ''; Note = '' } }
    $script:Folder = 'HKLM\SOFTWARE\LeeboardTest'

    function Get-Problem([scriptblock]$Do) {
        try { & $Do | Out-Null } catch { return (ConvertTo-LeeboardProblem $_) }
        @{ Code = 'none'; Why = '' }
    }
    function Get-Effective([string]$Address) { (Read-LeeboardRegistry @($Address))[$Address].effective }
    function Set-Change([string]$Address, $Value, [string]$Type) {
        Set-LeeboardRegistryChange @(Get-LeeboardRegistryChange @(@{ address = $Address; value = $Value; type = $Type }))
    }
}

AfterAll { Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner, Function:\Resolve-LeeboardManaged }

Describe 'addresses' {
    It 'takes no <Address>' -TestCases @(
        @{ Address = '' }, @{ Address = 'HKLM\A' }, @{ Address = 'HKLM:b' }, @{ Address = 'HKCU\A:b' }, @{ Address = 'HKLM\A:b:c' }
        @{ Address = 'HKLM\A:b\c' }, @{ Address = 'HKLM\A:' }, @{ Address = 'HKLM\\A:b' }, @{ Address = 'hklm\A:b' }
        @{ Address = 'HKLM\A:(default)' }, @{ Address = 'x HKLM\A:b' }
    ) {
        $reading = (Read-LeeboardRegistry @($Address))[$Address]
        $reading.effective.code | Should -Be 'malformed'
        (Get-Problem { Get-LeeboardRegistryChange @(@{ address = $Address; value = 1; type = 'dword' }) }).Code | Should -Be 'refused'
        (Get-Problem { Set-LeeboardRegistryChange @(@{ Target = $Address; After = @{ type = 'dword'; value = 1 } }) }).Code |
            Should -BeIn 'refused', 'driver_failed'  # on Linux there is no registry to refuse
    }
}

Describe 'values that are written' {
    BeforeAll { Mock Get-LeeboardMachineValue -ModuleName Registry { @{ state = 'absent' } } }

    It 'writes <Value> as the <Type> <Written>' -TestCases @(
        @{ Value = 0; Type = 'dword'; Written = 0 }, @{ Value = 4294967295; Type = 'dword'; Written = 4294967295 }
        @{ Value = '600'; Type = 'dword'; Written = 600 }, @{ Value = '1'; Type = 'string'; Written = '1' }
        @{ Value = 1; Type = 'string'; Written = '1' }, @{ Value = ''; Type = 'string'; Written = '' }
    ) {
        $edit = Get-LeeboardRegistryChange @(@{ address = 'HKLM\A:b'; value = $Value; type = $Type })
        $edit.Target, $edit.Before.state, $edit.After.state | Should -Be 'HKLM\A:b', 'absent', 'value'
        $edit.After.type, $edit.After.value | Should -BeExactly $Type, $Written
    }

    It 'refuses <Value> as <Type>' -TestCases @(
        @{ Value = -1; Type = 'dword' }, @{ Value = 4294967296; Type = 'dword' }, @{ Value = 1.5; Type = 'dword' }
        @{ Value = $true; Type = 'dword' }, @{ Value = 'yes'; Type = 'dword' }, @{ Value = $null; Type = 'dword' }
        @{ Value = @(1); Type = 'string' }, @{ Value = $true; Type = 'string' }, @{ Value = "a`0b"; Type = 'string' }
        @{ Value = 'x' * 4097; Type = 'string' }, @{ Value = 'x'; Type = 'expand_string' }, @{ Value = 1; Type = '' }
    ) {
        (Get-Problem { Get-LeeboardRegistryChange @(@{ address = 'HKLM\A:b'; value = $Value; type = $Type }) }).Code |
            Should -Be 'refused'
    }
}

Describe 'a key that cannot be opened' {
    It 'costs the readings of that key only: <Code>' -TestCases @(
        @{ Problem = [System.Security.SecurityException]'no'; Code = 'denied' }
        @{ Problem = [System.IO.IOException]'broken'; Code = 'driver_failed' }
    ) {
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
        Mock Open-LeeboardKey -ModuleName Registry { }
        Mock Open-LeeboardKey -ModuleName Registry -ParameterFilter { $Path -eq 'HKLM\Shut' } { throw $Problem }
        $answers = Read-LeeboardRegistry 'HKLM\Shut:a', 'HKLM\Open:a', 'HKLM\Shut:b'
        $answers.Keys | Should -Be 'HKLM\Shut:a', 'HKLM\Open:a', 'HKLM\Shut:b'
        $answers['HKLM\Shut:a'].effective.code, $answers['HKLM\Shut:b'].effective.code | Should -Be $Code, $Code
        $answers['HKLM\Open:a'].effective.source | Should -Be 'HKLM\Open: there is no such key'
    }
}

Describe 'whose value it is' {
    BeforeAll { Mock Open-LeeboardKey -ModuleName Registry { } }

    It 'names the group policy, and says when it could not be found out' {
        Mock Get-LeeboardPolicyOwner -ModuleName Registry { "the group policy `"$Path $Name`"" }
        Mock Resolve-LeeboardOwner -ModuleName Registry { @{ Owner = (& $Find); Note = '' } }
        $reading = (Read-LeeboardRegistry 'HKLM\A:b')['HKLM\A:b']
        $reading.owner | Should -Be 'the group policy "HKLM\A b"'
        Mock Resolve-LeeboardOwner -ModuleName Registry { @{ Owner = ''; Note = 'not found out' } }
        $reading = (Read-LeeboardRegistry 'HKLM\A:b')['HKLM\A:b']
        $reading.Contains('owner'), $reading.effective.note | Should -Be $false, 'not found out'
    }
}

Describe 'a real registry' -Tag Registry -Skip:(-not $isAdministrator) {
    BeforeAll {
        $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
        $script:Key = $machine.CreateSubKey('SOFTWARE\LeeboardTest')
    }
    AfterAll {
        $Key.Dispose()
        $machine.DeleteSubKeyTree('SOFTWARE\LeeboardTest')
    }

    It 'reads <Kind> as <Type>' -TestCases @(
        @{ Kind = 'DWord'; Raw = 600; Type = 'dword'; Value = 600 }
        @{ Kind = 'DWord'; Raw = -1; Type = 'dword'; Value = 4294967295 }
        @{ Kind = 'QWord'; Raw = -1L; Type = 'qword'; Value = '18446744073709551615' }
        @{ Kind = 'String'; Raw = ''; Type = 'string'; Value = '' }
        @{ Kind = 'String'; Raw = 'Häuser 😀'; Type = 'string'; Value = 'Häuser 😀' }
        @{ Kind = 'String'; Raw = "600`0`0"; Type = 'string'; Value = '600' }
        @{ Kind = 'String'; Raw = "600`0x"; Type = 'string'; Value = '600\u0000x' }
        @{ Kind = 'ExpandString'; Raw = '%SystemRoot%\x'; Type = 'expand_string'; Value = '%SystemRoot%\x' }
        @{ Kind = 'MultiString'; Raw = [string[]]('a', 'b'); Type = 'multi_string'; Value = 'a', 'b' }
        @{ Kind = 'MultiString'; Raw = [string[]]'a'; Type = 'multi_string'; Value = @('a') }
        @{ Kind = 'Binary'; Raw = [byte[]](0, 255); Type = 'binary'; Value = '00ff' }
        @{ Kind = 'Binary'; Raw = [byte[]]@(); Type = 'binary'; Value = '' }
        @{ Kind = 'None'; Raw = [byte[]](1, 2); Type = 'none'; Value = '0102' }
    ) {
        $Key.SetValue('kinds', $Raw, $Kind)
        $found = Get-Effective "${Folder}:kinds"
        $found.state, $found.type | Should -Be 'value', $Type
        $found.value | Should -BeExactly $Value
        $found.source | Should -Be $Folder
    }

    It 'reads a megabyte as its beginning' {
        $Key.SetValue('big', 'x' * 1000000, 'String')
        $Key.SetValue('bytes', [byte[]]::new(1000000), 'Binary')
        (Get-Effective "${Folder}:big").length, (Get-Effective "${Folder}:bytes").length | Should -Be 1000000, 2000000
    }

    It 'finds a value whatever the letters, and with unusual ones' {
        $Key.SetValue('Odd name, 100% (ä)', 1, 'DWord')
        (Get-Effective "HKLM\software\LEEBOARDTEST:odd NAME, 100% (Ä)").value | Should -Be 1
    }

    It 'says whether the key or the value is missing' {
        (Get-Effective "${Folder}:nothing").source | Should -Be "${Folder}: the key has no such value"
        (Get-Effective "$Folder\nothing:at all").source | Should -Be "$Folder\nothing: there is no such key"
    }

    It 'calls a name that no key can have malformed' {
        (Get-Effective "HKLM\$('x' * 300):a").code | Should -Be 'malformed'
    }

    It 'writes, makes the key for it, and replaces a wrong type' {
        $address = "$Folder\new\deep:Limit"
        Set-Change $address 4294967295 dword
        $edit = Get-LeeboardRegistryChange @(@{ address = $address; value = '900'; type = 'string' })
        $edit.Before.type, $edit.Before.value | Should -Be 'dword', 4294967295
        Set-LeeboardRegistryChange @($edit)
        $key = $machine.OpenSubKey('SOFTWARE\LeeboardTest\new\deep')
        $key.GetValue('Limit'), $key.GetValueKind('Limit') | Should -Be '900', 'String'
        $key.Dispose()
    }

    It 'knows when a key was written' {
        $Key.SetValue('now', 1, 'DWord')
        $written = Get-LeeboardKeyTime $Key
        $written.Kind | Should -Be 'Utc'
        [System.Math]::Abs(([datetime]::UtcNow - $written).TotalSeconds) | Should -BeLessThan 60
    }
}

Describe 'values that count after a restart' -Tag Registry -Skip:(-not $isAdministrator) {
    BeforeAll {
        InModuleScope RegistryStart {
            $script:StartKey = 'HKLM\SOFTWARE\LeeboardTest\Start'
            $script:NotesKey = 'SOFTWARE\LeeboardTest\AtStart'
        }
        $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
        $script:Limit = "$Folder\Start:InactivityTimeoutSecs"
        $script:Lockout = "$Folder\Start:MaxDevicePasswordFailedAttempts"
        function Get-Running([string]$Address) { (Read-LeeboardRegistry @($Address))[$Address]['running'] }
        # Windows started $Seconds after (before) the key was last written.
        function Set-Start([int]$Seconds) {
            $key = $machine.OpenSubKey('SOFTWARE\LeeboardTest\Start')
            $global:LeeboardStart = (Get-LeeboardKeyTime $key).AddSeconds($Seconds)
            $key.Dispose()
        }
    }
    BeforeEach {
        $machine.DeleteSubKeyTree('SOFTWARE\LeeboardTest', $false)
        Mock Get-LeeboardBootTime -ModuleName RegistryStart { $LeeboardStart }
        Set-Change $Limit 900 dword
    }
    AfterAll {
        $machine.DeleteSubKeyTree('SOFTWARE\LeeboardTest', $false)
        Remove-Variable -Name LeeboardStart -Scope Global
    }

    It 'is running when the key is older than the start' {
        Set-Start 10
        Get-Running $Limit | Should -BeNullOrEmpty
    }

    It 'is unknown when the key was written after the start' {
        Set-Start -300
        $running = Get-Running $Limit
        $running.state, $running.code | Should -Be 'unreadable', 'failed'
        $running.why | Should -Be 'the registry key was written after the last start, and Windows reads this value when it starts'
    }

    It 'is unknown when Windows does not say when it was started' {
        Mock Get-LeeboardBootTime -ModuleName RegistryStart { throw (New-LeeboardProblem -Code timeout -Why 'no answer') }
        (Get-Running $Limit).code | Should -Be 'timeout'
    }

    It 'is what was noted before our own change, of both values' {
        Set-Start 0
        $global:LeeboardStart = $LeeboardStart.AddMilliseconds(1)
        Set-Change $Lockout 10 dword
        Set-Change $Limit 600 dword
        (Get-Running $Limit).value, (Get-Running $Limit).type | Should -Be 900, 'dword'
        (Get-Running $Lockout).state | Should -Be 'absent'
        (Get-Running $Lockout).source | Should -Be 'HKLM\SOFTWARE\LeeboardTest\AtStart'
    }

    It 'is unknown when the note is for another start' {
        Set-Start 0
        $global:LeeboardStart = $LeeboardStart.AddMilliseconds(1)
        Set-Change $Limit 600 dword
        $global:LeeboardStart = $LeeboardStart.AddMinutes(-10)
        (Get-Running $Limit).code | Should -Be 'failed'
    }

    It 'is unknown when the note is not ours: <Values>' -TestCases @(
        @{ Values = 'x' }, @{ Values = '{}' }, @{ Values = '[]' }, @{ Values = '{"InactivityTimeoutSecs":{}}' }
    ) {
        Set-Start 0
        $global:LeeboardStart = $LeeboardStart.AddMilliseconds(1)
        Set-Change $Limit 600 dword
        $key = $machine.CreateSubKey('SOFTWARE\LeeboardTest\AtStart')
        $key.SetValue('Values', $Values)
        $key.Dispose()
        (Get-Running $Limit).code | Should -Be 'failed'
    }

    It 'is known after the next start, though a policy writes the key again at every one' {
        Set-Start -300
        (Get-Running $Limit).code | Should -Be 'failed'
        $key = $machine.OpenSubKey('SOFTWARE\LeeboardTest\AtStart')
        $first = $key.GetValue('SeenAt')
        (Get-Running $Limit).code | Should -Be 'failed'
        $key.GetValue('SeenAt') | Should -Be $first
        Set-Change $Limit 900 dword
        $global:LeeboardStart = [datetime]::UtcNow.AddMinutes(30)
        Mock Get-LeeboardKeyTime -ModuleName RegistryStart { $LeeboardStart.AddMinutes(1) }
        (Get-Running $Limit).value, (Get-Running $Lockout).state | Should -Be 900, 'absent'
        (Get-Running $Limit).source | Should -Be 'HKLM\SOFTWARE\LeeboardTest\AtStart, as seen before the last start'
        $key.GetValue('SeenAt') | Should -Be $first
        $key.Dispose()
    }

    It 'is unknown again where it is another value than before the start, until the next' {
        Set-Start -300
        (Get-Running $Limit).code | Should -Be 'failed'
        $global:LeeboardStart = [datetime]::UtcNow.AddMinutes(30)
        Mock Get-LeeboardKeyTime -ModuleName RegistryStart { $LeeboardStart.AddMinutes(1) }
        Mock Get-LeeboardNow -ModuleName RegistryStart { $LeeboardStart.AddMinutes(2) }
        $written = $machine.OpenSubKey('SOFTWARE\LeeboardTest\Start', $true)
        $written.SetValue('InactivityTimeoutSecs', 600)
        $written.Dispose()
        1..2 | ForEach-Object { (Get-Running $Limit).code | Should -Be 'failed' }
        $global:LeeboardStart = $LeeboardStart.AddHours(8)
        (Get-Running $Limit).value | Should -Be 600
    }

    It 'writes nothing where the key is older than the start' {
        Set-Start 10
        [void](Get-Running $Limit)
        $machine.OpenSubKey('SOFTWARE\LeeboardTest\AtStart') | Should -BeNullOrEmpty
    }

    It 'notes nothing before a change when others have written since the start' {
        Set-Start -300
        Set-Change $Limit 600 dword
        $machine.OpenSubKey('SOFTWARE\LeeboardTest\AtStart') | Should -BeNullOrEmpty
    }

    It 'concerns no other value of the key' {
        Set-Start -300
        Get-Running "$Folder\Start:LegalNoticeText" | Should -BeNullOrEmpty
    }
}
