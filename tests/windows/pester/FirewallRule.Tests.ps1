# Rules of Windows Firewall in the words of the registry, and the words in which Leeboard describes its own.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'FirewallWords', 'FirewallRule') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Machine = @{}
    $script:Good = 'v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5986|RA4=10.20.0.0/255.255.0.0|RA6=2001:db8:5::/48|Name=x|EmbedCtxt=Leeboard|'
}

Describe 'Rules of Leeboard''s' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Clear()
        Mock Get-Stored -ModuleName FirewallRule {
            if ($Path -like '*\Services\SharedAccess\*\FirewallRules' -and $Path -notlike '*Mdm*') { return $Machine.Clone() }
            @{}
        }
    }

    It 'are those of their names alone' {
        $Machine['Leeboard-management'] = $Good
        $Machine['Leeboard-WinRM-HTTPS'], $Machine['leeboard-management-x'], $Machine['RemoteDesktop'] = $Good, $Good, $Good
        $own = Get-LeeboardOwnRule
        $own.Keys | Should -Be 'Leeboard-management'
        $own['Leeboard-management'] | Should -Be 'tcp 5986 10.20.0.0/16,2001:db8:5::/48'
    }

    It 'come from a text: <Rule>' -ForEach @(
        @{ Text = 'v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort2_10=5000-5010|RA4=10.20.0.9|Name=x|'; Rule = 'udp 5000-5010 10.20.0.9/32' }
        @{ Text = 'v2.33|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=443|LPort=80|Name=x|Desc=y|EmbedCtxt=z|'; Rule = 'tcp 443,80 any' }
        @{ Text = 'v2.31|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=443|Name=x|'; Rule = 'off tcp 443 any' }
    ) {
        $Machine['Leeboard-opening-tcp-443'] = $Text
        (Get-LeeboardOwnRule)['Leeboard-opening-tcp-443'] | Should -Be $Rule
    }

    It 'are none of ours any more once they were <What>' -ForEach @(
        @{ What = 'turned round'; From = 'Dir=In'; To = 'Dir=Out' }, @{ What = 'made to block'; From = 'Action=Allow'; To = 'Action=Block' }
        @{ What = 'given to a program'; From = 'Name=x'; To = 'App=C:\x.exe|Name=x' }
        @{ What = 'kept to a network'; From = 'Dir=In'; To = 'Dir=In|Profile=Domain' }
        @{ What = 'given a keyword'; From = 'RA4=10.20.0.0/255.255.0.0'; To = 'RA42=LocalSubnet' }
        @{ What = 'given another protocol'; From = 'Protocol=6'; To = 'Protocol=1' }
        @{ What = 'given a mask with holes'; From = '255.255.0.0'; To = '255.0.255.0' }
        @{ What = 'given every port'; From = 'LPort=5986|'; To = '' }
    ) {
        $Machine['Leeboard-management'] = $Good.Replace($From, $To)
        (Get-LeeboardOwnRule)['Leeboard-management'] | Should -BeExactly ''
    }

    It 'names what lets everybody in, on that network, and how many more' {
        $open = 'v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=445|'
        $Machine['teacher'] = "${open}Profile=Private|Profile=Public|Name=x|"
        $Machine['any'] = 'v2.31|Action=Allow|Active=TRUE|Dir=In|Name=x|'
        $Machine['near'], $Machine['off'] = "${open}RA4=LocalSubnet|", $open.Replace('TRUE', 'FALSE')
        $Machine['out'], $Machine['block'], $Machine['ping'] = $open.Replace('In', 'Out'), $open.Replace('Allow', 'Block'), $open.Replace('=6', '=1')
        Get-LeeboardOpenRule -About Public | Should -Be 'rules let everybody in: any (any protocol), teacher (tcp 445)'
        Get-LeeboardOpenRule -About Domain | Should -Be 'rules let everybody in: any (any protocol)'
        Reset-LeeboardCache
        foreach ($number in 10..19) { $Machine["rule$number"] = $open }
        Get-LeeboardOpenRule -About Domain | Should -BeLike '*rule16 (tcp 445) and 3 more'
        Reset-LeeboardCache
        $Machine.Clear()
        Get-LeeboardOpenRule -About Public | Should -Be ''
    }
}

