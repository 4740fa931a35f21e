# platforms: linux
# The school's own VPN profile: read, made, changed and taken away, by the stand-in's cmdlets over a real phonebook. Wine
# cannot make keys, so this runs on Linux alone; how a checkpoint brings the entry back is in CheckpointEntries.Tests.ps1.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'CertificateStore', 'Phonebook', 'MachineCertificate', 'TunnelWords', 'VpnTunnel',
        'StrayProfile', 'VpnConnection', 'VpnConnectionChange') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:KeptPath, $script:KeptData = $env:PSModulePath, $env:LEEBOARD_PROGRAMDATA
    $env:PSModulePath = "$(Join-Path $PSScriptRoot '../standins')$([IO.Path]::PathSeparator)$env:PSModulePath"
    Import-Module VpnClient -Global
    $script:Machine = @{}
    $script:Client = '1.3.6.1.5.5.7.3.2'

    function New-Certificate {
        param([string]$Subject, [object]$Issuer = $null, [switch]$IsAuthority, [string]$Use = '', [int]$Days = 180, [string]$Name = '')
        $key = [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve+NamedCurves]::nistP384)
        $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new("CN=$Subject", $key, 'SHA384')
        $x509 = 'Security.Cryptography.X509Certificates'
        $request.CertificateExtensions.Add((New-Object "$x509.X509BasicConstraintsExtension" ([bool]$IsAuthority, $false, 0, $true)))
        if ($Use) {
            $oids = [Security.Cryptography.OidCollection]::new()
            $null = $oids.Add([Security.Cryptography.Oid]::new($Use))
            $request.CertificateExtensions.Add((New-Object "$x509.X509EnhancedKeyUsageExtension" ($oids, $false)))
        }
        if ($Name) {
            $names = [Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder]::new()
            $names.AddDnsName($Name)
            $request.CertificateExtensions.Add($names.Build())
        }
        $begin, $end = [DateTimeOffset]::UtcNow.AddDays(-400), [DateTimeOffset]::UtcNow.AddDays($Days)
        if ($null -eq $Issuer) { return $request.CreateSelfSigned($begin, $end) }
        $made = $request.Create($Issuer, $begin, $end, [byte[]](1..8 | ForEach-Object { Get-Random -Maximum 127 }))
        [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::CopyWithPrivateKey($made, $key)
    }

    function Get-Words {
        param([string]$To = 'to:0.0.0.0/0 to:::/0', [string]$Suite = 'ike:aes256gcm16-prfsha384-ecp384 esp:aes256gcm16-ecp384')
        "gateway:vpn.school.example $To $Suite authority:$(Get-LeeboardCertificateDigest $Machine.Root) eku:$Client"
    }

    function Get-Edit { param([string]$Words) @(Get-LeeboardVpnConnectionChange -Changes @(@{ address = 'tunnel'; value = $Words })) }

    function Write-Tunnel { param([string]$Words) Set-LeeboardVpnConnectionChange -Edits (Get-Edit $Words) }

    function Read-Tunnel {
        Reset-LeeboardCache
        (Read-LeeboardVpnConnection -Addresses tunnel)['tunnel'].effective
    }
    $script:Root = New-Certificate 'The school' -IsAuthority
    $script:Issuing = New-Certificate 'The school issuing' $Root -IsAuthority -Days 170
    $script:Own = New-Certificate 'lt-014' $Issuing -Use $Client -Days 100 -Name 'LT-014.900001.leeboard.internal'
}

AfterAll {
    $env:PSModulePath, $env:LEEBOARD_PROGRAMDATA = $KeptPath, $KeptData
    Remove-Module VpnClient
}

