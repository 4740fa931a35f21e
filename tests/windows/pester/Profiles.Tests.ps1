# The registries of people: the drivers registry_user and registry_acl.

BeforeDiscovery { $isWine = $IsWindows -and (Test-Path -LiteralPath HKCU:\Software\Wine) }

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'Native', 'RegistryKey', 'ToolFile', 'RegistryPol', 'DefaultProfile', 'SignedIn', 'UserPolicy', 'Profiles', 'RegistryUser', 'RegistryAcl') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
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
            } -Source { param($address) "HKCU $address" } -Policy {
                param($sid, $address)
                $global:LeeboardGiven -contains "$sid $address"
            }
        }
    }
    BeforeEach {
        $global:LeeboardClosed = 0
        $global:LeeboardGiven = @()
        $global:LeeboardDefault = @{ Problem = $null; Root = (New-Root @{ a = 1 }); File = 'C:\Users\Default\NTUSER.DAT'; Hive = 'x' }
        $global:LeeboardPeople = @{ Note = 'not seen: 2 people who are not signed in'; Open = @(
                @{ Sid = 'S-1'; Who = 'SCHOOL\anne'; Root = (New-Root @{ a = 2 }) }, @{ Sid = 'S-2'; Who = 'SCHOOL\bert'; Root = (New-Root @{}) }) }
        Mock Mount-LeeboardDefaultProfile -ModuleName Profiles { $LeeboardDefault }
        Mock Open-People -ModuleName Profiles { $LeeboardPeople }
        Mock Dismount-LeeboardDefaultProfile -ModuleName Profiles { '' }
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
    }
    AfterAll { Remove-Variable -Scope Global -Name LeeboardClosed, LeeboardGiven, LeeboardDefault, LeeboardPeople }

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
        Should -Invoke Dismount-LeeboardDefaultProfile -ModuleName Profiles -Times 1 -Exactly
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
        Should -Invoke Dismount-LeeboardDefaultProfile -ModuleName Profiles -Times 1 -Exactly
        Mock Invoke-LeeboardAttempt -ModuleName Profiles { throw 'out of memory' }
        { Read-Fake 'a' } | Should -Throw 'out of memory'
        Should -Invoke Dismount-LeeboardDefaultProfile -ModuleName Profiles -Times 2 -Exactly
    }

    It 'says so when the default profile stays loaded, without another fingerprint' {
        $clean = (Read-Fake 'a')['a']
        Mock Dismount-LeeboardDefaultProfile -ModuleName Profiles { 'HKEY_USERS\x is still loaded: busy' }
        $left = (Read-Fake 'a')['a']
        $left.effective.note | Should -Be 'not seen: 2 people who are not signed in; HKEY_USERS\x is still loaded: busy'
        $left.fingerprint | Should -Be $clean.fingerprint
    }

    It 'is what group policy gives to everybody, where the default profile has nothing' {
        $LeeboardDefault.Root.Values.Remove('a')
        $LeeboardPeople.Open[1].Root.Values.a = 3
        $global:LeeboardGiven = @('S-1 a')
        (Read-Fake 'a')['a'].effective.state | Should -Be 'absent'  # one has it by hand
        $global:LeeboardGiven = 'S-1 a', 'S-2 a'
        $here = (Read-Fake 'a')['a'].effective
        $here.value, $here.source | Should -Be 2, 'the registry of SCHOOL\anne, by group policy, HKCU a'
        $here.note | Should -BeLike '*; the default profile has none, so whoever is new gets it by group policy alone'
        ConvertTo-Json -InputObject $here.others -Compress | Should -BeExactly '[{"who":"SCHOOL\\bert","value":3,"type":"dword"}]'
        $LeeboardPeople.Open[1].Root.Values.Remove('a')
        (Read-Fake 'a')['a'].effective.state | Should -Be 'absent'  # one does not have it
        $LeeboardPeople.Open = @()
        (Read-Fake 'a')['a'].effective.state | Should -Be 'absent'  # nobody is there who would show it
    }

    It 'says what more people have than can be named, by what they have' {
        $LeeboardPeople.Open = @(1..300 | ForEach-Object {
                @{ Sid = "S-$_"; Who = "p$_"; Root = (New-Root $(if ($_ -eq 7) { @{} } elseif ($_ -in 8, 9) { @{ a = 2 } } else { @{ a = 1 } })) }
            })
        ConvertTo-Json -InputObject (Read-Fake 'a')['a'].effective.others -Compress | Should -BeExactly (
            '[{"who":"p1 and 296 other people","value":1,"type":"dword"},{"who":"p7"},' +
            '{"who":"p8 and 1 other person","value":2,"type":"dword"}]')
    }
}

