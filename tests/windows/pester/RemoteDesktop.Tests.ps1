# The driver remote_desktop, and what a policy and the places behind it come to.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Places', 'PolicyPlace', 'RemoteDesktop') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param([scriptblock]$Find) @{ Owner = [string](& $Find); Note = '' } }
    $script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
    $script:Server = 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server'
    $script:Tcp = "$Server\WinStations\RDP-Tcp"
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardRemoteDesktop -Addresses $Address)[$Address]
    }

    function Get-Value {
        param([string]$Place)
        $found = $Machine[$Place]
        if ($found -is [scriptblock]) { return & $found }
        if ($null -eq $found) { return @{ state = 'absent' } }
        @{ state = 'value'; value = $found; type = 'dword' }
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner, Function:\Resolve-LeeboardManaged
}

Describe 'remote_desktop' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Clear()
        $Machine.Stations = 'Console', 'RDP-Tcp'
        $Machine.Owner = ''
        Mock Get-LeeboardMachineValue -ModuleName Places { Get-Value "$Path`:$Name" }
        Mock Get-LeeboardMachineValue -ModuleName RemoteDesktop { Get-Value "$Path`:$Name" }
        Mock Get-LeeboardPolicyOwner -ModuleName PolicyPlace { $Machine.Owner }
        Mock Get-StationName -ModuleName RemoteDesktop { $Machine.Stations }
    }

    It 'takes the policy, and names the machine''s own value that it overrides' {
        $Machine["${Policy}:fDenyTSConnections"], $Machine["${Server}:fDenyTSConnections"] = 1L, 0L
        $Machine.Owner = 'the group policy "School"'
        $reading = Read-One fDenyTSConnections
        $reading.effective.value | Should -Be 1
        $reading.effective.source | Should -Be "${Policy}:fDenyTSConnections, set by the group policy `"School`""
        $reading.effective.note | Should -Be "${Server}:fDenyTSConnections is 0, but ${Policy}:fDenyTSConnections counts"
        $reading.configured.value | Should -Be 1
        $reading.owner | Should -Be 'the group policy "School"'
    }

    It 'falls to the machine''s own value' {
        $Machine["${Server}:fDenyTSConnections"] = 0L
        $reading = Read-One fDenyTSConnections
        $reading.effective.value | Should -Be 0
        $reading.effective.source | Should -Be "${Server}:fDenyTSConnections"
        $reading.configured.state | Should -Be 'absent'
        $reading.Contains('owner') | Should -BeFalse
    }

    It 'is absent where nothing is set, and says where it looked' {
        $reading = Read-One fAllowToGetHelp
        $reading.effective.state | Should -Be 'absent'
        $reading.effective.source | Should -Be ("none of ${Policy}:fAllowToGetHelp, " +
            'HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance:fAllowToGetHelp is set')
    }

    It 'does not take for a setting what people can switch themselves: <_>' -ForEach 0L, 1L {
        $help = 'HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance:fAllowToGetHelp'
        $Machine[$help] = $_
        $effective = (Read-One fAllowToGetHelp).effective
        $effective.state | Should -Be 'absent'
        $effective.note | Should -Be "$help is $_, and people can change that themselves"
        $Machine["${Policy}:fAllowToGetHelp"] = 0L
        (Read-One fAllowToGetHelp).effective.value | Should -Be 0
    }

    It 'takes <_> from the listener' -ForEach @(
        'UserAuthentication', 'SecurityLayer', 'MinEncryptionLevel', 'fPromptForPassword', 'fDisableCcm', 'fDisableCdm',
        'fDisableClip', 'fDisableLPT'
    ) {
        $Machine["${Tcp}:$_"] = 7L
        (Read-One $_).effective.value | Should -Be 7
    }

    It 'takes <_> from the policy alone' -ForEach 'fEncryptRPCTraffic', 'fDisablePNPRedir', 'fAllowUnsolicited' {
        $Machine["${Tcp}:$_"], $Machine["${Server}:$_"] = 1L, 1L
        (Read-One $_).effective.state | Should -Be 'absent'
        $Machine["${Policy}:$_"] = 1L
        (Read-One $_).effective.value | Should -Be 1
    }

    Context 'other listeners' {
        BeforeEach {
            $Machine.Stations = 'Console', 'RDP-Tcp', 'Vendor-Tcp', 'Old-Tcp', 'Empty'
            $Machine["$Server\WinStations\Vendor-Tcp:PortNumber"] = 3390L
            $Machine["$Server\WinStations\Old-Tcp:PortNumber"] = 3391L
            $Machine["$Server\WinStations\Old-Tcp:fEnableWinStation"] = 0L
            $Machine["${Tcp}:UserAuthentication"] = 1L
        }

        It 'have values of their own' {
            $Machine["$Server\WinStations\Vendor-Tcp:UserAuthentication"] = 0L
            $effective = (Read-One UserAuthentication).effective
            $effective.value | Should -Be 1
            $effective.others.Count | Should -Be 1
            $effective.others[0].who | Should -Be 'the listener Vendor-Tcp'
            $effective.others[0].value | Should -Be 0
        }

        It 'may have none' {
            (Read-One UserAuthentication).effective.others[0].Contains('value') | Should -BeFalse
        }

        It 'do not matter where a policy says it for all' {
            $Machine["${Policy}:UserAuthentication"] = 1L
            (Read-One UserAuthentication).effective.Contains('others') | Should -BeFalse
        }
    }

    Context 'time limits of a listener' {
        It 'count where they are not taken from the user''s account' {
            $Machine["${Tcp}:MaxIdleTime"], $Machine["${Tcp}:fInheritMaxIdleTime"] = 300000L, 0L
            (Read-One MaxIdleTime).effective.value | Should -Be 300000
        }

        It 'do not count otherwise, which is said' -ForEach 1L, $null {
            $Machine["${Tcp}:MaxDisconnectionTime"], $Machine["${Tcp}:fInheritMaxDisconnectionTime"] = 60000L, $_
            $effective = (Read-One MaxDisconnectionTime).effective
            $effective.state | Should -Be 'absent'
            $effective.note | Should -Be "${Tcp}:MaxDisconnectionTime does not count, since fInheritMaxDisconnectionTime is not 0"
        }
    }

    It 'is unreadable where a policy cannot be read' {
        $Machine["${Policy}:fDisableCdm"] = { throw [System.Security.SecurityException]'no way in' }
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
        $reading = Read-One fDisableCdm
        $reading.effective.code | Should -Be 'denied'
    }

    It 'knows its addresses' -ForEach '', 'fdenytsconnections', 'Shadow', 'fDenyTSConnections ', "fDisableCdm`n" {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }
}
