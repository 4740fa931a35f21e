# The registries of people: the drivers registry_user and registry_acl.

BeforeDiscovery { $isWine = $IsWindows -and (Test-Path -LiteralPath HKCU:\Software\Wine) }

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'System', 'Native', 'RegistryKey', 'Profiles', 'RegistryUser', 'RegistryAcl') {
        Import-Module (Join-Path $modules "$name.psm1") -Global -Force
    }
}

Describe 'Read-LeeboardProfile' {
    BeforeAll {
        # A registry is a hashtable of addresses here; one of the name `shut` may not be read.
        function New-Root([hashtable]$Values) {
            $root = [pscustomobject]@{ Values = $Values }
            $root | Add-Member -MemberType ScriptMethod -Name Dispose -Value { $global:LeeboardClosed++ }
            $root
        }
        function Read-Fake([string[]]$Addresses) {
            Read-LeeboardProfile -Driver registry_user -Addresses $Addresses -Look {
                param($root, $address)
                if ($root.Values.ContainsKey('shut')) { throw [System.UnauthorizedAccessException]::new('no') }
                if (-not $root.Values.ContainsKey($address)) { return @{ state = 'absent' } }
                @{ state = 'value'; value = $root.Values[$address]; type = 'dword' }
            } -Source { param($address) "HKCU $address" }
        }
    }
    BeforeEach {
        $global:LeeboardClosed = 0
        $global:LeeboardDefault = @{ Problem = $null; Root = (New-Root @{ a = 1 }); File = 'C:\Users\Default\NTUSER.DAT'; Hive = 'x' }
        $global:LeeboardPeople = @{ Note = 'not seen: 2 people who are not signed in'; Open = @(
                @{ Who = 'SCHOOL\anne'; Root = (New-Root @{ a = 2 }) }, @{ Who = 'SCHOOL\bert'; Root = (New-Root @{}) }) }
        Mock Mount-Default -ModuleName Profiles { $LeeboardDefault }
        Mock Open-People -ModuleName Profiles { $LeeboardPeople }
        Mock Dismount-Default -ModuleName Profiles { '' }
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
    }
    AfterAll { Remove-Variable -Scope Global -Name LeeboardClosed, LeeboardDefault, LeeboardPeople }

    It 'is what the default profile says, beside what each person has' {
        $answers = Read-Fake 'a', 'b'
        $answers.Keys | Should -Be 'a', 'b'
        $here = $answers['a'].effective
        $here.value, $here.type, $here.source | Should -Be 1, 'dword', 'C:\Users\Default\NTUSER.DAT, HKCU a'
        $here.note | Should -Be 'not seen: 2 people who are not signed in'
        ConvertTo-Json -InputObject $here.others -Compress |
            Should -BeExactly '[{"who":"SCHOOL\\anne","value":2,"type":"dword"},{"who":"SCHOOL\\bert"}]'
        $answers['b'].effective.state | Should -Be 'absent'
        @($answers['b'].effective.others | Where-Object { $_.Contains('value') }).Length | Should -Be 0
    }

    It 'is unreadable when the default profile is' {
        $LeeboardDefault.Problem = New-LeeboardProblem -Code malformed -Why 'not a registry file'
        $answers = Read-Fake 'a', 'b'
        @($answers.Values | ForEach-Object { $_.effective.code }) | Should -Be 'malformed', 'malformed'
        Should -Invoke Dismount-Default -ModuleName Profiles -Times 1 -Exactly
    }

    It 'is unreadable when one person cannot be read, and says who' {
        $LeeboardPeople.Open[1].Root.Values.shut = $true
        $here = (Read-Fake 'a')['a'].effective
        $here.code, $here.why | Should -Be 'denied', 'for SCHOOL\bert: no'
    }

    It 'is unreadable when nobody can be told' {
        Mock Open-People -ModuleName Profiles { throw [System.UnauthorizedAccessException]::new('no') }
        (Read-Fake 'a')['a'].effective.code | Should -Be 'denied'
    }

    It 'closes everybody and unloads the default profile, whatever happens' {
        $LeeboardPeople.Open[0].Root.Values.shut = $true
        [void](Read-Fake 'a', 'b')
        $LeeboardClosed | Should -Be 2
        Should -Invoke Dismount-Default -ModuleName Profiles -Times 1 -Exactly
        Mock Invoke-LeeboardAttempt -ModuleName Profiles { throw 'out of memory' }
        { Read-Fake 'a' } | Should -Throw 'out of memory'
        Should -Invoke Dismount-Default -ModuleName Profiles -Times 2 -Exactly
    }

    It 'says so when the default profile stays loaded, without another fingerprint' {
        $clean = (Read-Fake 'a')['a']
        Mock Dismount-Default -ModuleName Profiles { 'HKEY_USERS\x is still loaded: busy' }
        $left = (Read-Fake 'a')['a']
        $left.effective.note | Should -Be 'not seen: 2 people who are not signed in; HKEY_USERS\x is still loaded: busy'
        $left.fingerprint | Should -Be $clean.fingerprint
    }

    It 'gives up honestly when more people are signed in than can be reported' {
        $LeeboardPeople.Open = @(1..101 | ForEach-Object { @{ Who = "p$_"; Root = (New-Root @{}) } })
        (Read-Fake 'a')['a'].effective.code | Should -Be 'too_large'
    }
}

