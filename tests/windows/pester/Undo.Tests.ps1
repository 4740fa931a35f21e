# An undo with a machine that is a hashtable, the journals with their real files; on Windows the registry as well.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'PrivateFolder', 'Armed', 'CutOff', 'Journal', 'JournalRead', 'Undo') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # What the undo asks of modules that only Windows can load.
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) @{ Owner = ''; Note = '' } }
    function global:Save-LeeboardRunning { param($Path) }
    $global:LeeboardUndo = @{ Policy = @{}; Wrote = @(); Owner = ''; Stuck = '' }

    # The audit policy stands for every driver that has places of its own.
    function global:Read-LeeboardAuditPolicy([string[]]$Addresses) {
        $answers = [ordered]@{}
        foreach ($address in $Addresses) {
            $aspect = New-LeeboardValue -Value $LeeboardUndo.Policy[$address] -Type audit_mask -Source fake
            $answers[$address] = New-LeeboardReading -Driver audit_policy -Address $address -Effective $aspect `
                -Owner $LeeboardUndo.Owner
        }
        $answers
    }
    function global:Set-LeeboardAuditPolicyChange([object[]]$Edits) {
        foreach ($edit in $Edits) {
            if ($edit.Target -eq $LeeboardUndo.Stuck) { throw [System.IO.IOException]::new('the disk is full') }
            $global:LeeboardUndo.Wrote += $edit.Target
            $global:LeeboardUndo.Policy[$edit.Target] = $edit.After.value
        }
    }
    function global:Read-LeeboardAccountLockout([string[]]$Addresses) {
        $answers = [ordered]@{}
        foreach ($address in $Addresses) {
            $aspect = New-LeeboardAbsent -Source fake
            if ($LeeboardUndo.Policy.ContainsKey($address)) {
                $aspect = New-LeeboardValue -Value $LeeboardUndo.Policy[$address] -Type int -Source fake
            }
            $answers[$address] = New-LeeboardReading -Driver account_lockout -Address $address -Effective $aspect
        }
        $answers
    }
    function global:Set-LeeboardAccountLockoutChange([object[]]$Edits) {
        foreach ($edit in $Edits) {
            $global:LeeboardUndo.Policy[$edit.Target] = $edit.After.value
            if ($edit.Target -eq 'LockoutBadCount' -and $edit.After.value -eq 0) {
                $LeeboardUndo.Policy.Remove('LockoutDuration')
            }
        }
    }
    # The school's own VPN profile: what was not there before is taken away again, and not all that was there can be made.
    function global:Read-LeeboardVpnPlace([string[]]$Addresses) {
        $answers = [ordered]@{}
        foreach ($address in $Addresses) {
            $aspect = New-LeeboardAbsent -Source fake
            if ($null -ne $LeeboardUndo.Policy[$address]) {
                $aspect = New-LeeboardValue -Value $LeeboardUndo.Policy[$address] -Type string -Source fake
            }
            $answers[$address] = New-LeeboardReading -Driver vpn_connection -Address $address -Effective $aspect
        }
        $answers
    }
    function global:Set-LeeboardVpnConnectionChange([object[]]$Edits) {
        foreach ($edit in $Edits) { $global:LeeboardUndo.Policy[$edit.Target] = $edit.After['value'] }
    }
    function global:Get-LeeboardVpnConnectionRefusal($State) { if ("$($State['value'])" -like 'changed:*') { 'Leeboard would not write it' } }
    function New-State([object]$Value, [string]$Type = 'audit_mask') {
        if ($null -eq $Value) { return @{ state = 'absent' } }
        @{ state = 'value'; value = $Value; type = $Type }
    }
    # One line of a run's journal, with what it changes on the machine.
    function Write-Run([string]$Run, [string]$Target, [object]$Before, [object]$After, [string]$Driver = 'audit_policy', [string]$Type = 'audit_mask') {
        $edit = @{ Target = $Target; Before = New-State $Before $Type; After = New-State $After $Type }
        [void](Write-LeeboardJournal -RunId $Run -Driver $Driver -Changes @(@{ address = $Target }) -Before @{} `
                -Edits @($edit) -Folder $Folder)
        $global:LeeboardUndo.Policy[$Target] = $After
    }
    function Undo([string]$Run = 'run-1', [string]$As = 'undo-1', [bool]$Check = $false) {
        Invoke-LeeboardUndo -RunId $Run -UndoId $As -Check $Check -Folder $Folder
    }
}

