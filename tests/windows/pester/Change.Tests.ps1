# How every driver changes a machine, with a driver whose machine is a hashtable; and the journal.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'PrivateFolder', 'Armed', 'Journal', 'Change') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $global:LeeboardFake = @{ Machine = @{}; Log = @() }

    function global:Read-LeeboardFakeThing([string[]]$Addresses) {
        $global:LeeboardFake.Log += 'read'
        $answers = [ordered]@{}
        foreach ($address in $Addresses) {
            $aspect = New-LeeboardAbsent -Source fake
            if ($LeeboardFake.Machine.ContainsKey($address)) {
                $aspect = New-LeeboardValue -Value $LeeboardFake.Machine[$address] -Type dword -Source fake
            }
            $answers[$address] = New-LeeboardReading -Driver fake_thing -Address $address -Effective $aspect
        }
        $answers
    }
    function global:Get-LeeboardFakeThingChange([object[]]$Changes) {
        $global:LeeboardFake.Log += 'plan'
        foreach ($change in $Changes) {
            if ($change.value -lt 0) { throw (New-LeeboardProblem -Code refused -Why "$($change.address) is never negative") }
            $before = @{ state = 'absent' }
            if ($LeeboardFake.Machine.ContainsKey($change.address)) {
                $before = @{ state = 'value'; value = $LeeboardFake.Machine[$change.address]; type = 'dword' }
            }
            @{ Target = $change.address; Before = $before; After = @{ state = 'value'; value = $change.value; type = 'dword' } }
        }
    }
    function global:Set-LeeboardFakeThingChange([object[]]$Edits) {
        foreach ($edit in $Edits) {
            $global:LeeboardFake.Log += "set $($edit.Target)"
            if ($edit.Target -eq 'stuck') { throw [System.IO.IOException]::new('the disk is full') }
            $global:LeeboardFake.Machine[$edit.Target] = $edit.After.value
        }
    }
    function Invoke-Fake([object[]]$Changes, [bool]$Check = $false) {
        Invoke-LeeboardChange -Driver fake_thing -Changes $Changes -RunId run-1 -Check $Check
    }
}

AfterAll {
    Remove-Item Function:\Read-LeeboardFakeThing, Function:\Get-LeeboardFakeThingChange, Function:\Set-LeeboardFakeThingChange
    Remove-Variable -Name LeeboardFake -Scope Global
}

