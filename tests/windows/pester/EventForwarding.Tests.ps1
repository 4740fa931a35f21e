# The driver event_forwarding: entries of the policy in every shape, and what the forwarder says of itself.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Registry', 'EventLogSource', 'EventForwarding',
        'EventForwardingChange') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) }

    $script:Key = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager'
    $script:Url = 'https://wec.school.example:5986/wsman/SubscriptionManager/WEC'
    $script:Ca = '5a' * 20
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        Reset-LeeboardCache
        return (Read-LeeboardEventForwarding -Addresses $Address)[$Address]
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner
}

Describe 'event_forwarding' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Member, $Machine.Owner = $false, ''
        # Linux has no keys: what the function makes of a real one is tried on the machine (tests/windows).
        Mock Get-LeeboardSubscription -ModuleName EventForwarding {
            foreach ($name in @($Machine.Entries.Keys | Sort-Object)) { $Machine.Entries[$name] }
        }
        Mock Get-LeeboardSubscription -ModuleName EventForwardingChange {
            foreach ($name in @($Machine.Entries.Keys | Sort-Object)) { $Machine.Entries[$name] }
        }
        Mock Get-LeeboardCim -ModuleName EventForwarding { [pscustomobject]@{ PartOfDomain = $Machine.Member } }
        Mock Resolve-LeeboardOwner -ModuleName EventForwarding { @{ Owner = $Machine.Owner; Note = '' } }
        $Machine.Entries = @{ '1' = @{ Name = '1'; Text = "Server=$Url,Refresh=60"; Url = $Url; Options = @('Refresh=60') } }
    }

    It 'names the collector, and each where there are several' {
        (Read-One collector).effective.value | Should -Be $Url
        $Machine.Entries['zz'] = @{ Name = 'zz'; Text = 'Server=http://b/wsman'; Url = 'http://b/wsman'; Options = @() }
        (Read-One collector).effective.value | Should -Be "$Url http://b/wsman"
        (Read-One collector).effective.source | Should -BeLike '*SubscriptionManager: 1, zz'
        $Machine.Entries['zz'].Url = $Url
        (Read-One collector).effective.value | Should -Be $Url
    }

    It 'shows an entry that names no server as it is' {
        $Machine.Entries['1'] = @{ Name = '1'; Text = 'Refresh=60'; Url = ''; Options = @('Refresh=60') }
        (Read-One collector).effective.value | Should -Be 'Refresh=60'
        (Read-One protection).effective.value | Should -Be 'plain'
    }

    It 'is absent where nothing is sent' {
        $Machine.Entries = @{}
        foreach ($address in 'collector', 'protection', 'issuers') {
            (Read-One $address).effective.state | Should -Be 'absent'
        }
    }

    It 'has the worst protection of all: <Said> is <Word>' -ForEach @(
        @{ Said = 'https'; Urls = 'https://a/'; Member = $false; Word = 'https' }
        @{ Said = 'HTTPS in capitals'; Urls = 'HTTPS://a/'; Member = $false; Word = 'https' }
        @{ Said = 'http in a domain'; Urls = 'http://a/'; Member = $true; Word = 'kerberos' }
        @{ Said = 'http without one'; Urls = 'http://a/'; Member = $false; Word = 'plain' }
        @{ Said = 'both in a domain'; Urls = 'https://a/', 'http://a/'; Member = $true; Word = 'kerberos' }
        @{ Said = 'a name alone in a domain'; Urls = 'https://a/', 'wec'; Member = $true; Word = 'plain' }
    ) {
        $Machine.Entries, $Machine.Member = @{}, $Member
        foreach ($url in $Urls) { $Machine.Entries[$url] = @{ Name = $url; Text = $url; Url = $url; Options = @() } }
        (Read-One protection).effective.value | Should -Be $Word
    }

    It 'names entries without an authority: <Option>' -ForEach @(
        @{ Option = "IssuerCA=$('5a' * 20)"; Bare = $false }, @{ Option = "issuerca = $('5A ' * 20)"; Bare = $false }
        @{ Option = 'IssuerCA='; Bare = $true }, @{ Option = 'IssuerCA=School CA'; Bare = $true }, @{ Option = 'Refresh=60'; Bare = $true }
    ) {
        $Machine.Entries['1'].Options = @($Option)
        @((Read-One issuers).effective.value).Length | Should -Be ([int]$Bare)
    }

    It 'has worked, or not, as the newest event says: <Id>' -ForEach @(
        @{ Id = 100; Good = $true }, @{ Id = 101; Good = $true }, @{ Id = 104; Good = $true }
        @{ Id = 102; Good = $false }, @{ Id = 105; Good = $false }
    ) {
        $Machine.Id = $Id
        Mock Get-LeeboardEvent -ModuleName EventForwarding {
            foreach ($id in $Machine.Id, 104, 105) {
                [xml]('<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>' +
                    "<EventID>$id</EventID><TimeCreated SystemTime=`"2026-11-25T02:00:00.0000000Z`"/></System></Event>")
            }
        }
        $reading = Read-One connected
        $reading.effective.value | Should -Be $Good
        $reading.effective.source | Should -BeLike "*, its newest event: a collector was $(if (-not $Good) { 'not ' })reached"
        Mock Get-LeeboardEvent -ModuleName EventForwarding { }
        (Read-One connected).effective.state | Should -Be 'absent'
    }

    It 'names the group policy that sets an entry' {
        $Machine.Owner = 'the group policy "X"'
        (Read-One collector).owner | Should -Be 'the group policy "X"'
    }

    It 'knows its addresses' -ForEach '', 'Collector', 'servers' {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }

    Context 'changing' {
        BeforeEach { Mock Get-LeeboardMachineValue -ModuleName EventForwardingChange { @{ state = 'absent' } } }

        It 'adds an entry of the next free name where there is none' {
            $Machine.Entries = @{}
            $edits = @(Get-LeeboardEventForwardingChange -Changes @{ address = 'collector'; value = $Url })
            $edits.Target | Should -Be "$Key`:1"
            $edits[0].After.value | Should -Be "Server=$Url,Refresh=900"
        }

        It 'keeps what an entry for the same host says besides, and takes the others out' {
            $Machine.Entries = @{
                'a' = @{ Name = 'a'; Text = 'Server=http://other:5985/x'; Url = 'http://other:5985/x'; Options = @() }
                'b' = @{ Name = 'b'; Text = "Server=http://WEC.school.example:5985/x,Refresh=30,IssuerCA=$Ca"
                    Url = 'http://WEC.school.example:5985/x'; Options = @('Refresh=30', "IssuerCA=$Ca")
                }
            }
            $edits = @(Get-LeeboardEventForwardingChange -Changes @{ address = 'collector'; value = $Url })
            $edits.Target | Should -Be "$Key`:a", "$Key`:b"
            $edits[0].After.state, $edits[0].Before.value | Should -Be 'absent', 'Server=http://other:5985/x'
            $edits[1].After.value | Should -Be "Server=$Url,Refresh=30,IssuerCA=$Ca"
        }

        It 'writes each of several collectors, and leaves those alone that are there' {
            $second = 'https://wec2.school.example:5986/wsman/SubscriptionManager/WEC'
            $Machine.Entries['zz'] = @{ Name = 'zz'; Text = 'Server=http://b/x'; Url = 'http://b/x'; Options = @() }
            $edits = @(Get-LeeboardEventForwardingChange -Changes @{ address = 'collector'; value = "$second  $Url" })
            $edits.Target | Should -Be "$Key`:zz", "$Key`:1", "$Key`:2"
            $edits.After.value | Should -Be "Server=$Url,Refresh=60", "Server=$second,Refresh=900"
        }

        It 'refuses <Address> = <Value>' -ForEach @(
            @{ Address = 'protection'; Value = 'https' }, @{ Address = 'collector'; Value = 'wec.school.example' }
            @{ Address = 'collector'; Value = 'https://wec/x,Refresh=1' }, @{ Address = 'collector'; Value = '' }
            @{ Address = 'collector'; Value = 'https://wec/x and https://wec2/x' }
        ) {
            $code = 'none'
            try { Get-LeeboardEventForwardingChange -Changes @{ address = $Address; value = $Value } }
            catch { $code = (ConvertTo-LeeboardProblem $_).Code }
            $code | Should -Be 'refused'
        }
    }
}