Describe 'Words' {
    It 'are networks: <Text>' -ForEach @(
        @{ Text = '10.20.0.0/16'; Network = '10.20.0.0/16' }, @{ Text = '10.20.0.0/255.255.0.0'; Network = '10.20.0.0/16' }
        @{ Text = '10.20.0.9'; Network = '10.20.0.9/32' }, @{ Text = '2001:db8:5::/48'; Network = '2001:db8:5::/48' }
        @{ Text = '0.0.0.0/0.0.0.0'; Network = '0.0.0.0/0' }, @{ Text = '10'; Network = '' }, @{ Text = 'LocalSubnet'; Network = '' }
        @{ Text = '10.20.0.0/33'; Network = '' }, @{ Text = ''; Network = '' }, @{ Text = '10.0.0.1-10.0.0.9'; Network = '' }
    ) { ConvertTo-LeeboardNetwork $Text | Should -BeExactly $Network }

    It 'hold an address or not: <Address> in <Networks>' -ForEach @(
        @{ Address = '10.20.3.4'; Networks = @('10.20.0.0/16'); Is = $true }, @{ Address = '10.21.0.1'; Networks = @('10.20.0.0/16'); Is = $false }
        @{ Address = '10.20.0.129'; Networks = @('10.20.0.128/25'); Is = $true }, @{ Address = '10.20.0.127'; Networks = @('10.20.0.128/25'); Is = $false }
        @{ Address = '2001:db8:5::9'; Networks = @('10.20.0.0/16', '2001:db8:5::/48'); Is = $true }
        @{ Address = '2001:db8:6::9'; Networks = @('2001:db8:5::/48'); Is = $false }, @{ Address = 'x'; Networks = @('10.20.0.0/16'); Is = $false }
    ) { Test-LeeboardWithin -Address $Address -Networks $Networks | Should -Be $Is }

    It 'refuse what is no network that a rule can be about: <_>' -ForEach '0.0.0.0/0', '::/0', 'Any', '10.0.0.0/40', 'LocalSubnet' {
        { ConvertTo-LeeboardNetworkList $_ } | Should -Throw '*no network*'
    }

    It 'come to rules: <Word>' -ForEach @(
        @{ Word = 'tcp:443'; Name = 'Leeboard-opening-tcp-443'; Rule = 'tcp 443 any' }
        @{ Word = 'udp:5000-5010@10.20.0.0/16'; Name = 'Leeboard-opening-udp-5000-5010-10.20.0.0_16'; Rule = 'udp 5000-5010 10.20.0.0/16' }
        @{ Word = 'tcp:22@2001:db8:5::/48'; Name = 'Leeboard-opening-tcp-22-2001_db8_5___48'; Rule = 'tcp 22 2001:db8:5::/48' }
    ) {
        $made = ConvertTo-LeeboardOpeningRule $Word
        $made.Name, $made.Rule | Should -Be $Name, $Rule
        $made.Name | Should -MatchExactly '\ALeeboard-opening-[a-z]+-[0-9a-z_.-]+\z'
    }

    It 'refuse what is no port: <_>' -ForEach 'icmp:1', 'tcp:0', 'tcp:443 ', 'tcp:443@Any', "tcp:443`n", 'TCP:443' {
        { ConvertTo-LeeboardOpeningRule $_ } | Should -Throw
    }

    It 'are taken apart again, or not at all' {
        $rule = Split-LeeboardRule 'off udp 1,5-9 10.20.0.0/16,::1/128'
        $rule.On, $rule.Protocol, $rule.Ports.Count, $rule.From[1] | Should -Be $false, 'udp', 2, '::1/128'
        (Split-LeeboardRule 'tcp 443 any').From.Count | Should -Be 0
        foreach ($one in '', 'tcp any', 'tcp 443', 'tcp 443 any ', 'x tcp 443 any') { Split-LeeboardRule $one | Should -Be $null }
        Split-LeeboardWord 'b a  b' | Should -Be 'a', 'b'
        @(Split-LeeboardWord 'none').Count | Should -Be 0
    }
}