Describe 'Invoke-LeeboardChange' {
    BeforeEach {
        $global:LeeboardFake = @{ Machine = @{ a = 900 }; Log = @() }
        Mock Write-LeeboardJournal -ModuleName Change { $global:LeeboardFake.Log += 'journal'; 'C:\journal\run-1.jsonl' }
    }

    It 'looks, plans, keeps a journal, writes and looks again, in this order' {
        $done = Invoke-Fake @{ address = 'a'; value = 600 }, @{ address = 'b'; value = 1 }
        $LeeboardFake.Log | Should -Be 'read', 'plan', 'journal', 'set a', 'set b', 'read'
        $done.changed, $done.outdated, $done.journal | Should -Be $true, $false, 'C:\journal\run-1.jsonl'
        $done.before.a.effective.value, $done.after.a.effective.value | Should -Be 900, 600
        $done.before.b.effective.state, $done.after.b.effective.value | Should -Be 'absent', 1
        $done.diff.before | Should -Be "a = 900 (dword)`nb is not set`n"
        $done.diff.after | Should -Be "a = 600 (dword)`nb = 1 (dword)`n"
    }

    It 'writes nothing in check mode, and shows the same diff' {
        $changes = @{ address = 'a'; value = 600 }, @{ address = 'b'; value = 1 }
        $checked = Invoke-Fake $changes $true
        $LeeboardFake.Log | Should -Be 'read', 'plan'
        $LeeboardFake.Machine.a | Should -Be 900
        $checked.changed, $checked.journal | Should -Be $true, $null
        $checked.after | Should -Be $checked.before
        (Invoke-Fake $changes).diff.after | Should -Be $checked.diff.after
    }

    It 'leaves the writing to the registry where a driver has nothing of its own for it' {
        function global:Read-LeeboardFakeValue([string[]]$Addresses) {
            $answers = [ordered]@{}
            foreach ($one in $Addresses) {
                $answers[$one] = New-LeeboardReading -Driver fake_value -Address $one -Effective (New-LeeboardAbsent -Source fake)
            }
            $answers
        }
        function global:Get-LeeboardFakeValueChange([object[]]$Changes) {
            foreach ($change in $Changes) {
                @{ Target = "HKLM\Fake:$($change.address)"; Before = @{ state = 'absent' }
                    After = @{ state = 'value'; value = 1; type = 'dword' } }
            }
        }
        function global:Set-LeeboardRegistryChange([object[]]$Edits) { $global:LeeboardFake.Log += "registry $($Edits.Target)" }
        try {
            (Invoke-LeeboardChange -Driver fake_value -Changes @{ address = 'a' } -RunId run-1).changed | Should -BeTrue
            $LeeboardFake.Log | Should -Be 'journal', 'registry HKLM\Fake:a'
        } finally {
            Remove-Item Function:\Read-LeeboardFakeValue, Function:\Get-LeeboardFakeValueChange, Function:\Set-LeeboardRegistryChange
        }
    }

    It 'changes nothing a second time, and keeps no journal of it' {
        [void](Invoke-Fake @{ address = 'a'; value = 600 })
        $LeeboardFake.Log = @()
        $again = Invoke-Fake @{ address = 'a'; value = 600 }
        $again.changed, $again.journal, $again.diff.after | Should -Be $false, $null, ''
        $LeeboardFake.Log | Should -Be 'read', 'plan'
    }

    It 'writes and records only what changes' {
        [void](Invoke-Fake @{ address = 'a'; value = 900 }, @{ address = 'b'; value = 1 })
        $LeeboardFake.Log | Should -Be 'read', 'plan', 'journal', 'set b', 'read'
        Should -Invoke Write-LeeboardJournal -ModuleName Change -ParameterFilter { $Edits.Length -eq 1 }
    }

    It 'refuses when the device no longer says what the plan was made from' {
        $done = Invoke-Fake @{ address = 'a'; value = 600; expect = '0123456789abcdef' }
        $done.outdated, $done.changed | Should -Be $true, $false
        $done.msg | Should -BeLike 'fake_thing a is no longer what the plan was made from*'
        $LeeboardFake.Log | Should -Be @('read')
    }

    It 'goes on when the device still says that' {
        $expect = (Read-LeeboardFakeThing a).a.fingerprint
        (Invoke-Fake @{ address = 'a'; value = 600; expect = $expect }).changed | Should -BeTrue
    }

    It 'writes nothing at all when one of the changes is refused' {
        { Invoke-Fake @{ address = 'b'; value = 1 }, @{ address = 'a'; value = -1 } } | Should -Throw 'a is never negative'
        $LeeboardFake.Log | Should -Be 'read', 'plan'
    }

    It 'refuses two different values for one place, and takes the same one twice' {
        { Invoke-Fake @{ address = 'a'; value = 1 }, @{ address = 'a'; value = 2 } } |
            Should -Throw 'a is asked to be two different things'
        (Invoke-Fake @{ address = 'a'; value = 1 }, @{ address = 'a'; value = 1 }).changed | Should -BeTrue
        @($LeeboardFake.Log | Where-Object { $_ -eq 'set a' }).Length | Should -Be 1
    }

    It 'writes nothing when the journal cannot be kept' {
        Mock Write-LeeboardJournal -ModuleName Change { throw [System.IO.IOException]::new('the disk is full') }
        { Invoke-Fake @{ address = 'a'; value = 600 } } | Should -Throw 'the disk is full'
        $LeeboardFake.Machine.a | Should -Be 900
    }

    It 'says where the old values are when writing breaks off' {
        { Invoke-Fake @{ address = 'a'; value = 600 }, @{ address = 'stuck'; value = 1 } } |
            Should -Throw '*the disk is full; what was there before is in C:\journal\run-1.jsonl'
    }
}