AfterAll {
    Remove-Item Function:\Read-LeeboardAuditPolicy, Function:\Set-LeeboardAuditPolicyChange,
        Function:\Read-LeeboardAccountLockout, Function:\Set-LeeboardAccountLockoutChange,
        Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner, Function:\Save-LeeboardRunning
    Remove-Variable -Name LeeboardUndo -Scope Global
}

Describe 'Invoke-LeeboardUndo' {
    BeforeEach {
        # Windows alone has the permissions.
        if (-not $IsWindows) {
            Mock Protect-LeeboardFolder -ModuleName Journal { [void][System.IO.Directory]::CreateDirectory($Folder) }
            Mock Test-JournalFolder -ModuleName JournalRead { [System.IO.Directory]::Exists($Folder) }
        }
        $script:Folder = Join-Path "$TestDrive" ([guid]::NewGuid())
        $global:LeeboardUndo = @{ Policy = @{ a = [long]0; b = [long]1 }; Wrote = @(); Owner = ''; Stuck = '' }
    }

    It 'puts back what was there, newest first, and a second undo changes nothing' {
        Write-Run run-1 a ([long]0) ([long]3)
        Write-Run run-1 b ([long]1) ([long]2)
        $preview = Undo -Check $true
        $LeeboardUndo.Wrote | Should -BeNullOrEmpty
        Test-Path (Join-Path $Folder 'undo-1.jsonl') | Should -BeFalse
        $done = Undo
        $LeeboardUndo.Wrote | Should -Be 'b', 'a'
        $LeeboardUndo.Policy.a, $LeeboardUndo.Policy.b | Should -Be 0, 1
        $done.changed, $done.found, $done.left.Length | Should -Be $true, $true, 0
        @($done.put_back | ForEach-Object { $_.target }) | Should -Be 'b', 'a'
        $done.put_back[0].was | Should -Be '1 (audit_mask)'
        $done.diff.before | Should -Be "b: 2 (audit_mask)`na: 3 (audit_mask)`n"
        $preview.diff.after | Should -Be $done.diff.after
        $done.journal | Should -Be ([System.IO.Path]::Combine($Folder, 'undo-1.jsonl'))
        $again = Undo -As undo-2
        $again.changed, $again.already.Length, $again.left.Length, $again.journal | Should -Be $false, 2, 0, $null
    }

    It 'can be undone itself' {
        Write-Run run-1 a ([long]0) ([long]3)
        [void](Undo)
        (Undo undo-1 redo).changed | Should -BeTrue
        $LeeboardUndo.Policy.a | Should -Be 3
        (Undo run-1 undo-2).changed | Should -BeTrue
        $LeeboardUndo.Policy.a | Should -Be 0
    }

    It 'leaves what somebody changed since, and says what it is now' {
        Write-Run run-1 a ([long]0) ([long]3)
        $global:LeeboardUndo.Policy.a = [long]2
        $done = Undo
        $done.changed, $LeeboardUndo.Policy.a | Should -Be $false, 2
        $done.left[0].why | Should -Be 'changed since: it is 2 (audit_mask) now'
    }

    It 'names the run that changed it later' {
        Write-Run run-1 a ([long]0) ([long]3)
        Write-Run run-2 a ([long]3) ([long]1)
        (Undo).left[0].why | Should -Be 'changed since: the run run-2 wrote it later; undo that one first'
        [void](Undo run-2 undo-2)
        (Undo run-1 undo-3).left.Length | Should -Be 0
        $LeeboardUndo.Policy.a | Should -Be 0
    }

    It 'goes back to the start of a run that wrote a place twice, and to what somebody wrote in its middle' {
        Write-Run run-1 a ([long]0) ([long]3)
        Write-Run run-1 a ([long]3) ([long]2)
        [void](Undo)
        $LeeboardUndo.Policy.a | Should -Be 0
        Write-Run run-2 a ([long]0) ([long]3)
        Write-Run run-2 a ([long]1) ([long]2)
        $done = Undo run-2 undo-2
        $LeeboardUndo.Policy.a | Should -Be 1
        $done.remarks[0] | Should -BeLike 'somebody else wrote a while the run went on*'
    }

    It 'goes on where a killed undo ended' {
        Write-Run run-1 a ([long]0) ([long]3)
        Write-Run run-1 b ([long]1) ([long]2)
        $global:LeeboardUndo.Stuck = 'a'
        $broken = Undo
        $broken.broken | Should -BeLike '*the disk is full; run the same undo again, which goes on where this one ended'
        $LeeboardUndo.Policy.a, $LeeboardUndo.Policy.b | Should -Be 3, 1
        @($broken.put_back | ForEach-Object { $_.target }) | Should -Be 'b'
        $broken.left[0].target, $broken.left[0].why | Should -Be 'a', 'the undo broke off before it'
        $global:LeeboardUndo.Stuck = ''
        $done = Undo -As undo-2
        $LeeboardUndo.Policy.a, $LeeboardUndo.Policy.b | Should -Be 0, 1
        $done.put_back.Length, $done.already.Length, $done.left.Length | Should -Be 1, 1, 0
    }

    It 'writes nothing when the journal cannot be kept' {
        Write-Run run-1 a ([long]0) ([long]3)
        Mock Write-LeeboardJournal -ModuleName Undo { throw [System.IO.IOException]::new('the disk is full') }
        { Undo } | Should -Throw 'the disk is full'
        $LeeboardUndo.Policy.a | Should -Be 3
    }

    It 'leaves alone what a group policy sets now' {
        Write-Run run-1 a ([long]0) ([long]3)
        $global:LeeboardUndo.Owner = 'the group policy "School"'
        (Undo).left[0].why | Should -BeLike 'it is set by the group policy "School"*'
        $LeeboardUndo.Policy.a | Should -Be 3
    }

    It 'refuses encryption by name: <Target>' -TestCases @(
        @{ Driver = 'bitlocker_volume'; Target = 'C:' }
        @{ Driver = 'registry'; Target = 'HKLM\SYSTEM\CurrentControlSet\Control\BitLocker:PreventDeviceEncryption' }
        @{ Driver = 'registry'; Target = 'hklm\system\currentcontrolset\control\bitlocker\Sub:Value' }
    ) {
        Write-Run run-1 $Target ([long]0) ([long]3) $Driver dword
        $done = Undo
        $done.changed | Should -BeFalse
        $done.left[0].why | Should -BeLike '*encryption, which is never undone*'
    }

    It 'takes the times of a lock-out away with the number of tries' {
        Write-Run run-1 LockoutBadCount ([long]0) ([long]5) account_lockout int
        Write-Run run-1 LockoutDuration $null ([long]15) account_lockout int
        $done = Undo
        $done.put_back.Length, $done.left.Length | Should -Be 2, 0
        $LeeboardUndo.Policy.LockoutBadCount, $LeeboardUndo.Policy.ContainsKey('LockoutDuration') | Should -Be 0, $false
        (Undo -As undo-2).changed | Should -BeFalse
    }

    It 'undoes a VPN profile: <Before> to <After>' -ForEach @(
        @{ Before = $null; After = 'gateway:a.example'; Verdict = 'put_back'; Is = $null }
        @{ Before = 'gateway:b.example'; After = 'gateway:a.example'; Verdict = 'put_back'; Is = 'gateway:b.example' }
        @{ Before = 'changed:TunnelType=Automatic gateway:b.example'; After = 'gateway:a.example'; Verdict = 'left'; Is = 'gateway:a.example' }
        @{ Before = 'gateway:b.example'; After = $null; Verdict = 'put_back'; Is = 'gateway:b.example' }
    ) {
        Mock Assert-LeeboardCheckpoint -ModuleName Undo { }
        Write-Run run-1 tunnel $Before $After vpn_connection string
        $done = Invoke-LeeboardUndo -RunId run-1 -UndoId undo-1 -Folder $Folder
        @($done[$Verdict]).Count | Should -Be 1
        $LeeboardUndo.Policy['tunnel'] | Should -Be $Is
    }

    It 'leaves a VPN profile that no checkpoint covers' {
        Mock Assert-LeeboardCheckpoint -ModuleName Undo { throw (New-LeeboardProblem -Code refused -Why 'no checkpoint') }
        Write-Run run-1 tunnel $null 'gateway:a.example' vpn_connection string
        (Invoke-LeeboardUndo -RunId run-1 -UndoId undo-1 -Folder $Folder).left[0].why | Should -Be 'no checkpoint'
        $LeeboardUndo.Policy['tunnel'] | Should -Be 'gateway:a.example'
    }

    It 'stops where the time of its checkpoint is over in the middle, and says what it has not come to' {
        $global:LeeboardUndo.Asked = 0
        # For each of two places whether it is covered, then before the first; the device puts itself back before the second.
        Mock Assert-LeeboardCheckpoint -ModuleName Undo {
            if (++$global:LeeboardUndo.Asked -gt 3) { throw (New-LeeboardProblem -Code refused -Why 'it puts itself back') }
        }
        Write-Run run-1 'entry:A' $null 'gateway:a.example' vpn_connection string
        Write-Run run-1 'entry:B' $null 'gateway:b.example' vpn_connection string
        $done = Invoke-LeeboardUndo -RunId run-1 -UndoId undo-1 -Folder $Folder
        $LeeboardUndo.Policy['entry:A'], $LeeboardUndo.Policy['entry:B'] | Should -Be 'gateway:a.example', $null
        $done.broken | Should -BeLike 'it puts itself back; run the same undo again*'
        @($done.put_back | ForEach-Object { $_.target }) | Should -Be 'entry:B'
        @($done.left | ForEach-Object { "$($_.target): $($_.why)" }) | Should -Be 'entry:A: the undo broke off before it'
    }

    It 'asks for its checkpoint once more after the last place' {
        Mock Assert-LeeboardCheckpoint -ModuleName Undo { }
        Write-Run run-1 tunnel $null 'gateway:a.example' vpn_connection string
        (Invoke-LeeboardUndo -RunId run-1 -UndoId undo-1 -Folder $Folder).broken | Should -Be ''
        Should -Invoke Assert-LeeboardCheckpoint -ModuleName Undo -Times 3 -Exactly
    }

    It 'says that a driver has no way to undo' {
        Write-Run run-1 x ([long]0) ([long]3) strange
        (Undo).left[0].why | Should -Be 'it cannot be read: the driver strange has no way to undo'
    }

    It 'says that there is no journal of a run' {
        $done = Undo never
        $done.found, $done.changed | Should -Be $false, $false
    }

    It 'takes no run id that is a path or a device: <RunId>' -TestCases @(
        @{ RunId = '..\x' }, @{ RunId = 'a/b' }, @{ RunId = '' }, @{ RunId = 'nul' }, @{ RunId = "a`n" }, @{ RunId = 'x' * 65 }
    ) {
        { Undo $RunId } | Should -Throw '*run id*'
    }

    It 'refuses a journal that makes no sense, and overlooks a torn last line: <Line>' -TestCases @(
        @{ Line = 'x' }, @{ Line = '{}' }, @{ Line = '{"schema":2,"driver":"a","edits":[]}' }
        @{ Line = '{"schema":1,"driver":"a","edits":[{"target":"a"}]}' }
        @{ Line = '{"schema":1,"driver":"a","edits":[{"target":"a","before":{"state":"value","value":true},"after":{"state":"absent"}}]}' }
        @{ Line = '[' * 40 }
    ) {
        Write-Run run-1 a ([long]0) ([long]3)
        $path = Join-Path $Folder 'run-1.jsonl'
        [System.IO.File]::AppendAllText($path, $Line)
        (Undo -Check $true).put_back.Length | Should -Be 1
        [System.IO.File]::AppendAllText($path, "`n")
        { Undo } | Should -Throw '*run-1.jsonl, line 2 makes no sense*'
        $LeeboardUndo.Policy.a | Should -Be 3
    }
}