Describe 'who is a person' {
    BeforeAll {
        function New-Session([int]$Id, [int]$Type) { [pscustomobject]@{ LogonId = "$Id"; LogonType = [uint32]$Type } }
        function New-User([string]$Name, [int]$Id) {
            [pscustomobject]@{
                Antecedent = [pscustomobject]@{ Domain = 'SCHOOL'; Name = $Name }; Dependent = [pscustomobject]@{ LogonId = "$Id" }
            }
        }
    }
    BeforeEach {
        Reset-LeeboardCache
        $script:Sessions = @(New-Session 1 2; New-Session 2 3; New-Session 3 5; New-Session 4 10; New-Session 5 4; New-Session 6 11; New-Session 7 8)
        $script:Users = @(New-User anne 1; New-User technician 2; New-User backup 3; New-User bert 4; New-User task 5; New-User carla 6; New-User winrm 7)
        Mock Get-LeeboardCim -ModuleName SignedIn { if ($ClassName -eq 'Win32_LogonSession') { $Sessions } else { $Users } }
    }

    It '<Name>: <Is>' -TestCases @(
        @{ Name = 'anne'; Is = $true }, @{ Name = 'BERT'; Is = $true }, @{ Name = 'carla'; Is = $true }
        @{ Name = 'technician'; Is = $false }, @{ Name = 'backup'; Is = $false }, @{ Name = 'task'; Is = $false }
        @{ Name = 'winrm'; Is = $false }, @{ Name = 'nobody'; Is = $false }
    ) {
        Test-LeeboardSignedIn "SCHOOL\$Name" | Should -Be $Is
    }

    It 'takes who came over the network and sits at the screen as well for a person' {
        $script:Users += New-User technician 1
        Test-LeeboardSignedIn 'SCHOOL\technician' | Should -BeTrue
    }

    It 'takes an account without a name for a person, and knows nothing where Windows says nothing' {
        Test-LeeboardSignedIn 'S-1-5-21-1-2-3-1001' | Should -BeTrue
        $script:Sessions = @()
        { Test-LeeboardSignedIn 'SCHOOL\anne' } | Should -Throw 'Windows names no session*'
    }
}