Describe 'A driver whose changes could cut off' {
    BeforeAll {
        function global:Get-LeeboardFakeThingCover { param($Changes) @{ Values = @($Changes | ForEach-Object { $_.address }) } }
    }
    AfterAll { Remove-Item -LiteralPath Function:\Get-LeeboardFakeThingCover }
    BeforeEach {
        Mock Write-LeeboardJournal -ModuleName Change { 'C:\journal\run-1.jsonl' }
        $global:LeeboardFake = @{ Machine = @{ a = 1; b = 1 }; Log = @() }
    }

    It 'changes nothing without a checkpoint, and says what it would change' {
        Mock Get-LeeboardCheckpointState -ModuleName Armed { 'none' }
        (Invoke-LeeboardChange -Driver fake_thing -Changes @(@{ address = 'a'; value = 2 }) -RunId run-1 -Check $true).changed |
            Should -BeTrue
        { Invoke-LeeboardChange -Driver fake_thing -Changes @(@{ address = 'a'; value = 2 }) -RunId run-1 } |
            Should -Throw 'fake_thing could cut off whoever changes it, so it is changed under an armed checkpoint only*'
        $LeeboardFake.Machine.a | Should -Be 1
        Should -Not -Invoke Write-LeeboardJournal -ModuleName Change
    }

    It 'changes nothing under <state> of <run> about <driver> and <values>' -ForEach @(
        @{ state = 'armed'; run = 'run-2'; driver = 'fake_thing'; values = 'a', 'b'; words = 'a checkpoint is held by me, run run-2*' }
        @{ state = 'putting-back'; run = 'run-1'; driver = 'fake_thing'; values = 'a', 'b'; words = 'the device is putting back*' }
        @{ state = 'armed'; run = 'run-1'; driver = 'other'; values = 'a', 'b'; words = 'the armed checkpoint is not about fake_thing' }
        @{ state = 'armed'; run = 'run-1'; driver = 'fake_thing'; values = , 'a'; words = '*does not cover b, so*' }
    ) {
        $about = @{ run = @($run); by = @('me'); digest = @('d'); mark = @('m'); driver = @($driver); value = @($values) }
        Mock Get-LeeboardCheckpointState -ModuleName Armed { $state }
        Mock Get-LeeboardCheckpointAbout -ModuleName Armed { $about }
        $changes = @{ address = 'a'; value = 2 }, @{ address = 'b'; value = 2 }
        { Invoke-LeeboardChange -Driver fake_thing -Changes $changes -RunId run-1 } | Should -Throw $words
        "$($LeeboardFake.Machine.a)$($LeeboardFake.Machine.b)" | Should -Be '11'
    }

    It 'stops in the middle when the device begins to put itself back' {
        $about = @{ run = @('run-1'); by = @('me'); digest = @('d'); mark = @('m'); driver = @('fake_thing'); value = 'a', 'b' }
        Mock Get-LeeboardCheckpointAbout -ModuleName Armed { $about }
        Mock Get-LeeboardCheckpointState -ModuleName Armed { if ($LeeboardFake.Machine.a -eq 1) { 'armed' } else { 'putting-back' } }
        $changes = @{ address = 'a'; value = 2 }, @{ address = 'b'; value = 2 }
        { Invoke-LeeboardChange -Driver fake_thing -Changes $changes -RunId run-1 } | Should -Throw '*is putting back*'
        "$($LeeboardFake.Machine.a)$($LeeboardFake.Machine.b)" | Should -Be '21'
    }
}