Describe 'the JSON of a journal' {
    It 'gives back every text as it was: <Name>' -TestCases @(
        @{ Name = 'a date'; Text = '2026-11-25T02:00:00Z' }
        @{ Name = 'a date of .NET'; Text = '/Date(1700000000000)/' }
        @{ Name = 'half a pair'; Text = "x$([char]0xd83d)y" }
        @{ Name = 'a whole pair'; Text = "$([char]0xd83d)$([char]0xde00)" }
        @{ Name = 'controls'; Text = "a`nb`tc`r`b`f$([char]0)d" }
        @{ Name = 'marks'; Text = '\"{}[],:\u0041' }
        @{ Name = 'nothing'; Text = '' }
    ) {
        $line = InModuleScope Journal -Parameters @{ Text = $Text } { ConvertTo-Line @{ a = @($Text, @{ b = $Text }) } }
        $found = ConvertFrom-LeeboardJson $line
        [string]::Equals($found['a'][0], $Text, 'Ordinal') | Should -BeTrue
        [string]::Equals($found['a'][1]['b'], $Text, 'Ordinal') | Should -BeTrue
    }

    It 'keeps numbers, lists of one, empty lists and names that differ in capitals' {
        $found = ConvertFrom-LeeboardJson ' {"a":[4294967295],"A":[],"b":{"c":null,"d":true,"e":-1}} '
        $found['a'].GetType().IsArray, $found['a'][0], $found['A'].Length | Should -Be $true, 4294967295, 0
        $found['b']['c'], $found['b']['d'], $found['b']['e'] | Should -Be $null, $true, -1
    }

    It 'refuses what is no JSON: <Text>' -TestCases @(
        @{ Text = '{"a":}' }, @{ Text = '[1,]' }, @{ Text = '[1 2]' }, @{ Text = '{"a" 1}' }, @{ Text = '1 1' }, @{ Text = '["\x"]' }
        @{ Text = '' }, @{ Text = "[`"a`nb`"]" }
    ) {
        { ConvertFrom-LeeboardJson $Text } | Should -Throw
    }
}

