# The driver event_log: policy, the log's own key and the service; who may do what with the Security log; event 1102.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Registry', 'Places', 'AccessText', 'EventLogSource', 'EventLog',
        'EventLogChange') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # What the driver asks of modules that only Windows can load.
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) }
    function global:Get-LeeboardKeyTime { param($Key) }
    function global:Get-LeeboardAccountName { param($Sid) }

    $script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Security'
    $script:Own = 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Security'
    # As third-party captures of wevtutil gl Security show it.
    $script:Access = 'O:BAG:SYD:(A;;CCLCSDRCWDWO;;;SY)(A;;CCLC;;;BA)(A;;CC;;;ER)'
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardEventLog -Addresses $Address)[$Address]
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner, Function:\Resolve-LeeboardManaged,
        Function:\Get-LeeboardKeyTime, Function:\Get-LeeboardAccountName
}

Describe 'event_log' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Values, $Machine.Changed = @{ "$Own`:MaxSize" = 20971520L; "$Own`:Retention" = 0L }, $false
        $Machine.Log = @{ MaximumSizeInBytes = 20971520L; LogMode = 'Circular'; SecurityDescriptor = $Access }
        Mock Resolve-LeeboardOwner -ModuleName EventLog { @{ Owner = ''; Note = '' } }
        Mock Get-LeeboardEventLog -ModuleName EventLog { [pscustomobject]$Machine.Log }
        Mock Test-ChangedSinceStart -ModuleName EventLog { $Machine.Changed }
        Mock Get-LeeboardAccountName -ModuleName EventLog {
            if ($Sid -eq 'S-1-5-32-545') { return 'BUILTIN\Users' }
            $Sid
        }
        $answer = {
            $found = $Machine.Values["$Path`:$Name"]
            if ($null -eq $found) { return @{ state = 'absent' } }
            @{ state = 'value'; type = $(if ($found -is [string]) { 'string' } else { 'dword' }); value = $found }
        }
        Mock Get-LeeboardMachineValue -ModuleName Places $answer
        Mock Get-LeeboardMachineValue -ModuleName EventLog $answer
    }

    Context 'size' {
        It 'is in KB, whatever the place counts in' {
            $reading = Read-One 'Security:MaxSize'
            $reading.effective.value, $reading.configured.value | Should -Be 20480, 20480
            $reading.Contains('running') | Should -BeFalse
            $Machine.Values["$Policy`:MaxSize"], $Machine.Log.MaximumSizeInBytes = 196608L, 201326592L
            $reading = Read-One 'Security:MaxSize'
            $reading.effective.value, $reading.configured.source | Should -Be 196608, "$Policy`:MaxSize"
        }

        It 'counts a size that the service has rounded as the same' {
            $Machine.Values["$Policy`:MaxSize"], $Machine.Log.MaximumSizeInBytes = 200000L, 204865536L  # 200064 KB
            (Read-One 'Security:MaxSize').effective.value | Should -Be 200064
            $Machine.Log.MaximumSizeInBytes = 204800000L - 65536L
            (Read-One 'Security:MaxSize').effective.value | Should -Be 199936
        }

        It 'is still running with what the service has, as long as the policy may be newer' {
            $Machine.Values["$Policy`:MaxSize"], $Machine.Changed = 196608L, $true
            $reading = Read-One 'Security:MaxSize'
            $reading.effective.value, $reading.running.value | Should -Be 196608, 20480
        }

        It 'is what the service has where it has had time to take the policy over' {
            $Machine.Values["$Policy`:MaxSize"] = 196608L
            $reading = Read-One 'Security:MaxSize'
            $reading.effective.value, $reading.configured.value | Should -Be 20480, 196608
            $reading.Contains('running') | Should -BeFalse
        }

        It 'is not set where it is set nowhere any more, whatever the service still has' {
            $Machine.Values.Clear()
            (Read-One 'Security:MaxSize').effective.value | Should -Be 20480
            $Machine.Changed = $true
            $reading = Read-One 'Security:MaxSize'
            $reading.effective.state, $reading.running.value | Should -Be 'absent', 20480
        }

        It 'shows a word in place of a number, since Windows reads something else there' {
            $Machine.Values["$Policy`:MaxSize"] = 'large'
            $reading = Read-One 'Security:MaxSize'
            $reading.effective.value, $reading.effective.type | Should -Be 'large', 'string'
        }

        It 'names the own key of the log where that says more and does not count' {
            $Machine.Values["$Policy`:MaxSize"] = 10240L
            (Read-One 'Security:MaxSize').configured.note | Should -Be "$Own`:MaxSize is 20480, but $Policy`:MaxSize counts"
            $Machine.Values["$Policy`:MaxSize"] = 30720L
            (Read-One 'Security:MaxSize').configured.Contains('note') | Should -BeFalse
        }

        It 'is unreadable where the service does not answer, and the configuration is known all the same' {
            Mock Get-LeeboardEventLog -ModuleName EventLog { throw (New-LeeboardProblem -Code timeout -Why 'no answer') }
            $reading = Read-One 'Security:MaxSize'
            $reading.effective.code, $reading.configured.value | Should -Be 'timeout', 20480
            Mock Get-LeeboardEventLog -ModuleName EventLog { }
            (Read-One 'Security:MaxSize').effective.why | Should -Be 'the event log service knows no log Security'
        }

        It 'has the policy''s owner' {
            Mock Resolve-LeeboardOwner -ModuleName EventLog { @{ Owner = 'the group policy "X"'; Note = '' } }
            (Read-One 'Security:MaxSize').owner | Should -Be 'the group policy "X"'
        }
    }

    Context 'retention' {
        It 'is <Word> where the policy is <Policy> with backup <Backup> and the service says <Mode>' -ForEach @(
            @{ Policy = '0'; Backup = $null; Mode = 'Circular'; Word = 'overwrite' }
            @{ Policy = 0L; Backup = '1'; Mode = 'Circular'; Word = 'overwrite' }
            @{ Policy = '1'; Backup = $null; Mode = 'Retain'; Word = 'keep' }
            @{ Policy = '1'; Backup = '0'; Mode = 'Retain'; Word = 'keep' }
            @{ Policy = '1'; Backup = '1'; Mode = 'AutoBackup'; Word = 'archive' }
            @{ Policy = 'yes'; Backup = '1'; Mode = 'Retain'; Word = 'yes' }
        ) {
            $Machine.Values["$Policy`:Retention"] = $_.Policy
            $Machine.Values["$($script:Policy):Retention"] = $_.Policy
            if ($null -ne $_.Backup) { $Machine.Values["$($script:Policy):AutoBackupLogFiles"] = $_.Backup }
            $Machine.Log.LogMode, $Machine.Changed = $_.Mode, $true
            (Read-One 'Security:Retention').effective.value | Should -Be $_.Word
        }

        It 'of the own key is <Word> for <Number>' -ForEach @(
            @{ Number = 0L; Word = 'overwrite' }, @{ Number = 4294967295L; Word = 'keep' }, @{ Number = 604800L; Word = '604800' }
        ) {
            $Machine.Values["$Own`:Retention"], $Machine.Changed = $Number, $true
            $reading = Read-One 'Security:Retention'
            $reading.configured.value | Should -Be $Word
        }

        It 'is what the service has where it differs without a change' {
            $Machine.Log.LogMode = 'Retain'
            (Read-One 'Security:Retention').effective.value | Should -Be 'keep'
            $Machine.Log.LogMode = 'Sometimes'
            (Read-One 'Security:Retention').effective.code | Should -Be 'malformed'
        }
    }

    Context 'the access list of the Security log' {
        It 'has nobody else in it on a clean Windows' {
            (Read-One 'Security:Changers').effective.value | Should -Be @()
            (Read-One 'Security:Readers').effective.value | Should -Be @()
        }

        It 'names who <What>' -ForEach @(
            @{ What = 'may clear'; Entry = '(A;;0x4;;;BU)'; Changers = 'S-1-5-32-545 BUILTIN\Users'; Readers = @() }
            @{ What = 'may do anything'; Entry = '(A;;GA;;;BU)'; Changers = 'S-1-5-32-545 BUILTIN\Users'; Readers = 'S-1-5-32-545 BUILTIN\Users' }
            @{ What = 'may change the list'; Entry = '(A;;WD;;;S-1-5-21-1)'; Changers = 'S-1-5-21-1'; Readers = @() }
            @{ What = 'may read'; Entry = '(A;;CC;;;S-1-5-21-1)'; Changers = @(); Readers = 'S-1-5-21-1' }
            @{ What = 'forwards events'; Entry = '(A;;0x1;;;S-1-5-20)'; Changers = @(); Readers = @() }
            @{ What = 'is denied'; Entry = '(D;;0x7;;;BU)'; Changers = @(); Readers = @() }
        ) {
            $Machine.Log.SecurityDescriptor = $Access + $Entry
            @((Read-One 'Security:Changers').effective.value) | Should -Be @($Changers)
            @((Read-One 'Security:Readers').effective.value) | Should -Be @($Readers)
        }

        It 'is everybody''s where there is none, and unreadable where it makes no sense' {
            $Machine.Log.SecurityDescriptor = 'O:BAG:SY'
            (Read-One 'Security:Readers').effective.value | Should -Be 'S-1-1-0'
            $Machine.Log.SecurityDescriptor = 'nonsense'
            (Read-One 'Security:Readers').effective.code | Should -Be 'malformed'
        }
    }

    Context 'event 1102' {
        BeforeEach {
            $Machine.At = (Get-LeeboardNow).AddDays(-5).ToString('yyyy-MM-ddTHH:mm:ss')
            $Machine.Oldest = @{ Seen = 50; Cleared = $true }
            Mock Get-LeeboardEvent -ModuleName EventLog { throw 'a search through all of the log' }
            Mock Get-LeeboardOldestEvent -ModuleName EventLog {
                @{ Seen = $Machine.Oldest.Seen; Found = @(if ($Machine.Oldest.Cleared) {
                            [xml]('<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>' +
                                "<TimeCreated SystemTime=`"$($Machine.At).1234567Z`"/></System><UserData><LogFileCleared " +
                                'xmlns="http://manifests.microsoft.com/win/2004/08/windows/eventlog">' +
                                '<SubjectUserSid>S-1-5-32-545</SubjectUserSid></LogFileCleared></UserData></Event>') }) }
            }
        }

        It 'tells when, and by whom' {
            (Read-One 'Security:Cleared').effective.value | Should -Be "$($Machine.At)Z by S-1-5-32-545 BUILTIN\Users"
            Should -Invoke Get-LeeboardOldestEvent -ModuleName EventLog -ParameterFilter {
                $Log -eq 'Security' -and $Provider -eq 'Microsoft-Windows-Eventlog' -and $Id -eq 1102 }
        }

        It 'tells of an old one as well, whatever the time is: the brain says how long it counts' {
            $Machine.At = '2020-01-02T03:04:05'
            Mock Get-LeeboardNow -ModuleName EventLog { throw 'it asked for the time' }
            (Read-One 'Security:Cleared').effective.value | Should -Be '2020-01-02T03:04:05Z by S-1-5-32-545 BUILTIN\Users'
        }

        It 'is an empty list where there is none' {
            $Machine.Oldest.Cleared = $false
            $value = (Read-One 'Security:Cleared').effective.value
            , $value | Should -BeOfType [array]
            $value.Length | Should -Be 0
        }

        It 'is not known where the log shows nothing at all: <Code>' -ForEach @(
            @{ Administrator = $true; Code = 'failed' }, @{ Administrator = $false; Code = 'needs_root' }
        ) {
            $Machine.Oldest = @{ Seen = 0; Cleared = $false }
            Mock Test-LeeboardAdministrator -ModuleName EventLog { $Administrator }
            (Read-One 'Security:Cleared').effective.code | Should -Be $Code
        }
    }

    It 'knows its addresses' -ForEach '', 'Security', 'Security:maxsize', 'security:MaxSize', 'Tea:MaxSize', 'System:Cleared' {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }

    Context 'changing' {
        BeforeEach { Mock Get-LeeboardMachineValue -ModuleName Registry { @{ state = 'absent' } } }

        It 'writes the policy' {
            $edits = @(Get-LeeboardEventLogChange -Changes @{ address = 'Security:MaxSize'; value = 196608 },
                @{ address = 'Setup:Retention'; value = 'overwrite' })
            $edits.Target | Should -Be "$Policy`:MaxSize", 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Setup:Retention'
            $edits[0].After.value, $edits[0].After.type | Should -Be 196608, 'dword'
            $edits[1].After.value, $edits[1].After.type | Should -BeExactly '0', 'string'
        }

        It 'refuses <Address> = <Value>' -ForEach @(
            @{ Address = 'Security:Cleared'; Value = '' }, @{ Address = 'Tea:MaxSize'; Value = 2048 }
            @{ Address = 'Security:MaxSize'; Value = 1023 }, @{ Address = 'Security:MaxSize'; Value = 2147483648 }
            @{ Address = 'Security:MaxSize'; Value = 'large' }, @{ Address = 'Security:Retention'; Value = 'keep' }
        ) {
            try { Get-LeeboardEventLogChange -Changes @{ address = $Address; value = $Value }; $code = 'none' }
            catch { $code = (ConvertTo-LeeboardProblem $_).Code }
            $code | Should -Be 'refused'
        }
    }
}

Describe 'ConvertFrom-LeeboardAccessText' {
    It 'knows letters, numbers and flags' {
        $masks = ConvertFrom-LeeboardAccessText ('O:S-1-5-21-7G:DUD:PAI(A;;0xf0005;;;SY)(A;OICI;CCLC;;;S-1-5-21-9)' +
            '(A;OICIIO;GA;;;BU)(A;;5;;;S-1-5-21-9)(D;;GA;;;AN)S:(AU;SAFA;CC;;;WD)')
        $masks['S-1-5-18'], $masks['S-1-5-21-9'], $masks['S-1-5-21-7'] | Should -Be 0xf0005, 5, 0x40000
        $masks.Count | Should -Be 3
    }

    It 'is an error for <_>' -ForEach 'D:(A;;QQ;;;SY)', 'D:(A;;CC;;;SY', '', 'D:(A;;CC;;;SY)rubbish' {
        $text = $_
        $code = 'none'
        try { $masks = ConvertFrom-LeeboardAccessText $text } catch { $code = (ConvertTo-LeeboardProblem $_).Code }
        if ($text -eq '') { $masks['S-1-1-0'] | Should -Be 0x10000000 } else { $code | Should -Be 'malformed' }
    }
}

Describe 'the event log service' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Asked = 0
    }

    It 'is not asked again once it has not come back' {
        Mock Invoke-LeeboardBounded -ModuleName EventLogSource {
            $Machine.Asked++
            throw (New-LeeboardProblem -Code timeout -Why 'no answer')
        }
        foreach ($log in 'Security', 'System', 'Security') {
            { Get-LeeboardEventLog $log } | Should -Throw '*no answer*'
        }
        { Get-LeeboardEvent -Log Security -Provider X -Id 1 -Since (Get-Date) } | Should -Throw '*no answer*'
        $Machine.Asked | Should -Be 1
    }

    It 'is asked whether it answers at all once a search has not come back: <Answers>' -ForEach @(
        @{ Answers = $true; Asked = 'search 25', 'probe 5', 'search 10', 'probe 5', 'log 10' }
        @{ Answers = $false; Asked = 'search 25', 'probe 5' }
    ) {
        $Machine.Asked = @()
        $Machine.Answers = $Answers
        Mock Invoke-LeeboardBounded -ModuleName EventLogSource {
            $kind = if ($What -eq 'the event log service') { 'probe' } elseif ($What -like '*Tea') { 'log' } else { 'search' }
            $Machine.Asked += "$kind $PatienceSeconds"
            if ($kind -eq 'search' -or -not $Machine.Answers) { throw (New-LeeboardProblem -Code timeout -Why 'no answer') }
        }
        { Get-LeeboardEvent -Log Security -Provider X -Id 1 -Since (Get-Date) } | Should -Throw '*no answer*'
        { Get-LeeboardEvent -Log System -Provider X -Id 1 -Since (Get-Date) } | Should -Throw '*no answer*'
        if ($Answers) { Get-LeeboardEventLog Tea } else { { Get-LeeboardEventLog Tea } | Should -Throw '*no answer*' }
        $Machine.Asked | Should -Be $Asked
    }

    It 'has nothing where its error says so' {
        $Machine.Id = 'NoMatchingLogsFound'
        Mock Invoke-LeeboardBounded -ModuleName EventLogSource {
            $record = [Management.Automation.ErrorRecord]::new([Exception]'keine', "$($Machine.Id),Microsoft.X", 'ObjectNotFound', $null)
            throw [Management.Automation.CmdletInvocationException].GetConstructors('NonPublic, Instance').Where({
                    $_.GetParameters().Count -eq 1 -and $_.GetParameters()[0].ParameterType.Name -eq 'ErrorRecord' })[0].Invoke(@($record))
        }
        Get-LeeboardEventLog Tea | Should -BeNullOrEmpty
        foreach ($id in 'NoMatchingEventsFound', 'LogsAndProvidersDontOverlap') {
            $Machine.Id = $id
            Get-LeeboardEvent -Log Security -Provider X -Id 1 -Since (Get-Date) | Should -BeNullOrEmpty
        }
        { Get-LeeboardEventLog Other } | Should -Throw '*the event log Other*keine*'
    }
}
