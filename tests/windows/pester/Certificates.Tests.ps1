# platforms: linux
# The driver certificate: from when to when, by what a certificate is for. Wine cannot make keys, so this runs on Linux alone.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'WinRm', 'CertificateStore', 'Certificates') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Machine = @{}
    $script:Now = [datetime]::new(2026, 11, 26, 2, 0, 0, [DateTimeKind]::Utc)
    $script:Key = [Security.Cryptography.RSA]::Create(2048)
    $script:Authority = New-Object Security.Cryptography.X509Certificates.X500DistinguishedName 'CN=School CA'

    # A certificate for some days from now, made by itself or by an authority, with a key or without.
    function New-Certificate {
        param([double]$Days = 100, [double]$Since = -10, [string[]]$Uses = @(), [switch]$ByAuthority, [switch]$WithoutKey)
        $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=PC1', $Key, 'SHA256',
            [Security.Cryptography.RSASignaturePadding]::Pkcs1)
        if ($Uses) {
            $oids = [Security.Cryptography.OidCollection]::new()
            foreach ($use in $Uses) { $null = $oids.Add([Security.Cryptography.Oid]::new($use)) }
            $request.CertificateExtensions.Add(
                [Security.Cryptography.X509Certificates.X509EnhancedKeyUsageExtension]::new($oids, $false))
        }
        $from, $until = [DateTimeOffset]$Now.AddDays($Since), [DateTimeOffset]$Now.AddDays($Days)
        if (-not $ByAuthority) {
            $made = $request.CreateSelfSigned($from, $until)
        } else {
            $signs = [Security.Cryptography.X509Certificates.X509SignatureGenerator]::CreateForRSA($Key, [Security.Cryptography.RSASignaturePadding]::Pkcs1)
            $bare = $request.Create($Authority, $signs, $from, $until, [guid]::NewGuid().ToByteArray())
            $made = [Security.Cryptography.X509Certificates.RSACertificateExtensions]::CopyWithPrivateKey($bare, $Key)
        }
        if ($WithoutKey) { return [Security.Cryptography.X509Certificates.X509Certificate2]::new($made.RawData) }
        $made
    }

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardCertificate -Addresses $Address)[$Address].effective
    }
}

Describe 'certificate' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Clear()
        $Machine.My, $Machine.Desktop, $Machine.Listeners, $Machine.Hash = @(), @(), @(), @{ state = 'absent' }
        # The same on each night: nothing here may ask for the time.
        Mock Get-LeeboardNow -ModuleName Certificates { throw 'it asked for the time' }
        Mock Get-LeeboardStoredCertificate -ModuleName Certificates { if ($Store -eq 'My') { $Machine.My } else { $Machine.Desktop } }
        Mock Get-LeeboardWinRmListener -ModuleName Certificates { @{ Listeners = $Machine.Listeners } }
        Mock Get-LeeboardMachineValue -ModuleName Certificates { $Machine.Hash }
    }

    It 'says from when to when one is valid, to the second in UTC: <Days> days' -ForEach @(
        @{ Days = 30.5; Since = -1; From = '2026-11-25T02:00:00Z'; To = '2026-12-26T14:00:00Z' }
        @{ Days = -100; Since = -200; From = '2026-05-10T02:00:00Z'; To = '2026-08-18T02:00:00Z' }
        @{ Days = 100; Since = 1; From = '2026-11-27T02:00:00Z'; To = '2027-03-06T02:00:00Z' }
    ) {
        $one = New-Certificate -Days $Days -Since $Since
        $Machine.My = @($one)
        $Machine.Listeners = @(@{ transport = 'HTTPS'; certificate = $one.Thumbprint })
        $effective = Read-One winrm
        , $effective.value | Should -BeOfType [string[]]
        $effective.value | Should -Be "$($one.Thumbprint) is valid from $From to $To"
        $effective.source | Should -Be 'WinRM over HTTPS'
    }

    It 'names those of all listeners in one order, and a listener without its certificate' {
        $long, $short = (New-Certificate 300), (New-Certificate 20)
        $Machine.My = $long, $short
        $Machine.Listeners = @(@{ transport = 'HTTPS'; certificate = $long.Thumbprint }, @{ transport = 'HTTPS'; certificate = $short.Thumbprint })
        $both = (Read-One winrm).value
        $both.Count | Should -Be 2
        [array]::Reverse($Machine.Listeners)
        (Read-One winrm).value | Should -Be $both
        $Machine.Listeners += @{ transport = 'HTTPS'; certificate = '' }
        (Read-One winrm).value | Should -Contain 'LocalMachine\My has no certificate '
    }

    It 'is absent where WinRM does not run or has no such listener' {
        $Machine.Listeners = @(@{ transport = 'HTTP'; certificate = '' })
        (Read-One winrm).state | Should -Be 'absent'
        $Machine.Listeners = $null
        (Read-One winrm).source | Should -Be 'WinRM does not run'
    }

    It 'finds the one of Remote Desktop in either store, and none where Windows makes its own' {
        (Read-One remote-desktop).state | Should -Be 'absent'
        $one = New-Certificate 40
        $Machine.Hash = @{ state = 'value'; type = 'binary'; value = $one.Thumbprint.ToLowerInvariant() }
        $Machine.Desktop = @($one)
        $said = "$($one.Thumbprint) is valid from 2026-11-16T02:00:00Z to 2027-01-05T02:00:00Z"
        (Read-One remote-desktop).value | Should -Be $said
        $Machine.My, $Machine.Desktop = @($one), @()
        (Read-One remote-desktop).value | Should -Be $said
        $Machine.My = @()
        (Read-One remote-desktop).value | Should -BeLike 'LocalMachine\My and Remote Desktop has no certificate *'
    }

    It 'names all that can prove the machine: <What>' -ForEach @(
        @{ What = 'no limit'; Uses = @(); Fit = $true }, @{ What = 'for clients'; Uses = @('1.3.6.1.5.5.7.3.2'); Fit = $true }
        @{ What = 'for both'; Uses = '1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'; Fit = $true }
        @{ What = 'for anything'; Uses = @('2.5.29.37.0'); Fit = $true }, @{ What = 'for servers'; Uses = @('1.3.6.1.5.5.7.3.1'); Fit = $false }
    ) {
        $Machine.My = (New-Certificate 50 -Uses $Uses -ByAuthority), (New-Certificate 10 -Uses $Uses -ByAuthority)
        $value = (Read-One vpn-client).value
        $first, $second = $Machine.My.Thumbprint | Sort-Object
        $value.Count | Should -Be 1
        $value | Should -BeLike $(if ($Fit) { "$first, $second is valid from 2026-11-16T02:00:00Z to *Z or from 2026-11-16T02:00:00Z to *Z" } else { '*none*' })
        $value -match 'to 2027-01-15T02:00:00Z' -and $value -match 'to 2026-12-06T02:00:00Z' | Should -Be $Fit
    }

    It 'does not take one without a key, or one that signed itself' {
        $Machine.My = (New-Certificate 50 -ByAuthority -WithoutKey), (New-Certificate 60)
        $effective = Read-One vpn-client
        $effective.value | Should -Be 'LocalMachine\My has none with a key for it'
    }

    It 'is unreadable where WinRM does not answer' {
        Mock Get-LeeboardWinRmListener -ModuleName Certificates { throw (New-LeeboardProblem -Code timeout -Why 'no answer') }
        (Read-One winrm).code | Should -Be 'timeout'
    }

    It 'knows its addresses' -ForEach '', 'WinRM', 'rdp', "winrm`n" {
        (Read-One $_).code | Should -Be 'malformed'
    }
}