Describe 'the profile' {
    BeforeEach {
        Reset-LeeboardCache
        $env:LEEBOARD_PROGRAMDATA = Join-Path $TestDrive ([guid]::NewGuid())
        $Machine.Folder = Join-Path $env:LEEBOARD_PROGRAMDATA 'Microsoft' 'Network' 'Connections' 'Pbk'
        $null = New-Item -ItemType Directory $Machine.Folder -Force
        $Machine.Root = $Root
        $Machine.Stores = @{ My = @($Own); CA = @($Issuing); Root = @($Root) }
        Mock Get-MachineFolder -ModuleName Phonebook { $Machine.Folder }
        Mock Get-PhonebookPlace -ModuleName Phonebook { @{ Folder = $Machine.Folder; Whose = 'this machine' } }
        foreach ($module in 'MachineCertificate', 'VpnTunnel') {
            Mock Get-LeeboardStoredCertificate -ModuleName $module { $Machine.Stores[$Store] }
        }
    }

    It 'is absent where the phonebook has none, and Windows is not asked' {
        Mock Invoke-LeeboardVpn -ModuleName VpnTunnel { throw 'it asked' }
        (Read-Tunnel).state | Should -Be 'absent'
    }

    It 'is made as it is declared, and reads as it was asked for: <_>' -ForEach @(
        'ike:aes128gcm16-prfsha256-ecp256 esp:aes128gcm16-ecp256', 'ike:aes256gcm16-prfsha384-ecp384 esp:aes256gcm16-ecp384'
    ) {
        $words = Get-Words -Suite $_
        $edit = Get-Edit $words
        $edit.Target, $edit.Before.state | Should -Be 'tunnel', 'absent'
        Set-LeeboardVpnConnectionChange -Edits $edit
        $now = Read-Tunnel
        @($now.value -split ' ' | Sort-Object) | Should -Be @($words -split ' ' | Sort-Object)
        $now.note | Should -BeLike 'Windows does not dial it by itself*'
        @(Get-Edit $words | Where-Object { $_.Before.value -cne $_.After.value }).Count | Should -Be 0 -Because 'twice changes nothing'
        $shown = Get-VpnConnection Leeboard -AllUserConnection
        $shown.TunnelType, $shown.AuthenticationMethod, $shown.SplitTunneling | Should -Be 'Ikev2', 'MachineCertificate', $false
        $shown.RememberCredential, $shown.MachineCertificateEKUFilter | Should -Be $false, $Client
        [byte[]]$shown.MachineCertificateIssuerFilter | Should -Be $Root.RawData
        # The judgements of all profiles say the same of it by another way.
        $vpn = ConvertFrom-Json @((Read-LeeboardVpnConnection -Addresses profiles)['profiles'].effective.value)[0]
        "ike:$($vpn.ike) esp:$($vpn.tunnels[0].esp)" | Should -Be $_
        $vpn.authentication | Should -Be 'certificate'
        $vpn.tunnels[0].to | Should -Be '0.0.0.0/0', '::/0'
    }

    It 'leads networks into the tunnel, and no others' {
        Write-Tunnel (Get-Words 'to:10.0.0.0/8 to:2001:DB8::/32')
        (Get-VpnConnection Leeboard -AllUserConnection).SplitTunneling | Should -BeTrue
        (Read-Tunnel).value | Should -BeLike '*to:10.0.0.0/8 to:2001:db8::/32'
        Write-Tunnel (Get-Words 'to:10.0.0.0/8 to:192.0.2.0/24')
        @((Read-Tunnel).value -split ' ' -like 'to:*') | Should -Be 'to:10.0.0.0/8', 'to:192.0.2.0/24'
        Write-Tunnel (Get-Words)
        @((Read-Tunnel).value -split ' ' -like 'to:*') | Should -Be 'to:0.0.0.0/0', 'to:::/0'
    }

    It 'is seen, and mended, where somebody changed <Change>' -ForEach @(
        @{ Change = 'its protocol'; Do = { Set-VpnConnection Leeboard -TunnelType Automatic -AllUserConnection }; Word = 'changed:TunnelType=Automatic' }
        @{ Change = 'its proof'; Do = { Set-VpnConnection Leeboard -AuthenticationMethod Eap, MachineCertificate -AllUserConnection }
            Word = 'changed:AuthenticationMethod=*Eap*' }
        @{ Change = 'what it keeps'; Do = { Set-VpnConnection Leeboard -RememberCredential $true -AllUserConnection }; Word = 'changed:RememberCredential=True' }
        @{ Change = 'its gateway'; Do = { Set-VpnConnection Leeboard -ServerAddress vpn.stranger.example -AllUserConnection }; Word = 'gateway:vpn.stranger.example' }
        @{ Change = 'its suite'; Do = { Set-VpnConnectionIPsecConfiguration Leeboard -RevertToDefault -AllUserConnection }; Word = 'ike:default' }
        @{ Change = 'one number'; Do = {
                Set-VpnConnectionIPsecConfiguration Leeboard -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 `
                    -CipherTransformConstants GCMAES256 -AuthenticationTransformConstants SHA256128 -PfsGroup ECP384 -AllUserConnection
            }; Word = 'changed:AuthenticationTransformConstants=2' }
        @{ Change = 'the group of the rekey'; Do = {
                Set-VpnConnectionIPsecConfiguration Leeboard -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 `
                    -CipherTransformConstants GCMAES256 -AuthenticationTransformConstants GCMAES256 -PfsGroup None -AllUserConnection
            }; Word = 'esp:aes256gcm16' }
        @{ Change = 'what goes through'; Do = { Set-VpnConnection Leeboard -SplitTunneling $true -AllUserConnection }; Word = '-to:0.0.0.0/0' }
        @{ Change = 'the route of a family'; Do = {
                $book = Join-Path $Machine.Folder 'rasphone.pbk'
                [IO.File]::WriteAllText($book, [IO.File]::ReadAllText($book).Replace('Ipv6PrioritizeRemote=1', 'Ipv6PrioritizeRemote=0'))
            }; Word = '-to:::/0' }
        @{ Change = 'whose certificate'; Do = { Set-VpnConnection Leeboard -MachineCertificateIssuerFilter (New-Certificate Other -IsAuthority) -AllUserConnection }
            Word = '-authority' }
    ) {
        Write-Tunnel (Get-Words)
        & $Do
        $now = @((Read-Tunnel).value -split ' ')
        if ($Word -like '-*') { $now | Should -Not -Contain $Word.Substring(1) } else { @($now -like $Word).Count | Should -BeGreaterThan 0 }
        $edit = Get-Edit (Get-Words)
        $edit.Before.value | Should -Not -Be $edit.After.value
        Set-LeeboardVpnConnectionChange -Edits $edit
        @((Read-Tunnel).value -split ' ' | Sort-Object) | Should -Be @((Get-Words) -split ' ' | Sort-Object)
        (Get-LeeboardVpnConnectionRefusal -State $edit.After) | Should -Be ''
    }

    It 'is taken away, and only that' {
        Add-VpnConnection 'Somebody''s' vpn.other.example -AllUserConnection
        Write-Tunnel (Get-Words)
        Write-Tunnel none
        (Read-Tunnel).state | Should -Be 'absent'
        (Get-VpnConnection -AllUserConnection).Name | Should -Be 'Somebody''s'
        Set-LeeboardVpnConnectionChange -Edits @(@{ Target = 'tunnel'; After = @{ state = 'absent' } })
        (Read-Tunnel).state | Should -Be 'absent'
    }

    It 'tells the root by its name, where Windows keeps that alone' {
        Write-Tunnel (Get-Words)
        $book = Join-Path $Machine.Folder 'rasphone.pbk'
        $text = [IO.File]::ReadAllText($book)
        [IO.File]::WriteAllText($book, $text.Replace([Convert]::ToHexString($Root.RawData), [Convert]::ToHexString($Root.SubjectName.RawData)))
        (Read-Tunnel).value | Should -BeLike "*authority:$(Get-LeeboardCertificateDigest $Root)*"
        $Machine.Stores.Root = @()
        (Read-Tunnel).value | Should -BeLike '*authority:unknown*'
    }

    It 'is refused before the certificates are there: <Lacks>' -ForEach @(
        @{ Lacks = 'the root'; Do = { $Machine.Stores.Root = @() }; Why = '*not among the roots*' }
        @{ Lacks = 'a certificate'; Do = { $Machine.Stores.My = @() }; Why = 'LocalMachine\My has no certificate*' }
        @{ Lacks = 'one of the authority'; Do = { $Machine.Stores.My = @(New-Certificate other (New-Certificate Other -IsAuthority -Days 200) -Use $Client) }
            Why = '*does not come from the authority*' }
        @{ Lacks = 'the one between'; Do = { $Machine.Stores.CA = @() }; Why = '*does not come from the authority*' }
        @{ Lacks = 'its key'; Do = { $Machine.Stores.My = @([Security.Cryptography.X509Certificates.X509Certificate2]::new($Own.RawData)) }
            Why = '*has no key on this machine*' }
        @{ Lacks = 'the purpose'; Do = { $Machine.Stores.My = @(New-Certificate lt $Issuing -Use 1.3.6.1.5.5.7.3.1 -Days 9) }; Why = '*is not for 1.3.6.1.5.5.7.3.2*' }
        @{ Lacks = 'time'; Do = { $Machine.Stores.My = @(New-Certificate lt $Issuing -Use $Client -Days -1) }; Why = '*has ended*' }
        @{ Lacks = 'a machine''s'; Do = { $Machine.Stores.My = @($Issuing) }; Why = '*is an authority''s*' }
    ) {
        & $Do
        $problem = { Get-Edit (Get-Words) } | Should -Throw -PassThru
        $problem.Exception.Message | Should -BeLike $Why
        $problem.Exception.Data['LeeboardCode'] | Should -Be 'refused'
        (Read-Tunnel).state | Should -Be 'absent'
    }

    It 'is a failure where Windows has another one than was written' {
        $Machine.Real = Get-Command Invoke-LeeboardVpn
        Mock Invoke-LeeboardVpn -ModuleName VpnConnectionChange {
            if ($Command -ne 'Set-VpnConnectionIPsecConfiguration') { & $Machine.Real -Command $Command -Parameters $Parameters }
        }
        { Write-Tunnel (Get-Words) } | Should -Throw '*otherwise than it was written: *esp:default*no ike:aes256gcm16*'
        Mock Invoke-LeeboardVpn -ModuleName VpnConnectionChange { }
        Mock Get-LeeboardTunnelRoute -ModuleName VpnConnectionChange { }
        $null = Remove-VpnConnection Leeboard -AllUserConnection
        { Write-Tunnel (Get-Words) } | Should -Throw 'Windows took the profile, but does not have it'
        Add-VpnConnection Leeboard vpn.school.example -AllUserConnection
        { Write-Tunnel none } | Should -Throw 'Windows took the profile away, but still has it'
    }

    It 'is unreadable where Windows denies it, hangs, or makes no sense' {
        Write-Tunnel (Get-Words)
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
        Mock Invoke-LeeboardBounded -ModuleName VpnTunnel {
            $exception = [Exception]::new('Access is denied. ')
            $exception | Add-Member MessageId 'HRESULT 0x80070005' -Force
            throw $exception
        }
        (Read-Tunnel).code | Should -Be 'denied'
        Mock Invoke-LeeboardBounded -ModuleName VpnTunnel { throw (New-LeeboardProblem -Code timeout -Why 'no answer') }
        (Read-Tunnel).code | Should -Be 'timeout'
        Mock Invoke-LeeboardBounded -ModuleName VpnTunnel { }
        (Read-Tunnel).code | Should -Be 'malformed'
        Mock Invoke-LeeboardBounded -ModuleName VpnTunnel { [pscustomobject]@{ CimInstanceProperties = @{} } }
        (Read-Tunnel).code | Should -Be 'malformed'
    }

    It 'has a cover: its entry of the machine''s phonebook' {
        $cover = Get-LeeboardVpnConnectionCover -Changes @(@{ address = 'tunnel'; value = $null })
        $cover.Entries[0].Path, $cover.Entries[0].Name, $cover.Entries[0].Target |
            Should -Be (Join-Path $Machine.Folder 'rasphone.pbk'), 'Leeboard', 'tunnel'
        { Get-LeeboardVpnConnectionCover -Changes @(@{ address = 'profiles' }) } | Should -Throw '*only the school''s own is written*'
        { Get-LeeboardVpnConnectionChange -Changes @(@{ address = 'profiles'; value = 'none' }) } | Should -Throw '*only the school''s own is written*'
    }

    It 'is not put back by an undo to what Leeboard would not write' {
        $state = @{ state = 'value'; type = 'string'; value = 'changed:TunnelType=Automatic gateway:a.example' }
        Get-LeeboardVpnConnectionRefusal -State $state | Should -BeLike 'it was a profile before that Leeboard would not write*'
        Get-LeeboardVpnConnectionRefusal -State @{ state = 'absent' } | Should -Be ''
    }
}

