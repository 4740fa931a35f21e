# The driver firewall_profile: what is active, and from which store.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Places', 'PolicyPlace', 'FirewallWords', 'FirewallRule', 'FirewallProfile') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # What the driver asks of modules that only Windows can load.
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) @{ Owner = ''; Note = '' } }
    function global:Get-LeeboardListenedPort { $Machine.Ports }
    $script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PrivateProfile'
    $script:Own = 'HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
    $global:Machine = @{}

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardFirewallProfile -Addresses $Address)[$Address]
    }
}

AfterAll { Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner, Function:\Resolve-LeeboardManaged, Function:\Get-LeeboardListenedPort }

Describe 'firewall_profile' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Clear()
        Mock Get-LeeboardOpenRule -ModuleName FirewallProfile { [string]$Machine.Open }
        Mock Get-LeeboardOwnRule -ModuleName FirewallProfile { $Machine.Own }
        $Machine.Own = [ordered]@{}
        $Machine.Asked, $Machine.Active = @(), @{
            Enabled = [uint16]1; DefaultInboundAction = [uint16]4; DefaultOutboundAction = [uint16]2 }
        Mock Get-LeeboardMachineValue -ModuleName Places {
            if ($null -eq $Machine["$Path`:$Name"]) { return @{ state = 'absent' } }
            @{ state = 'value'; value = $Machine["$Path`:$Name"]; type = 'dword' }
        }
        Mock Invoke-LeeboardBounded -ModuleName FirewallProfile {
            $shell = [powershell]::Create()
            & $Add $shell
            $command = $shell.Commands.Commands[0]
            $Machine.Asked += "$($command.CommandText) $($command.Parameters[0].Value)"
            if ($Machine.Fault) { throw $Machine.Fault }
            foreach ($about in 'Domain', 'Private', 'Public') {
                $properties = @{ Name = [pscustomobject]@{ Value = $about } }
                foreach ($name in $Machine.Active.Keys) { $properties[$name] = [pscustomobject]@{ Value = $Machine.Active[$name] } }
                [pscustomobject]@{ CimInstanceProperties = $properties }
            }
        }
    }

    It 'is what is active, from one question for all' {
        $found = Read-LeeboardFirewallProfile -Addresses 'Domain:Enabled', 'Private:DefaultInboundAction', 'Public:DefaultOutboundAction'
        $found.Values.effective.value | Should -Be 'True', 'Block', 'Allow'
        $found['Domain:Enabled'].effective.source | Should -Be "the firewall's ActiveStore"
        $found['Domain:Enabled'].configured.state | Should -Be 'absent'
        $Machine.Asked | Should -Be 'Get-NetFirewallProfile ActiveStore'
    }

    It 'says from which store it comes, and which says otherwise in vain' {
        $Machine["${Policy}:EnableFirewall"], $Machine["$Own\StandardProfile:EnableFirewall"] = 1L, 0L
        $reading = Read-One 'Private:Enabled'
        $reading.effective.value | Should -Be 'True'
        $reading.effective.source | Should -Be "the firewall's ActiveStore, from ${Policy}:EnableFirewall"
        $reading.effective.note | Should -Be "$Own\StandardProfile:EnableFirewall is False, but ${Policy}:EnableFirewall counts"
        $reading.configured.value | Should -Be 'True'
        $reading.owner | Should -Be "HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall, which counts before the machine's own"
    }

    It 'takes what an MDM service set before the machine''s own' {
        $Machine["$Own\Mdm\PublicProfile:DefaultInboundAction"], $Machine["$Own\PublicProfile:DefaultInboundAction"] = 1L, 0L
        $reading = Read-One 'Public:DefaultInboundAction'
        $reading.effective.source | Should -BeLike '*Mdm\PublicProfile:DefaultInboundAction'
        $reading.owner | Should -Be 'an MDM service'
        (Read-One 'Domain:DefaultInboundAction').Contains('owner') | Should -BeFalse
    }

    It 'is what is active even where the places say something else, which is said' {
        $Machine["${Policy}:EnableFirewall"], $Machine.Active.Enabled = 1L, [uint16]0
        $effective = (Read-One 'Private:Enabled').effective
        $effective.value | Should -Be 'False'
        $effective.note | Should -Be "${Policy}:EnableFirewall is True, but that is not what is active"
    }

    It 'is absent where nothing is configured' {
        $Machine.Active.DefaultInboundAction, $Machine.Active.Enabled = [uint16]0, [uint16]2
        (Read-One 'Domain:DefaultInboundAction').effective.state | Should -Be 'absent'
        (Read-One 'Domain:Enabled').effective.state | Should -Be 'absent'
    }

    It 'is unreadable where the firewall says what nobody knows: <_>' -ForEach ([uint16]7), 'True', $null {
        $Machine.Active.Enabled = $_
        (Read-One 'Domain:Enabled').effective.code | Should -Be 'malformed'
    }

    It 'is unreadable, with what the policy says beside it, where the firewall does not answer: <Code>' -ForEach @(
        @{ Fault = [System.Management.Automation.CommandNotFoundException]'no such command'; Code = 'missing_tool' }
        @{ Fault = [System.Runtime.InteropServices.COMException]::new('Zugriff verweigert', -2147024891); Code = 'denied' }
        @{ Fault = [System.InvalidOperationException]'an error occurred'; Code = 'failed' }
    ) {
        $Machine.Fault, $Machine["${Policy}:EnableFirewall"] = $Fault, 1L
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
        $reading = Read-One 'Private:Enabled'
        $reading.effective.code | Should -Be $Code
        $reading.configured.value | Should -Be 'True'
    }

    It 'names rules that let everybody in as long as all else is blocked' {
        $Machine.Open = 'rules let everybody in: teacher (tcp 445)'
        (Read-One 'Public:DefaultInboundAction').effective.note | Should -Be $Machine.Open
        (Read-One 'Public:Enabled').effective.Contains('note') | Should -BeFalse
        $Machine.Active.DefaultInboundAction = [uint16]2
        Reset-LeeboardCache
        (Read-One 'Public:DefaultInboundAction').effective.Contains('note') | Should -BeFalse
    }

    Context 'rules of Leeboard''s' {
        It 'are absent where the machine keeps strangers out by itself' {
            (Read-One management).effective.state, (Read-One openings).effective.state | Should -Be 'absent', 'absent'
        }

        It 'are none where it does not, and nobody else decides that' {
            $Machine.Active.DefaultInboundAction = [uint16]2
            (Read-One management).effective.value | Should -Be 'none'
            (Read-One openings).effective.source | Should -Be 'Domain:DefaultInboundAction is Allow'
        }

        It 'are absent where a policy or an MDM service opens it' {
            $Machine.Active.Enabled = [uint16]0
            foreach ($one in 'DomainProfile', 'StandardProfile', 'PublicProfile') { $Machine["$Own\Mdm\${one}:EnableFirewall"] = 0L }
            (Read-One management).effective.state | Should -Be 'absent'
        }

        It 'are their networks and ports' {
            $Machine.Ports = '5986'
            $Machine.Own = [ordered]@{
                'Leeboard-management' = 'tcp 3389,5986 10.20.0.0/16,2001:db8:5::/48'
                'Leeboard-opening-tcp-443' = 'tcp 443 any'; 'Leeboard-opening-udp-5000-5010-x' = 'udp 5000-5010 10.20.0.0/16'
            }
            (Read-One management).effective.value | Should -Be '10.20.0.0/16 2001:db8:5::/48'
            (Read-One openings).effective.value | Should -Be 'tcp:443 udp:5000-5010@10.20.0.0/16'
        }

        It 'let technicians in from <Value>: <Rule>' -ForEach @(
            @{ Rule = 'tcp 5986 any'; Value = 'any' }, @{ Rule = 'off tcp 5986 10.20.0.0/16'; Value = 'none' }
            @{ Rule = ''; Value = 'none' }, @{ Rule = 'tcp 3389 10.20.0.0/16'; Value = 'none' }
        ) {
            $Machine.Ports = '5986'
            $Machine.Own = [ordered]@{ 'Leeboard-management' = $Rule }
            (Read-One management).effective.value | Should -Be $Value
        }

        It 'say which was changed by hand' {
            $Machine.Own = [ordered]@{ 'Leeboard-opening-tcp-443' = '' }
            (Read-One openings).effective.value | Should -Be 'Leeboard-opening-tcp-443:changed'
        }

        It 'are unreadable where the firewall does not answer' {
            $Machine.Fault = [System.InvalidOperationException]'an error occurred'
            (Read-One management).effective.code | Should -Be 'failed'
        }
    }

    It 'knows its addresses' -ForEach '', 'Standard:Enabled', 'Private:enabled', 'Private:AllowInboundRules', "Public:Enabled`n" {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }
}