Describe 'Test-LeeboardUserPolicy' {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'PolFile.ps1')
    }
    BeforeEach {
        Reset-LeeboardCache
        $script:Files = @{}
        Mock Get-PolicyPath -ModuleName UserPolicy { 'local', $Sid }
        Mock Read-LeeboardToolBytes -ModuleName UserPolicy {
            if (-not $Files.ContainsKey($Path)) { throw [System.IO.FileNotFoundException]::new('no') }
            return , $Files[$Path]
        }
    }

    It 'finds a value in what was applied to a person, and in the local policy for everybody' {
        Test-LeeboardUserPolicy -Sid S-1 -Key 'Software\Policies\X' -Name Y | Should -BeFalse
        Reset-LeeboardCache
        $Files['S-1'] = ConvertTo-Pol @(, @('Software\policies\X', 'y', 4, [byte[]](1, 0, 0, 0)))
        Test-LeeboardUserPolicy -Sid S-1 -Key 'Software\Policies\X' -Name Y | Should -BeTrue
        Test-LeeboardUserPolicy -Sid S-2 -Key 'Software\Policies\X' -Name Y | Should -BeFalse
        Reset-LeeboardCache
        $Files['local'] = $Files['S-1']
        Test-LeeboardUserPolicy -Sid S-2 -Key 'Software\Policies\X' -Name Y | Should -BeTrue
    }

    It 'does not guess at a file that makes no sense' {
        $Files['S-1'] = [byte[]](1, 2, 3)
        { Test-LeeboardUserPolicy -Sid S-1 -Key 'Software\Policies\X' -Name Y } | Should -Throw
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
        $script:Copies = [System.IO.Path]::Combine([System.Environment]::GetFolderPath('Windows'), 'Temp')
        function Get-Left {
            $users.GetSubKeyNames() | Where-Object { $_ -like 'Leeboard-*' }
            [System.IO.Directory]::GetDirectories($Copies, 'Leeboard-*')
        }
    }
    BeforeEach {
        Reset-LeeboardCache
        Mock Get-LeeboardMachineValue -ModuleName DefaultProfile { @{ state = 'value'; type = 'expand_string'; value = $Default } }
        Mock Test-LeeboardSignedIn -ModuleName Profiles { $true }
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
        Get-Left | Should -BeNullOrEmpty
    }

    It 'reads permissions of both' {
        $answers = Read-LeeboardRegistryAcl 'HKCU\Software\LeeboardTest', 'HKLM\SOFTWARE', 'HKLM\SOFTWARE\LeeboardNone'
        $answers.Keys | Should -Be 'HKCU\Software\LeeboardTest', 'HKLM\SOFTWARE', 'HKLM\SOFTWARE\LeeboardNone'
        $answers['HKCU\Software\LeeboardTest'].effective.type | Should -Be 'list'
        $answers['HKCU\Software\LeeboardTest'].effective.others.Length | Should -Be 1
        $answers['HKLM\SOFTWARE'].effective.source | Should -Be 'permissions of HKLM\SOFTWARE'
        $answers['HKLM\SOFTWARE\LeeboardNone'].effective.state | Should -Be 'absent'
        Get-Left | Should -BeNullOrEmpty
    }

    It 'leaves nothing loaded when reading breaks off' {
        Mock Get-ProfileReading -ModuleName Profiles { throw 'broken' }
        $answers = Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit'
        $answers['HKCU\Software\LeeboardTest:Limit'].effective.code | Should -Be 'driver_failed'
        Get-Left | Should -BeNullOrEmpty
    }

    It 'loads a private copy, with the logs beside it, and never the original' {
        $file = [System.IO.Path]::Combine($Default, 'NTUSER.DAT')
        [System.IO.File]::WriteAllText("$file.LOG1", 'log')
        $global:LeeboardLoaded = @()
        Mock Mount-LeeboardHive -ModuleName DefaultProfile {
            $global:LeeboardLoaded += $File
            $global:LeeboardLoaded += [System.IO.Directory]::GetFiles([System.IO.Path]::GetDirectoryName($File)) | Split-Path -Leaf
            throw 'no more'
        }
        [void](Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit')
        [System.IO.File]::Delete("$file.LOG1")
        $LeeboardLoaded[0] | Should -Not -Be $file
        $LeeboardLoaded[1..3] | Sort-Object | Should -Be 'in-use', 'NTUSER.DAT', 'NTUSER.DAT.LOG1'
        Get-Left | Should -BeNullOrEmpty
        Remove-Variable -Scope Global -Name LeeboardLoaded
    }

    It 'unloads and deletes what a visit left behind that was killed, and nobody else''s folder' {
        $left = [System.IO.Path]::Combine($Copies, 'Leeboard-999999-0123abcd')
        [void](New-LeeboardPrivateFolder $left)
        [System.IO.File]::Copy([System.IO.Path]::Combine($Default, 'NTUSER.DAT'), "$left\NTUSER.DAT")
        Mount-LeeboardHive -Name 'Leeboard-999999-0123abcd' -File "$left\NTUSER.DAT"
        [void](New-LeeboardPrivateFolder "$left-other")
        $answers = Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit'
        $answers['HKCU\Software\LeeboardTest:Limit'].effective.value | Should -Be 600
        Get-Left | Should -Be "$left-other"
        [System.IO.Directory]::Delete("$left-other")
    }

    It 'leaves the copy of a visit that is still going on, whatever its number' {
        $left = [System.IO.Path]::Combine($Copies, 'Leeboard-999999-0123abcd')
        [void](New-LeeboardPrivateFolder $left)
        $open = [System.IO.File]::Open("$left\in-use", 'CreateNew', 'Write', 'None')
        try {
            [void](Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit')
            Get-Left | Should -Be $left
        } finally {
            $open.Dispose()
        }
        [void](Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit')
        Get-Left | Should -BeNullOrEmpty
    }

    It 'takes the number of a running process for no visit, once the file was there' {
        $process = Get-Process | Where-Object { $_.Id -ne $PID -and $_.Id -gt 4 } | Select-Object -First 1
        $left = [System.IO.Path]::Combine($Copies, "Leeboard-$($process.Id)-0123abcd")
        [void](New-LeeboardPrivateFolder $left)
        [void](Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit')
        Get-Left | Should -Be $left
        [System.IO.File]::WriteAllText("$left\in-use", '')
        [void](Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit')
        Get-Left | Should -BeNullOrEmpty
    }

    It 'tells why a registry file cannot be loaded: <What>' -TestCases @(
        @{ What = 'garbage'; Code = 'malformed' }, @{ What = 'nothing'; Code = 'failed' }
    ) {
        $other = [System.IO.Path]::Combine($Default, $What)
        [void][System.IO.Directory]::CreateDirectory($other)
        if ($What -eq 'garbage') { [System.IO.File]::WriteAllText("$other\NTUSER.DAT", 'garbage') }
        Mock Get-LeeboardMachineValue -ModuleName DefaultProfile { @{ state = 'value'; value = $other } }
        $answers = Read-LeeboardRegistryUser 'HKCU\Software\LeeboardTest:Limit', 'HKCU\Software\LeeboardTest:None'
        @($answers.Values | ForEach-Object { $_.effective.code }) | Should -Be $Code, $Code
        $answers[0].effective.why | Should -BeLike '*NTUSER.DAT could not be loaded: *'
        Get-Left | Should -BeNullOrEmpty
    }
}
