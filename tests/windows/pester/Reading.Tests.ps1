# Readings in the form that crosses the wire.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }

    function Get-Json($Thing) { ConvertTo-Json -InputObject $Thing -Depth 8 -Compress }
    function Get-Print($Value, $Type = '', $Source = 'here') {
        $aspect = New-LeeboardValue -Value $Value -Type $Type -Source $Source
        (New-LeeboardReading -Driver d -Address a -Effective $aspect).fingerprint
    }
}

Describe 'New-LeeboardValue' {
    It 'keeps the kind of <Json>' -TestCases @(
        @{ Value = $true; Json = 'true' }
        @{ Value = 0; Json = '0' }
        @{ Value = [uint32]::MaxValue; Json = '4294967295' }
        @{ Value = ''; Json = '""' }
        @{ Value = '900'; Json = '"900"' }
        @{ Value = @(); Json = '[]' }
        @{ Value = @('one'); Json = '["one"]' }
        @{ Value = [string[]]('one', 'two'); Json = '["one","two"]' }
    ) {
        Get-Json (New-LeeboardValue -Value $Value -Source here) |
            Should -BeExactly "{`"state`":`"value`",`"value`":$Json,`"source`":`"here`"}"
    }

    It 'sends objects for a judgement whole, and refuses one that is too large' {
        $objects = 1..3 | ForEach-Object { '{"a": "' + 'x' * 3000 + '"}' }
        $aspect = New-LeeboardValue -Value $objects -Source here -Whole
        $aspect.value.Length, $aspect.value[2].Length, $aspect.Contains('length') | Should -Be 3, $objects[2].Length, $false
        $aspect.value.GetType() | Should -Be ([string[]])
        (New-LeeboardValue -Value @() -Source here -Whole).value.Length | Should -Be 0
        { New-LeeboardValue -Value @('x' * 8001) -Source here -Whole } | Should -Throw 'an object of 8001*'
    }

    It 'takes a list out of a pipeline as a plain list' {
        $listed = 'a', 'b' | ForEach-Object { $_ } | Sort-Object
        (New-LeeboardValue -Value $listed -Source here).value.GetType() | Should -Be ([string[]])
    }

    It 'cuts a text of a megabyte and gives its digest' {
        $aspect = New-LeeboardValue -Value ('ä' * 1000000) -Source here
        $aspect.value.Length | Should -Be 4096
        $aspect.length | Should -Be 1000000
        # Python: hashlib.sha256(("ä" * 1000000).encode()).hexdigest()
        $aspect.sha256 | Should -BeExactly '5a398dc56ec47b6934c2564d9c20d68b7702ce6c7339996614d5ce2930906048'
    }

    It 'counts a character outside the basic plane as one, and does not cut it in two' {
        $aspect = New-LeeboardValue -Value ('x' + '😀' * 4000) -Source here
        $aspect.length | Should -Be 4001
        $aspect.value.Length | Should -Be 4095
    }

    It 'cuts a list after so many characters' {
        $aspect = New-LeeboardValue -Value ([string[]](1..100000)) -Source here
        [string]::Join('', $aspect.value).Length | Should -BeLessOrEqual 4096
        $aspect.length | Should -Be ([string]::Join("`n", [string[]](1..100000)).Length)
    }

    It 'writes out what neither JSON nor a database can hold' {
        (New-LeeboardValue -Value "a`0b$([char]0xd800)c😀" -Source here).value | Should -BeExactly 'a\u0000b\ud800c😀'
    }

    It 'stays within what the brain takes, whatever the text is made of' {
        (New-LeeboardValue -Value ("`0" * 5000) -Source here).value.Length | Should -Be 8192
    }

    It 'refuses more people than the brain takes' {
        $people = 1..101 | ForEach-Object { New-LeeboardOther -Who "pupil$_" }
        $answer = Invoke-LeeboardAttempt -Driver d -Address a -Find { New-LeeboardAbsent -Source here -Others $people }
        $answer.effective.code | Should -Be 'too_large'
    }
}

Describe 'New-LeeboardOther' {
    It 'leaves the value out for somebody who has none' {
        Get-Json (New-LeeboardOther -Who anne) | Should -BeExactly '{"who":"anne"}'
    }

    It 'keeps a value that is empty, zero or no' -TestCases @(
        @{ Value = ''; Json = '""' }, @{ Value = 0; Json = '0' }, @{ Value = @(); Json = '[]' }
        @{ Value = $false; Json = 'false' }
    ) {
        Get-Json (New-LeeboardOther -Who anne -Value $Value) | Should -BeExactly "{`"who`":`"anne`",`"value`":$Json}"
    }
}