Describe 'strays' {
    BeforeEach {
        Reset-LeeboardCache
        $env:LEEBOARD_PROGRAMDATA = Join-Path $TestDrive ([guid]::NewGuid())
        $Machine.Folder = Join-Path $env:LEEBOARD_PROGRAMDATA 'Microsoft' 'Network' 'Connections' 'Pbk'
        $null = New-Item -ItemType Directory $Machine.Folder -Force
        $Machine.Book = Join-Path $Machine.Folder 'rasphone.pbk'
        Mock Get-MachineFolder -ModuleName Phonebook { $Machine.Folder }
        Mock Get-PhonebookPlace -ModuleName Phonebook { @{ Folder = $Machine.Folder; Whose = 'this machine' } }
        Add-VpnConnection 'Old (way) in' vpn.stranger.example -AllUserConnection
        Add-VpnConnection School vpn.school.example -AllUserConnection
        Add-VpnConnection Leeboard vpn.elsewhere.example -AllUserConnection
        function Edit-Line { param([string]$From, [string]$To) [IO.File]::WriteAllText($Machine.Book, [IO.File]::ReadAllText($Machine.Book).Replace($From, $To)) }
        function Read-Stray {
            Reset-LeeboardCache
            (Read-LeeboardVpnConnection -Addresses 'machine-profiles')['machine-profiles'].effective
        }
        function Get-Removal { , @(Get-LeeboardVpnConnectionChange -Changes @(@{ address = 'machine-profiles'; value = [object[]]@($Stay) })) }
        $script:Stay = "School (to vpn.school.example) in $($Machine.Book)"
    }

    It 'are told by name and by where they lead, but for the school''s own' {
        (Read-Stray).value | Should -Be "Old_(way)_in (to vpn.stranger.example) in $($Machine.Book)", $Stay
        $null = Remove-VpnConnection School -AllUserConnection
        Edit-Line 'PhoneNumber=vpn.stranger.example' 'PhoneNumber='
        (Read-Stray).value | Should -Be "Old_(way)_in (to nowhere) in $($Machine.Book)"
        $null = Remove-VpnConnection 'Old (way) in' -AllUserConnection
        (Read-Stray).state | Should -Be 'absent'
    }

    It 'are taken away, kept without their secrets, and brought back by an undo' {
        Edit-Line 'PreSharedKey=' 'PreSharedKey=SuperSecret77'
        $edits = Get-Removal
        $edits.Count, $edits[0].Target, $edits[0].After.state | Should -Be 1, 'entry:Old (way) in', 'absent'
        $edits[0].Before.value | Should -BeLike "``[Old (way) in``]`r`n*PhoneNumber=vpn.stranger.example*"
        $edits[0].Before.value | Should -Not -Match 'SuperSecret77'
        Set-LeeboardVpnConnectionChange -Edits $edits
        (Get-VpnConnection -AllUserConnection).Name | Should -Be 'School', 'Leeboard'
        (Get-Removal).Count | Should -Be 0
        (Read-LeeboardVpnPlace -Addresses $edits[0].Target)[$edits[0].Target].effective.state | Should -Be 'absent'
        (Get-LeeboardVpnConnectionRefusal -State $edits[0].Before) | Should -Be ''
        Set-LeeboardVpnConnectionChange -Edits @(@{ Target = $edits[0].Target; After = $edits[0].Before })
        (Read-LeeboardVpnPlace -Addresses $edits[0].Target)[$edits[0].Target].effective.value | Should -BeExactly $edits[0].Before.value
        (Get-VpnConnection 'Old (way) in' -AllUserConnection).ServerAddress | Should -Be 'vpn.stranger.example'
        { Set-LeeboardVpnConnectionChange -Edits @(@{ Target = $edits[0].Target; After = $edits[0].Before }) } | Should -Throw 'there is a VPN profile*again'
    }

    It 'stay where an MDM service brought them, and are named: <Sign>' -ForEach @{ Sign = 'ProvisioningAuthority=MS DM Server' }, @{ Sign = 'AlwaysOnCapable=1' }, @{ Sign = 'DeviceTunnel=1' } {
        $text = [IO.File]::ReadAllText($Machine.Book)
        [IO.File]::WriteAllText($Machine.Book, $text.Insert($text.IndexOf('Encoding=1'), "$Sign`r`n"))
        $now = Read-Stray
        $now.value | Should -Be $Stay
        $now.note | Should -BeLike 'an MDM service brought Old (way) in*left alone'
        (Get-Removal).Count | Should -Be 0
        $vpn = @((Read-LeeboardVpnConnection -Addresses profiles)['profiles'].effective.value | ForEach-Object { ConvertFrom-Json $_ } |
                Where-Object { $_.name -eq 'Old (way) in' })[0]
        $vpn.delivered | Should -Be 'an MDM service'
    }

    It 'are not guessed where no list says which stay: "<_>"' -ForEach '', 'none', 7, $null, @{ a = 'b' } {
        $value = $_
        { Get-LeeboardVpnConnectionChange -Changes @(@{ address = 'machine-profiles'; value = $value }) } | Should -Throw 'the profiles that stay are a list*'
        { Get-LeeboardVpnConnectionCover -Changes @(@{ address = 'machine-profiles'; value = 'none' }) } | Should -Throw 'the profiles that stay are a list*'
    }

    It 'all go where none stays, and by the whole text alone' {
        $script:Stay = @()
        (Get-Removal).Target | Should -Be 'entry:Old (way) in', 'entry:School'
        $script:Stay = 'School', "SCHOOL (to vpn.school.example) in $($Machine.Book)"
        (Get-Removal).Target | Should -Be 'entry:Old (way) in', 'entry:School'
    }

    It 'stay, all of them, while one that would go is <_>: we may have come through it' -ForEach 'Connected', 'Connecting', '' {
        $Machine.Status = $_
        Mock Invoke-LeeboardVpn -ModuleName VpnTunnel {
            foreach ($one in $Parameters.Name) {
                @{ CimInstanceProperties = @{ Name = @{ Value = $one }; ConnectionStatus = @{ Value = if ($one -eq 'School') { $Machine.Status } else { 'Disconnected' } } } }
            }
        }
        (Get-Removal).Target | Should -Be 'entry:Old (way) in' -Because 'the one that stays may be connected'
        $script:Stay = @()
        { Get-Removal } | Should -Throw 'School is connected, and Leeboard may have come through it*'
        { Get-LeeboardVpnConnectionCover -Changes @(@{ address = 'machine-profiles'; value = @() }) } | Should -Throw 'School is connected*'
        [IO.File]::ReadAllText($Machine.Book) | Should -Match '\[School\]'
    }

    It 'that are too long to be kept stay' {
        Edit-Line 'AreaCode=' "AreaCode=$('x' * 4000)"
        { Get-Removal } | Should -Throw '*too many to be kept in the journal*'
    }

    It 'have a cover each, by address and one by one for an undo' {
        $cover = Get-LeeboardVpnConnectionCover -Changes @(@{ address = 'machine-profiles'; value = @($Stay) }, @{ address = 'tunnel'; value = 'none' })
        @($cover.Entries.Target) | Should -Be 'entry:Old (way) in', 'tunnel'
        $cover = Get-LeeboardVpnConnectionCover -Changes @(@{ address = 'machine-profiles'; value = $null }, @{ address = 'entry:Old (way) in'; value = $null })
        $cover.Entries.Target, $cover.Entries.Name | Should -Be 'entry:Old (way) in', 'Old (way) in'
    }

    It 'are never the school''s own, nor anything but one entry: <_>' -ForEach 'entry:Leeboard', "entry:a`r`n[b", 'entry:', 'entry:[x]' {
        $target = $_
        { Set-LeeboardVpnConnectionChange -Edits @(@{ Target = $target; After = @{ state = 'absent' } }) } | Should -Throw
        { Set-LeeboardVpnConnectionChange -Edits @(@{ Target = 'entry:Other'; After = @{ state = 'value'; value = "[Other]`r`nA=1`r`n[Second]`r`n" } }) } |
            Should -Throw '*not the entry of that profile alone'
    }
}

