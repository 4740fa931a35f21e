# The driver vpn_connection: phonebooks, wherever they lie, as profiles.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Phonebook', 'VpnConnection') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardAccountName { param($Sid) }
    $script:Machine = @{}

    # An entry as Windows 11 wrote it for Add-VpnConnection, with what differs.
    function New-Entry {
        param([string]$Name = 'School', [hashtable]$Values = @{})
        $all = [ordered]@{
            Encoding = 1; PBVersion = 8; Type = 2; VpnStrategy = 7; DataEncryption = 256; CustomAuthKey = 0; AuthRestrictions = 2048
            IpPrioritizeRemote = 1; IpSecFlags = 0; Ipv6PrioritizeRemote = 1; PreSharedKey = ''; CacheCredentials = 0
            NumCustomPolicy = 1; CustomIPSecPolicies = '030000000600000005000000080000000500000005000000'; ApnInfoPassword = ''
        }
        foreach ($key in $Values.Keys) { $all[$key] = $Values[$key] }
        $lines = @("[$Name]") + @($all.Keys | ForEach-Object { "$_=$($all[$_])" })
        $lines += '', 'NETCOMPONENTS=', 'ms_msclient=1', '', 'MEDIA=rastapi', 'Port=VPN2-0', 'Device=WAN Miniport (IKEv2)', ''
        $lines += 'DEVICE=vpn', 'PhoneNumber=vpn.school.example', 'AreaCode=', ''
        $lines -join "`r`n"
    }

    function Read-Profile {
        $reading = (Read-LeeboardVpnConnection -Addresses 'profiles')['profiles']
        if ($reading.effective.state -ne 'value') { return $reading.effective }
        @($reading.effective.value | ForEach-Object { ConvertFrom-Json $_ })
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardAccountName
}