Describe 'a value as it is stored' {
    It 'is the same value: <Type>' -TestCases @(
        @{ Type = 'dword'; Value = [long]4294967295; Kind = 'DWord'; Stored = -1 }
        @{ Type = 'qword'; Value = '18446744073709551615'; Kind = 'QWord'; Stored = -1 }
        @{ Type = 'string'; Value = 'x'; Kind = 'String'; Stored = 'x' }
        @{ Type = 'expand_string'; Value = '%windir%'; Kind = 'ExpandString'; Stored = '%windir%' }
        @{ Type = 'binary'; Value = '00ff10'; Kind = 'Binary'; Stored = 0, 255, 16 }
        @{ Type = 'none'; Value = ''; Kind = 'None'; Stored = @() }
    ) {
        $found = ConvertTo-LeeboardStored @{ state = 'value'; type = $Type; value = $Value }
        $found.Kind | Should -Be $Kind
        @($found.Value) | Should -Be @($Stored)
    }

    It 'is a list where it was one, and refused where its type is not known' {
        $found = ConvertTo-LeeboardStored @{ state = 'value'; type = 'multi_string'; value = @('a', 'b') }
        $found.Kind, $found.Value.Length | Should -Be 'MultiString', 2
        { ConvertTo-LeeboardStored @{ state = 'value'; type = 'unknown'; value = '00' } } | Should -Throw '*cannot be put back'
    }
}