Describe 'words' {
    BeforeAll { $script:Good = "gateway:vpn.school.example to:0.0.0.0/0 to:::/0 ike:aes128gcm16-prfsha256-ecp256 esp:aes128gcm16-ecp256 eku:$Client authority:$('ab' * 32)" }

    It 'stand in any order and in any letters' {
        $first = Format-LeeboardTunnel (ConvertFrom-LeeboardTunnel $Good)
        $other = @($Good.ToUpperInvariant() -split ' ')
        [array]::Reverse($other)
        Format-LeeboardTunnel (ConvertFrom-LeeboardTunnel ($other -join "  ")) | Should -BeExactly $first
        ConvertFrom-LeeboardTunnel 'none' | Should -BeNullOrEmpty
    }

    It 'are refused: <Change>' -ForEach @(
        @{ Change = 'nothing'; Words = '' }, @{ Change = 'a number'; Words = 7 }, @{ Change = 'a list'; Words = @('none', 'none') }
        @{ Change = 'gateway:vpn.school.example'; By = 'gateway:vpn' }
        @{ Change = 'gateway:vpn.school.example'; By = '' }, @{ Change = 'gateway:vpn.school.example'; By = 'gateway:a.example gateway:b.example' }
        @{ Change = 'gateway:vpn.school.example'; By = 'gateway:a.example@192.0.2.1' }
        @{ Change = 'ike:aes128gcm16-prfsha256-ecp256'; By = 'ike:aes128-sha256-modp2048' }
        @{ Change = 'ike:aes128gcm16-prfsha256-ecp256'; By = 'ike:aes128gcm16-prfsha256-ecp256,aes256gcm16-prfsha384-ecp384' }
        @{ Change = 'ike:aes128gcm16-prfsha256-ecp256'; By = 'ike:aes256gcm16-prfsha384-ecp521' }
        @{ Change = 'esp:aes128gcm16-ecp256'; By = 'esp:aes128gcm16' }, @{ Change = 'esp:aes128gcm16-ecp256'; By = 'esp:default' }
        @{ Change = 'to:::/0'; By = '' }, @{ Change = 'to:::/0'; By = 'to:::/0 to:10.0.0.0/8' }, @{ Change = 'to:::/0'; By = 'to:10.0.0.0' }
        @{ Change = 'to:::/0'; By = 'to:10.0.0.0/33' }, @{ Change = 'to:::/0'; By = 'changed:TunnelType=Automatic' }
        @{ Change = 'eku:'; By = 'eku:clientAuth' }, @{ Change = 'authority:ab'; By = 'authority:x' }
    ) {
        $words = if ($_.ContainsKey('Words')) { $Words } else { $Good.Replace($Change, $By) }
        $problem = { ConvertFrom-LeeboardTunnel $words } | Should -Throw -PassThru
        $problem.Exception.Data['LeeboardCode'] | Should -Be 'refused'
    }

    It 'come to the six parameters of the cmdlet' {
        $six = Get-LeeboardSuiteParameter (ConvertFrom-LeeboardTunnel $Good)
        $six.Count | Should -Be 6
        $six.EncryptionMethod, $six.IntegrityCheckMethod, $six.DHGroup | Should -Be 'GCMAES128', 'SHA256', 'ECP256'
        $six.CipherTransformConstants, $six.AuthenticationTransformConstants, $six.PfsGroup | Should -Be 'GCMAES128', 'GCMAES128', 'ECP256'
    }
}

Describe 'names in a certificate' {
    It 'are read from its bytes' { Get-LeeboardCertificateName $Own | Should -Be 'lt-014.900001.leeboard.internal' }
    It 'may be none' { @(Get-LeeboardCertificateName $Root).Count | Should -Be 0 }
}