Describe 'New-LeeboardUnreadable' {
    It 'passes on no code that the brain does not know' {
        $aspect = New-LeeboardUnreadable -Code gone -Why 'no more'
        $aspect.code, $aspect.why | Should -Be 'driver_failed', 'gone: no more'
    }

    It 'cuts a long reason' {
        (New-LeeboardUnreadable -Code failed -Why ('x' * 1000)).why.Length | Should -Be 500
    }
}

Describe 'the fingerprint' {
    It 'is the same whatever the source and the note' {
        Get-Print 600 dword there | Should -Be (Get-Print 600 dword)
        $noted = New-LeeboardValue -Value 600 -Type dword -Source here -Note 'not seen: 3 people'
        (New-LeeboardReading -Driver d -Address a -Effective $noted -Owner me).fingerprint | Should -Be (Get-Print 600 dword)
    }

    It 'differs for <Value> (<Type>)' -TestCases @(
        @{ Value = 601; Type = 'dword' }, @{ Value = 600; Type = 'qword' }, @{ Value = '600'; Type = 'dword' }
        @{ Value = @('600'); Type = 'dword' }, @{ Value = $true; Type = 'dword' }
    ) {
        Get-Print $Value $Type | Should -Not -Be (Get-Print 600 dword)
    }

    It 'does not take two entries of a list for one' {
        Get-Print @('a', 'b') | Should -Not -Be (Get-Print @('a;text1:b'))
    }

    It 'tells absent from empty, and what other people have' {
        $prints = @(
            New-LeeboardAbsent -Source here
            New-LeeboardAbsent -Source here -Others @(New-LeeboardOther -Who anne)
            New-LeeboardAbsent -Source here -Others @(New-LeeboardOther -Who anne -Value 1)
            New-LeeboardAbsent -Source here -Others @(New-LeeboardOther -Who bert -Value 1)
            New-LeeboardValue -Value '' -Source here
            New-LeeboardUnreadable -Code failed -Source here
            New-LeeboardUnreadable -Code denied -Source here
        ) | ForEach-Object { (New-LeeboardReading -Driver d -Address a -Effective $_).fingerprint }
        @($prints | Sort-Object -Unique).Length | Should -Be $prints.Length
    }

    It 'sees what is running' {
        $now = New-LeeboardValue -Value 600 -Source here
        $one = New-LeeboardReading -Driver d -Address a -Effective $now
        $two = New-LeeboardReading -Driver d -Address a -Effective $now -Running (New-LeeboardAbsent -Source here)
        $one.fingerprint | Should -Not -Be $two.fingerprint
    }
}

Describe 'Invoke-LeeboardAttempt' {
    It 'turns a problem into its code and reason' {
        $reading = Invoke-LeeboardAttempt -Driver d -Address a -Find {
            throw (New-LeeboardProblem -Code timeout -Why 'it hangs')
        }
        $reading.driver, $reading.address | Should -Be 'd', 'a'
        $reading.effective.state, $reading.effective.code, $reading.effective.why |
            Should -Be 'unreadable', 'timeout', 'it hangs'
        $reading.fingerprint | Should -Match '\A[0-9a-f]{16}\z'
    }

    It 'calls a refusal of Windows <Code> for an administrator: <Administrator>' -TestCases @(
        @{ Administrator = $true; Code = 'denied' }, @{ Administrator = $false; Code = 'needs_root' }
    ) {
        Mock Test-LeeboardAdministrator -ModuleName Reading { $Administrator }
        foreach ($problem in [System.UnauthorizedAccessException]'no', [System.Security.SecurityException]'no') {
            $wrapped = [System.Exception]::new('calling X', $problem)
            (Invoke-LeeboardAttempt -Driver d -Address a -Find { throw $wrapped }).effective.code | Should -Be $Code
        }
    }

    It 'calls everything else a mistake of ours, with its kind' {
        $reading = Invoke-LeeboardAttempt -Driver d -Address a -Find { [int]::Parse('x') }
        $reading.effective.code | Should -Be 'driver_failed'
        $reading.effective.why | Should -BeLike 'FormatException: *'
    }
}