Describe 'the registry' -Tag Windows -Skip:(-not $IsWindows) {
    It 'gets back a value of each type, and the absence of one' {
        $script:Folder = Join-Path "$TestDrive" ([guid]::NewGuid())
        $key = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('SOFTWARE\LeeboardUndoTest')
        try {
            $values = [ordered]@{
                d = -1, 'DWord'; q = [long]-1, 'QWord'; s = 'old', 'String'; e = '%windir%', 'ExpandString'
                m = [string[]]('a', 'b'), 'MultiString'; b = [byte[]](0, 255), 'Binary'
            }
            foreach ($name in $values.Keys) { $key.SetValue($name, $values[$name][0], $values[$name][1]) }
            $edits = @(foreach ($name in @($values.Keys) + 'new') {
                    $before = Get-LeeboardMachineValue 'HKLM\SOFTWARE\LeeboardUndoTest' $name
                    @{ Target = "HKLM\SOFTWARE\LeeboardUndoTest:$name"; Before = $before; After = New-State ([long]7) dword }
                })
            [void](Write-LeeboardJournal -RunId run-1 -Driver registry -Changes @(@{}) -Before @{} -Edits $edits -Folder $Folder)
            foreach ($name in @($values.Keys) + 'new') { $key.SetValue($name, 7, 'DWord') }
            $done = Undo
            $done.put_back.Length, $done.left.Length | Should -Be 7, 0
            foreach ($edit in $edits) {
                $now = Get-LeeboardMachineValue 'HKLM\SOFTWARE\LeeboardUndoTest' ($edit.Target -split ':')[1]
                $now.state, $now['type'] | Should -Be $edit.Before.state, $edit.Before['type']
                [string]::Join(',', @($now['value'])) | Should -Be ([string]::Join(',', @($edit.Before['value'])))
            }
            (Undo -As undo-2).changed | Should -BeFalse
        } finally {
            $key.Dispose()
            [Microsoft.Win32.Registry]::LocalMachine.DeleteSubKeyTree('SOFTWARE\LeeboardUndoTest')
        }
    }
}