Describe 'Write-LeeboardJournal' {
    BeforeAll {
        function Write-Entry([string]$RunId, [string]$Value = 'old') {
            $edit = @{ Target = 'HKLM\A:b'; Before = @{ state = 'value'; value = $Value; type = 'string' }; After = @{ state = 'absent' } }
            Write-LeeboardJournal -RunId $RunId -Driver registry -Changes @(@{ address = 'HKLM\A:b' }) -Before @{} `
                -Edits @($edit) -Folder $Folder
        }
    }
    BeforeEach {
        # Windows alone has the permissions; on Linux only the lines are looked at.
        if (-not $IsWindows) { Mock Protect-LeeboardFolder -ModuleName Journal { [void][System.IO.Directory]::CreateDirectory($Folder) } }
        $script:Folder = Join-Path "$TestDrive" ([guid]::NewGuid())
    }

    It 'adds one line a record, which gives back every value as it was' {
        $odd = "line`nbreak, quote `", half a pair $([char]0xd83d), null `0, 😀"
        $path = Write-Entry 'run-1' $odd
        [void](Write-Entry 'run-1')
        $path | Should -Be ([System.IO.Path]::Combine($Folder, 'run-1.jsonl'))
        $lines = [System.IO.File]::ReadAllLines($path)
        $lines.Length | Should -Be 2
        $first = ConvertFrom-Json $lines[0]
        $first.schema, $first.driver, $first.edits[0].target, $first.edits[0].after.state |
            Should -Be 1, 'registry', 'HKLM\A:b', 'absent'
        # Half a pair is in the file; PowerShell's own reader puts a replacement in its place.
        $lines[0] | Should -Match 'half a pair \\ud83d, null \\u0000'
        $read = $odd.Replace([char]0xd83d + ', null', [char]0xfffd + ', null')
        [string]::Equals($first.edits[0].before.value, $read, 'Ordinal') | Should -BeTrue
        $lines[0] | Should -Match '"at":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"'
    }

    It 'says on a full drive that nothing is changed' -Skip:$IsWindows {
        # What is written there finds no room, as on a drive that is full.
        [void][System.IO.Directory]::CreateDirectory($Folder)
        [void](New-Item -ItemType SymbolicLink -Path ([System.IO.Path]::Combine($Folder, 'run-1.jsonl')) -Target '/dev/full')
        { Write-Entry 'run-1' } | Should -Throw '*run-1.jsonl cannot be written, so the change is not made (IOException: No space left*); make room on that drive'
    }

    It 'takes no run id that is a path or a device: <RunId>' -TestCases @(
        @{ RunId = '..\x' }, @{ RunId = 'a/b' }, @{ RunId = 'a:b' }, @{ RunId = 'nul' }, @{ RunId = 'COM1.x' }, @{ RunId = '.x' }
        @{ RunId = 'x' * 65 }
    ) {
        { Write-Entry $RunId } | Should -Throw '*run id*'
        Test-Path -LiteralPath $Folder | Should -BeFalse
    }

    It 'refuses a folder that somebody else has made' -Tag Windows -Skip:(-not $IsWindows) {
        [void](New-Item -ItemType Directory -Path $Folder)
        Mock Get-Acl -ModuleName PrivateFolder {
            $acl = [System.Security.AccessControl.DirectorySecurity]::new()
            $acl.SetOwner([System.Security.Principal.SecurityIdentifier]'S-1-5-21-1-2-3-1001')
            $acl
        }
        { Write-Entry 'run-1' } | Should -Throw '*was made by somebody else (S-1-5-21-1-2-3-1001)*'
    }

    It 'lets administrators and SYSTEM alone into the folder' -Tag Windows -Skip:(-not $IsWindows) {
        # Wine makes up the permissions of files, so what would be set is looked at.
        Mock Set-Acl -ModuleName PrivateFolder { $global:LeeboardFake.Acl = $AclObject }
        [void](Write-Entry 'run-1')
        $acl = $LeeboardFake.Acl
        $acl.AreAccessRulesProtected | Should -BeTrue
        $rules = $acl.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
        @($rules | ForEach-Object { "$($_.IdentityReference) $($_.FileSystemRights) $($_.InheritanceFlags)" } | Sort-Object) |
            Should -Be 'S-1-5-18 FullControl ContainerInherit, ObjectInherit', 'S-1-5-32-544 FullControl ContainerInherit, ObjectInherit'
    }
}

Describe 'a folder for the journal that is a link to another place' {
    It 'is refused' {
        $there = New-Item -ItemType Directory -Path (Join-Path "$TestDrive" 'there')
        $link = Join-Path "$TestDrive" 'link'
        $kind = if ($IsWindows) { 'Junction' } else { 'SymbolicLink' }
        try {
            [void](New-Item -ItemType $kind -Path $link -Target $there.FullName -ErrorAction Stop)
        } catch {
            Set-ItResult -Skipped -Because "Wine makes no junction: $_"
            return
        }
        { Protect-LeeboardFolder $link } | Should -Throw '*is a link to another place*'
    }
}