Describe 'vpn_connection' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Folder = Join-Path $TestDrive ([guid]::NewGuid())
        $null = New-Item -ItemType Directory $Machine.Folder
        $Machine.File = Join-Path $Machine.Folder 'rasphone.pbk'
        Mock Get-PhonebookPlace -ModuleName Phonebook { @{ Folder = $Machine.Folder; Whose = 'this machine' } }
    }

    It 'has the words that Linux uses' {
        [IO.File]::WriteAllText($Machine.File, (New-Entry))
        $vpn = Read-Profile
        $vpn.name, $vpn.program, $vpn.protocol, $vpn.role | Should -Be 'School', 'Windows', 'ikev2', 'initiates'
        $vpn.owner, $vpn.gateway, $vpn.where | Should -Be 'this machine', 'vpn.school.example', $Machine.File
        $vpn.authentication | Should -Be 'certificate'
        $vpn.ike | Should -Be 'aes256gcm16-prfsha384-ecp384'
        $vpn.tunnels[0].esp | Should -Be 'aes256gcm16-ecp384'
        $vpn.tunnels[0].to | Should -Be '0.0.0.0/0', '::/0'
        @($vpn.stored).Count | Should -Be 0
        (Get-LeeboardVpnFact).value | Should -Be 'ipsec'
    }

    It 'knows the protocol by its number: <Number>' -ForEach @(
        @{ Number = 1; Protocol = 'pptp' }, @{ Number = 3; Protocol = 'l2tp' }, @{ Number = 5; Protocol = 'sstp' }
        @{ Number = 7; Protocol = 'ikev2' }, @{ Number = 0; Protocol = 'automatic' }, @{ Number = 8; Protocol = 'automatic' }
        @{ Number = 14; Protocol = 'automatic' }, @{ Number = ''; Protocol = 'automatic' }
    ) {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ VpnStrategy = $Number }))
        (Read-Profile).protocol | Should -Be $Protocol
    }

    It 'knows what proves itself: <Bits> <Method>' -ForEach @(
        @{ Bits = 2048; Method = 0; How = 'certificate' }, @{ Bits = 128; Method = 13; How = 'certificate' }
        @{ Bits = 128; Method = 26; How = 'password' }, @{ Bits = 128; Method = 25; How = 'inside peap' }
        @{ Bits = 128; Method = 21; How = 'inside ttls' }, @{ Bits = 552; Method = 0; How = 'password' }
        @{ Bits = 4096; Method = 0; How = 'psk' }, @{ Bits = 2176; Method = 26; How = 'certificate', 'password' }
        @{ Bits = 0; Method = 0; How = 'unspecified' }, @{ Bits = 'x'; Method = 0; How = 'unspecified' }
    ) {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ AuthRestrictions = $Bits; CustomAuthKey = $Method }))
        (Read-Profile).authentication | Should -Be $How
    }

    It 'knows a shared key of L2TP' -ForEach @{ Flags = 1; How = 'password', 'psk' }, @{ Flags = 0; How = 'certificate', 'password' } {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ VpnStrategy = 3; AuthRestrictions = 512; IpSecFlags = $Flags }))
        $vpn = Read-Profile
        $vpn.authentication | Should -Be $How
        $vpn.PSObject.Properties['ike'] | Should -BeNullOrEmpty
    }

    It 'reads the six numbers of a policy: <Hex>' -ForEach @(
        # AES256, SHA256, group 14, AES256 with SHA256128, no PFS: as the cmdlet wrote it on a Windows 11.
        @{ Hex = '020000000400000003000000050000000200000000000000'; Ike = 'aes256-sha256-modp2048'; Esp = 'aes256' }
        @{ Hex = '020000000500000004000000060000000300000004000000'; Ike = 'aes128gcm16-prfsha256-ecp256'; Esp = 'aes128gcm16-ecp256' }
        @{ Hex = '030000000600000005000000080000000500000006000000'; Ike = 'aes256gcm16-prfsha384-ecp384'; Esp = 'aes256gcm16-ecp384' }
        @{ Hex = '020000000200000003000000030000000200000003000000'; Ike = 'aes128-sha256-modp2048'; Esp = 'aes128-modp2048' }
        # Group 24 (RFC 5114) in both, and as the group of the key exchange in the traffic.
        @{ Hex = '020000000400000006000000050000000200000007000000'; Ike = 'aes256-sha256-modp2048s256'; Esp = 'aes256-modp2048s256' }
        @{ Hex = '020000000400000006000000050000000200000006000000'; Ike = 'aes256-sha256-modp2048s256'; Esp = 'aes256-modp2048s256' }
        @{ Hex = '090000000900000009000000090000000900000009000000'; Ike = 'unknown9-unknown9-unknown9'; Esp = 'unknown9-unknown9' }
    ) {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ CustomIPSecPolicies = $Hex }))
        $vpn = Read-Profile
        $vpn.ike | Should -Be $Ike
        $vpn.tunnels[0].esp | Should -Be $Esp
    }

    It 'takes Windows'' own proposals where there is no policy' {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ NumCustomPolicy = 0 }))
        $vpn = Read-Profile
        $vpn.ike, $vpn.tunnels[0].esp | Should -Be 'default', 'default'
    }

    It 'is unreadable where a policy makes no sense' -ForEach '', 'abc', '02000000', ('zz' * 24) {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ CustomIPSecPolicies = $_ }))
        (Read-Profile).code | Should -Be 'malformed'
    }

    It 'leads past the tunnel what it says' {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ IpPrioritizeRemote = 0 }))
        (Read-Profile).tunnels[0].to | Should -Be '::/0'
    }

    It 'says that something is stored, never what' {
        $secret = 'SuperSecret77'
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ CacheCredentials = 1; PreSharedKey = $secret; ApnInfoPassword = $secret }))
        (Read-Profile).stored | Should -Be 'password', 'psk', 'other'
        ConvertTo-Json (Read-LeeboardVpnConnection -Addresses 'profiles') -Depth 6 | Should -Not -Match $secret
    }

    It 'finds each entry of each phonebook, the hidden one too, and no PPPoE' {
        [IO.File]::WriteAllText($Machine.File, (New-Entry 'One') + (New-Entry 'Broadband' @{ Type = 5 }).Replace('DEVICE=vpn', 'DEVICE=PPPoE') +
            (New-Entry 'Two'))
        $hidden = Join-Path $Machine.Folder '_hiddenPbk'
        $null = New-Item -ItemType Directory $hidden
        [IO.File]::WriteAllText((Join-Path $hidden 'rasphone.pbk'), (New-Entry 'Three'))
        [IO.File]::WriteAllText((Join-Path $Machine.Folder 'other.pbk'), (New-Entry 'Four'))
        @((Read-Profile).name | Sort-Object) | Should -Be 'Four', 'One', 'Three', 'Two'
    }

    It 'is an empty list without a phonebook' {
        @(Read-Profile).Count | Should -Be 0
        (Read-LeeboardVpnConnection -Addresses 'profiles')['profiles'].effective.state | Should -Be 'value'
        @((Get-LeeboardVpnFact).value).Count | Should -Be 0
    }

    It 'is unreadable as a whole where one phonebook cannot be read' {
        Mock Get-PhonebookFile -ModuleName Phonebook { throw [UnauthorizedAccessException]'no way in' }
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
        (Read-Profile).code | Should -Be 'denied'
    }

    It 'is unreadable as a whole where a folder cannot be looked into, though it does not "exist" then' -Skip:$IsWindows {
        $loop = Join-Path $Machine.Folder '_hiddenPbk'
        [void][System.IO.Directory]::CreateSymbolicLink($loop, $loop)
        [System.IO.Directory]::Exists($loop) | Should -BeFalse
        $effective = (Read-LeeboardVpnConnection -Addresses profiles)['profiles'].effective
        $effective.code, $effective.why | Should -Be 'failed', $effective.why
        $effective.why | Should -BeLike "$loop could not be looked into: *"
    }

    It 'follows <Value>' -ForEach @(
        @{ Value = '%UserProfile%\AppData\Roaming'; Is = 'C:\Users\anne$1\AppData\Roaming' }
        @{ Value = 'D:\Homes\%USERNAME%'; Is = 'D:\Homes\anne' }
        @{ Value = '\\server\home$\anne'; Is = '\\server\home$\anne' }
        @{ Value = ' '; Is = 'usual' }, @{ Value = $null; Is = 'usual' }
    ) {
        $Machine.Redirected = $Value
        Mock Get-LeeboardMachineValue -ModuleName Phonebook {
            if ($null -eq $Machine.Redirected) { return @{ state = 'absent' } }
            @{ state = 'value'; type = 'expand_string'; value = $Machine.Redirected }
        }
        Mock Get-LeeboardAccountName -ModuleName Phonebook { 'SCHOOL\anne' }
        InModuleScope Phonebook { Get-RoamingFolder S-1-5-21-1 'C:\Users\anne$1' usual } | Should -Be $Is
    }

    It 'does not guess where a folder lies that another variable names' {
        Mock Get-LeeboardMachineValue -ModuleName Phonebook { @{ state = 'value'; value = '%HOMESHARE%\Roaming' } }
        Mock Get-LeeboardAccountName -ModuleName Phonebook { 'SCHOOL\anne' }
        { InModuleScope Phonebook { Get-RoamingFolder S-1-5-21-1 'C:\Users\anne' usual } } | Should -Throw '*%HOMESHARE%*'
    }

    It 'does not read a phonebook that is none' {
        [IO.File]::WriteAllText($Machine.File, 'x' * 2097153)
        (Read-Profile).code | Should -Be 'too_large'
    }

    It 'refuses a profile that is too long' {
        [IO.File]::WriteAllText($Machine.File, (New-Entry -Values @{ CustomIPSecPolicies = '030000000600000005000000080000000500000005000000' * 200 }))
        (Read-Profile).code | Should -Be 'too_large'
    }

    It 'knows its addresses' -ForEach '', 'Profiles', "profiles`n" {
        (Read-LeeboardVpnConnection -Addresses $_)[$_].effective.code | Should -Be 'malformed'
    }
}