Describe 'addresses' {
    BeforeAll {
        Mock Read-LeeboardProfile -ModuleName RegistryUser {
            $answers = [ordered]@{}
            foreach ($address in $Addresses) {
                $answers[$address] = Invoke-LeeboardAttempt -Driver $Driver -Address $address -Find { & $Look $null $address }
            }
            $answers
        }
    }

    It 'registry_user takes no <Address>' -TestCases @(
        @{ Address = '' }, @{ Address = 'HKLM\A:b' }, @{ Address = 'HKCU\A' }, @{ Address = 'HKCU\A:(default)' }
        @{ Address = 'HKCU\A:b:c' }, @{ Address = 'HKCU\..\..:b:c' }, @{ Address = 'hkcu\A:b' }
    ) {
        (Read-LeeboardRegistryUser @($Address))[$Address].effective.code | Should -Be 'malformed'
    }

    It 'registry_acl takes no <Address>' -TestCases @(
        @{ Address = '' }, @{ Address = 'HKLM' }, @{ Address = 'HKLM\A:b' }, @{ Address = 'HKU\A' }, @{ Address = 'HKLM\A\' }
    ) {
        (Read-LeeboardRegistryAcl @($Address))[$Address].effective.code | Should -Be 'malformed'
    }
}

Describe 'who may write to a key' -Tag Windows -Skip:(-not $IsWindows) {
    # BU users, BA administrators, SY SYSTEM, WD everybody, CO creator owner, OW owner rights, IU interactive users.
    # https://learn.microsoft.com/windows/win32/secauthz/ace-strings; rights as numbers, so that no alias hides anything.
    It 'finds <Found> in <Sddl>' -TestCases @(
        @{ Sddl = 'O:BAD:(A;;0xf003f;;;BA)(A;;0xf003f;;;SY)(A;;0x20019;;;BU)'; Found = '' }
        @{ Sddl = 'O:BAD:(A;;0x2;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x4;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x20;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x10000;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x40000;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x80000;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x40000000;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x10000000;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;;0x80000000;;;BU)(A;;0x20000000;;;BU)'; Found = '' }
        @{ Sddl = 'O:BAD:(A;CIIO;0xf003f;;;BU)'; Found = '' }
        @{ Sddl = 'O:BAD:(A;CI;0xf003f;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(A;CI;0xf003f;;;CO)(A;;0xf003f;;;OW)'; Found = '' }
        @{ Sddl = 'O:BAD:(D;;0xf003f;;;BU)(A;;0x2;;;BU)'; Found = 'S-1-5-32-545' }
        @{ Sddl = 'O:BAD:(D;;0xf003f;;;BU)'; Found = '' }
        @{ Sddl = 'O:BAD:(A;;0x2;;;WD)(A;;0x2;;;IU)(A;;0x2;;;WD)'; Found = 'S-1-1-0 S-1-5-4' }
        @{ Sddl = 'O:S-1-5-21-1-2-3-1001D:(A;;0xf003f;;;BA)'; Found = 'S-1-5-21-1-2-3-1001' }
        @{ Sddl = 'O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:'; Found = '' }
        @{ Sddl = 'O:BA'; Found = 'S-1-1-0' }
    ) {
        InModuleScope RegistryAcl -Parameters @{ Sddl = $Sddl; Found = $Found } {
            $descriptor = [System.Security.AccessControl.RawSecurityDescriptor]::new($Sddl)
            [string]::Join(' ', [string[]]@(Get-Writer $descriptor)) | Should -BeExactly $Found
        }
    }
}

Describe 'real registries of people' -Tag Registry -Skip:(-not $isWine) {
    # The registry file is in Wine's own form, since nothing here makes one in that of Windows.
    BeforeAll {
        $users = [Microsoft.Win32.RegistryKey]::OpenBaseKey('Users', 'Registry64')
        $script:Sid = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
        $mine = $users.CreateSubKey("$Sid\Software\LeeboardTest")
        $mine.SetValue('Limit', 900, 'DWord')
        $mine.Dispose()
        $script:Default = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), "leeboard-$([guid]::NewGuid())")
        [void][System.IO.Directory]::CreateDirectory($Default)
        $file = [System.IO.Path]::Combine($Default, 'NTUSER.DAT')
        $hive = "WINE REGISTRY Version 2`n;; All keys relative to REGISTRY\\User\\Default`n`n#arch=win64`n`n"
        [System.IO.File]::WriteAllText($file, "$hive[Software\\LeeboardTest] 1700000000`n`"Limit`"=dword:00000258`n")
        function Get-Loaded { @($users.GetSubKeyNames() | Where-Object { $_ -like 'Leeboard-*' }) }
    }
    BeforeEach {
        Reset-LeeboardCache
        Mock Get-LeeboardMachineValue -ModuleName Profiles { @{ state = 'value'; type = 'expand_string'; value = $Default } }
        Mock Get-ProfileSid -ModuleName Profiles { $Sid, 'S-1-5-21-1-2-3-1001' }
    }
    AfterAll {
        $users.DeleteSubKeyTree("$Sid\Software\LeeboardTest", $false)
        [System.IO.Directory]::Delete($Default, $true)
        $users.Dispose()
    }

    It 'reads the default profile and whoever is signed in, and leaves nothing loaded' {
        $answers = Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit', 'HKCU\Software\LeeboardTest:None'
        $limit = $answers['HKCU\Software\LeeboardTest:Limit'].effective
        $limit.value, $limit.note | Should -Be 600, 'not seen: 1 person who is not signed in'
        $limit.others[0].who, $limit.others[0].value | Should -Be (Get-LeeboardAccountName $Sid), 900
        $answers['HKCU\Software\LeeboardTest:None'].effective.state | Should -Be 'absent'
        Get-Loaded | Should -BeNullOrEmpty
    }

    It 'reads permissions of both' {
        $answers = Read-LeeboardRegistryAcl 'HKCU\Software\LeeboardTest', 'HKLM\SOFTWARE', 'HKLM\SOFTWARE\LeeboardNone'
        $answers.Keys | Should -Be 'HKCU\Software\LeeboardTest', 'HKLM\SOFTWARE', 'HKLM\SOFTWARE\LeeboardNone'
        $answers['HKCU\Software\LeeboardTest'].effective.type | Should -Be 'list'
        $answers['HKCU\Software\LeeboardTest'].effective.others.Length | Should -Be 1
        $answers['HKLM\SOFTWARE'].effective.source | Should -Be 'permissions of HKLM\SOFTWARE'
        $answers['HKLM\SOFTWARE\LeeboardNone'].effective.state | Should -Be 'absent'
        Get-Loaded | Should -BeNullOrEmpty
    }

    It 'leaves nothing loaded when reading breaks off' {
        Mock Get-ProfileReading -ModuleName Profiles { throw 'broken' }
        $answers = Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit'
        $answers['HKCU\Software\LeeboardTest:Limit'].effective.code | Should -Be 'driver_failed'
        Get-Loaded | Should -BeNullOrEmpty
    }

    It 'unloads what a visit left behind that was killed' {
        Mount-LeeboardHive -Name 'Leeboard-999999-0123abcd' -File ([System.IO.Path]::Combine($Default, 'NTUSER.DAT'))
        $answers = Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit'
        $answers['HKCU\Software\LeeboardTest:Limit'].effective.value | Should -Be 600
        Get-Loaded | Should -BeNullOrEmpty
    }

    It 'tells why a registry file cannot be loaded: <What>' -TestCases @(
        @{ What = 'garbage'; Code = 'malformed' }, @{ What = 'nothing'; Code = 'failed' }
    ) {
        $other = [System.IO.Path]::Combine($Default, $What)
        [void][System.IO.Directory]::CreateDirectory($other)
        if ($What -eq 'garbage') { [System.IO.File]::WriteAllText("$other\NTUSER.DAT", 'garbage') }
        Mock Get-LeeboardMachineValue -ModuleName Profiles { @{ state = 'value'; value = $other } }
        $answers = Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit', 'HKCU\Software\LeeboardTest:None'
        @($answers.Values | ForEach-Object { $_.effective.code }) | Should -Be $Code, $Code
        $answers[0].effective.why | Should -BeLike '*NTUSER.DAT could not be loaded: *'
        Get-Loaded | Should -BeNullOrEmpty
    }
}
