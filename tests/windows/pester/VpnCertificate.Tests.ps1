# platforms: linux
# The machine's certificate for a VPN: request, certificate, trust and the old one's end. certreq is played here, from the
# file that it is given; stores are lists. Wine has neither keys nor certreq, so this runs on Linux alone.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'PrivateFolder', 'CertificateStore', 'CertificateStoreChange', 'MachineCertificate', 'CertificateRequest', 'CertificateInstall') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Machine = @{}
    $script:Client, $script:Server = '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'
    $script:Device = 'lt-014.900001.leeboard.internal'
    $script:Tpm, $script:Software = 'Microsoft Platform Crypto Provider', 'Microsoft Software Key Storage Provider'

    function New-Certificate {
        param([string]$Subject, [object]$Issuer, [switch]$IsAuthority, [string[]]$Use, [int]$Days = 180, [string]$Name, [object]$For, [int]$From = -400)
        $key = if ($For) { $For } else { [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve+NamedCurves]::nistP384) }
        $x509 = 'Security.Cryptography.X509Certificates'
        $request = if ($For) {
            New-Object "$x509.CertificateRequest" ([Security.Cryptography.X509Certificates.X500DistinguishedName]::new("CN=$Subject"), $For, 'SHA384')
        } else { New-Object "$x509.CertificateRequest" ("CN=$Subject", $key, 'SHA384') }
        $request.CertificateExtensions.Add((New-Object "$x509.X509BasicConstraintsExtension" ([bool]$IsAuthority, $false, 0, $true)))
        if ($Use) {
            $oids = [Security.Cryptography.OidCollection]::new()
            foreach ($one in $Use) { $null = $oids.Add([Security.Cryptography.Oid]::new($one)) }
            $request.CertificateExtensions.Add((New-Object "$x509.X509EnhancedKeyUsageExtension" ($oids, $false)))
        }
        if ($Name) {
            $names = New-Object "$x509.SubjectAlternativeNameBuilder"
            $names.AddDnsName($Name)
            $request.CertificateExtensions.Add($names.Build())
        }
        $begin, $end = [DateTimeOffset]::UtcNow.AddDays($From), [DateTimeOffset]::UtcNow.AddDays($Days)
        if ($null -eq $Issuer) { return $request.CreateSelfSigned($begin, $end) }
        $made = $request.Create($Issuer, $begin, $end, [byte[]](1..8 | ForEach-Object { Get-Random -Maximum 127 }))
        if ($For) { return $made }
        [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::CopyWithPrivateKey($made, $key)
    }

    # certreq as its documentation has it: -new makes a key in the provider that the file names, and a stand-in for the
    # certificate in REQUEST; -accept puts a certificate together with the key that is for it.
    function Start-Certreq {
        param([string[]]$Arguments)
        $Machine.Calls += , $Arguments
        if ($Arguments[0] -eq '-new') {
            $inf = @{}
            foreach ($line in [IO.File]::ReadAllLines($Arguments[3])) { if ($line -match '^([\w.]+) ?= ?"?(.*?)"?$') { $inf[$Matches[1]] = $Matches[2] } }
            $Machine.Inf = $inf
            $Machine.Text = [IO.File]::ReadAllText($Arguments[3])
            if (@($Machine.Refuses | Where-Object { "$($inf.ProviderName) $($inf.KeyAlgorithm)" -like $_ }).Count) { return @{ ExitCode = -2146893783; Output = 'Nicht unterst'; ErrorOutput = '' } }
            $key = [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve]::CreateFromFriendlyName("nistP$($inf.KeyLength)"))
            $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new($inf.Subject, $key, $inf.HashAlgorithm)
            $Machine.Stores.REQUEST += $request.CreateSelfSigned([DateTimeOffset]::UtcNow, [DateTimeOffset]::UtcNow.AddYears(1))
            $pem = $request.CreateSigningRequestPem().Replace('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST')
            [IO.File]::WriteAllText($Arguments[4], $(if ($Machine.Rubbish) { 'no request' } else { $pem }))
            return @{ ExitCode = 0; Output = ''; ErrorOutput = '' }
        }
        $came = [Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem([IO.File]::ReadAllText($Arguments[3]))
        $for = @($Machine.Stores.REQUEST | Where-Object { [Convert]::ToHexString($_.GetPublicKey()) -eq [Convert]::ToHexString($came.GetPublicKey()) })
        if (-not $for.Count -or $Machine.AcceptFails) { return @{ ExitCode = -2146885628; Output = ''; ErrorOutput = '' } }
        $key = [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($for[0])
        if ($Machine.WrongKey) { $key = [Security.Cryptography.ECDsa]::Create(); $Machine.Stores.My += $came } else {
            $Machine.Stores.My += [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::CopyWithPrivateKey($came, $key)
        }
        if (-not $Machine.KeepsRequest) { $Machine.Stores.REQUEST = @($Machine.Stores.REQUEST | Where-Object { $_.Thumbprint -ne $for[0].Thumbprint }) }
        @{ ExitCode = 0; Output = ''; ErrorOutput = '' }
    }

    function Get-Answer {
        param([string]$Use = $Client, [object]$By = $Issuing, [string]$For = $Device, [int]$Days = 100, [object]$Key)
        $waits = if ($Key) { $Key } else { $Machine.Stores.REQUEST[-1].PublicKey }
        $leaf = New-Certificate lt $By -Use $Use -Name $For -Days $Days -For $waits
        (ConvertTo-LeeboardPem $leaf) + (ConvertTo-LeeboardPem $By)
    }
    function Ask { (Get-LeeboardRequest -Identity $Device -Curves 'P-384' -Use $Client).Request }
    function Install { param([string]$Pem) Install-LeeboardCertificate -Identity $Device -Certificate $Pem -Authorities @($Root, $Issuing) -Use $Client }
    function Read-All { , @(Get-LeeboardVpnCertificate -Identity $Device -Authorities @($Root, $Issuing) -Use $Client) }
    $script:Root = New-Certificate 'The school' -IsAuthority -Days 900
    $script:Issuing = New-Certificate 'The school issuing' $Root -IsAuthority -Days 800
    $script:Stranger = New-Certificate 'Another' -IsAuthority -Days 900
}

Describe 'the certificate' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Clear()
        $Machine.Folder = Join-Path $TestDrive ([guid]::NewGuid())
        $Machine.Stores = @{ My = @(); CA = @(); Root = @(); REQUEST = @() }
        $Machine.Calls, $Machine.Refuses, $Machine.Gone = @(), @(), @()
        foreach ($module in 'CertificateRequest', 'CertificateInstall', 'MachineCertificate') {
            Mock Get-LeeboardStoredCertificate -ModuleName $module { $Machine.Stores[$Store] }
        }
        foreach ($module in 'CertificateRequest', 'CertificateInstall') {
            Mock Remove-LeeboardStoredCertificate -ModuleName $module {
                $Machine.Stores[$Store] = @($Machine.Stores[$Store] | Where-Object { $_.Thumbprint -ne $Certificate.Thumbprint })
                if (-not $KeepKey) { $Machine.Gone += [Convert]::ToHexString($Certificate.GetPublicKey()) }
            }
        }
        Mock Add-LeeboardStoredCertificate -ModuleName CertificateInstall { $Machine.Stores[$Store] += $Certificate }
        Mock Invoke-LeeboardProgram -ModuleName CertificateRequest {
            $Path | Should -Be 'certreq.exe'
            Start-Certreq $Arguments
        }
        Mock Get-LeeboardDataFolder -ModuleName CertificateRequest { $Machine.Folder }
        Mock Protect-LeeboardDataFolder -ModuleName CertificateRequest { [IO.Directory]::CreateDirectory($Machine.Folder).FullName }
        Mock Assert-LeeboardFolder -ModuleName CertificateRequest { }
    }

    It 'is asked for by a file in the documented form, with a key of the TPM that cannot be exported' {
        $done = Get-LeeboardRequest -Identity $Device -Curves 'P-384', 'P-256' -Use $Client
        $done.Changed, $done.Remark | Should -Be $true, ''
        $done.Request | Should -BeLike '-----BEGIN NEW CERTIFICATE REQUEST-----*'
        $Machine.Inf.ProviderName, $Machine.Inf.KeyAlgorithm, $Machine.Inf.Exportable, $Machine.Inf.MachineKeySet |
            Should -Be $Tpm, 'ECDSA_P384', 'FALSE', 'TRUE'
        $Machine.Text | Should -Match '(?m)^\[NewRequest\]\r$'
        # What our authority is asked to sign in other tests is made from that file.
        $file = [IO.File]::ReadAllText((Join-Path $PSScriptRoot '../../unit/authority/certreq.inf'))
        $Machine.Text.Replace("`r", '') | Should -BeExactly $file
        $Machine.Calls[0][0..2] | Should -Be '-new', '-q', '-f'
        $again = Get-LeeboardRequest -Identity $Device -Curves 'P-384', 'P-256' -Use $Client
        $again.Changed, $again.Request, $Machine.Calls.Count | Should -Be $false, $done.Request, 1
    }

    It 'has a key elsewhere where the TPM makes none, and says so: <Refuses>' -ForEach @(
        @{ Refuses = @('*Platform* ECDSA_P384'); Provider = 'Microsoft Platform Crypto Provider'; Kind = 'ECDSA_P256' }
        @{ Refuses = @('*Platform*'); Provider = 'Microsoft Software Key Storage Provider'; Kind = 'ECDSA_P384' }
    ) {
        $Machine.Refuses = $Refuses
        $done = Get-LeeboardRequest -Identity $Device -Curves 'P-384', 'P-256' -Use $Client
        $Machine.Inf.ProviderName, $Machine.Inf.KeyAlgorithm | Should -Be $Provider, $Kind
        $done.Remark | Should -BeLike "the key lies in $Provider*Platform Crypto Provider with P-384: 0x8009*"
        $done.Remark | Should -Not -Match 'Nicht'
    }

    It 'is no request where certreq makes no key, or writes none' {
        $Machine.Refuses = '*'
        { Ask } | Should -Throw 'certreq made no key: *Software Key Storage Provider with P-384: 0x*'
        $Machine.Refuses, $Machine.Rubbish = @(), $true
        { Ask } | Should -Throw 'what certreq wrote is no request'
        Get-LeeboardPending | Should -BeNullOrEmpty
    }

    It 'is asked for anew where the key is gone, the name or the kind is another, and what is left over goes' {
        $first = Ask
        $old = [Convert]::ToHexString($Machine.Stores.REQUEST[0].GetPublicKey())
        $null = Get-LeeboardRequest -Identity 'lt-015.900001.leeboard.internal' -Curves 'P-384' -Use $Client
        $Machine.Gone | Should -Be $old
        $Machine.Stores.REQUEST = @()
        (Get-LeeboardRequest -Identity $Device -Curves 'P-384' -Use $Client -Check $true).Changed | Should -BeTrue
        Ask | Should -Not -Be $first
        $null = Get-LeeboardRequest -Identity $Device -Curves 'P-256' -Use $Client
        $Machine.Inf.KeyAlgorithm | Should -Be 'ECDSA_P256'
    }

    It 'asks for no name and no curve that is none: <_>' -ForEach 'x', "a.example`r`nExportable=TRUE", 'A.EXAMPLE', 'a.example"' {
        { Get-LeeboardRequest -Identity $_ -Curves 'P-384' -Use $Client } | Should -Throw '*is no name*'
        { Get-LeeboardRequest -Identity $Device -Curves 'P-521' -Use $Client } | Should -Throw '*is no curve*'
        $Machine.Calls.Count | Should -Be 0
    }

    It 'goes into its place with its key, and the authority into its stores' {
        $null = Ask
        $done = Install (Get-Answer)
        $done.Changed, $done.Remark | Should -Be $true, ''
        $Machine.Stores.Root.Subject, $Machine.Stores.CA.Subject | Should -Be 'CN=The school', 'CN=The school issuing'
        $one = Read-All
        $one.Count, $one[0].wrong, $one[0].names, $one[0].usages | Should -Be 1, '', $Device, $Client
        $one[0].last - $one[0].first | Should -Be (500 * 86400)
        $one[0].path | Should -Be "LocalMachine\My\$($Machine.Stores.My[0].Thumbprint)"
        Test-LeeboardTrust -Authorities @($Root, $Issuing) | Should -BeTrue
        Get-ChildItem $Machine.Folder | Should -BeNullOrEmpty
        $Machine.Gone | Should -BeNullOrEmpty
    }

    It 'changes nothing the second time' {
        $null = Ask
        $pem = Get-Answer
        $null = Install $pem
        $calls = $Machine.Calls.Count
        (Install $pem).Changed | Should -BeFalse
        $Machine.Calls.Count, $Machine.Stores.My.Count | Should -Be $calls, 1
    }

    It 'takes the old one away with its key when it has proved itself, and nobody else''s' {
        $Machine.Stores.Root, $Machine.Stores.CA = @($Root), @($Issuing)
        $old = New-Certificate lt $Issuing -Use $Client -Name $Device -Days 9
        $ended = New-Certificate lt $Issuing -Use $Client -Name $Device -Days -9
        $theirs = New-Certificate lt $Stranger -Use $Client -Name $Device
        $other = New-Certificate other $Issuing -Use $Client -Name 'other.example'
        $Machine.Stores.My = @($old, $ended, $theirs, $other)
        $null = Ask
        $null = Install (Get-Answer)
        $left = @($Machine.Stores.My.Thumbprint)
        $left.Count | Should -Be 3
        $left | Should -Contain $theirs.Thumbprint
        $left | Should -Contain $other.Thumbprint
        @($Machine.Gone | Sort-Object) | Should -Be @($old, $ended | ForEach-Object { [Convert]::ToHexString($_.GetPublicKey()) } | Sort-Object)
    }

    It 'leaves what a listener of WinRM may answer with, of the same name and authority: <Why>' -ForEach @(
        @{ Why = 'for servers'; Uses = @('1.3.6.1.5.5.7.3.1') }
        @{ Why = 'for both, as an authority of Windows makes them for computers'; Uses = @('1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1') }
        @{ Why = 'for everything, in words'; Uses = @('2.5.29.37.0') }
        @{ Why = 'for everything, by silence'; Uses = @() }
    ) {
        $Machine.Stores.Root, $Machine.Stores.CA = @($Root), @($Issuing)
        $listens = New-Certificate lt $Issuing -Use $Uses -Name $Device
        $old = New-Certificate lt $Issuing -Use $Client -Name $Device -Days 9
        $Machine.Stores.My = @($listens, $old)
        $null = Ask
        (Install (Get-Answer)).Remark | Should -Be ''
        $Machine.Stores.My.Thumbprint | Should -Contain $listens.Thumbprint
        $Machine.Gone | Should -Be ([Convert]::ToHexString($old.GetPublicKey()))
    }

    It 'keeps a key that Windows still has under REQUEST, since the certificate has it' {
        $Machine.KeepsRequest = $true
        $null = Ask
        $null = Install (Get-Answer)
        $Machine.Stores.REQUEST.Count, $Machine.Gone.Count, (Read-All)[0].wrong | Should -Be 0, 0, ''
    }

    It 'is refused, and the old one stays: <Why>' -ForEach @(
        @{ Why = 'another name'; Pem = { Get-Answer -For 'other.example' }; Says = '*is not for lt-014*' }
        @{ Why = 'another key'; Pem = { Get-Answer -Key (New-Certificate x).PublicKey }; Says = '*not for the key that waits*' }
        @{ Why = 'another purpose'; Pem = { Get-Answer -Use $Server }; Says = '*is not for 1.3.6.1.5.5.7.3.2*' }
        @{ Why = 'another authority'; Pem = { Get-Answer -By $Stranger }; Says = '*does not come from the authority*' }
        @{ Why = 'one between of another authority'; Pem = { Get-Answer -By (New-Certificate Between $Stranger -IsAuthority -Days 800) }
            Says = '*does not come from the authority*' }
        @{ Why = 'one that has ended'; Pem = { Get-Answer -Days -1 }; Says = '*has ended*' }
        @{ Why = 'nothing'; Pem = { 'x' }; Says = '*no certificate in PEM*' }
        @{ Why = 'rubbish'; Pem = { "-----BEGIN CERTIFICATE-----`nMAMCAQE=`n-----END CERTIFICATE-----" }; Says = '*no certificate in PEM*' }
        @{ Why = 'Windows refuses it'; Pem = { $Machine.AcceptFails = $true; Get-Answer }; Says = 'certreq -accept ended with 0x80092004*' }
        @{ Why = 'it has no key'; Pem = { $Machine.WrongKey = $true; Get-Answer }; Says = '*did not prove itself*has no key*the old one stays' }
    ) {
        $Machine.Stores.Root, $Machine.Stores.CA = @($Root), @($Issuing)
        $old = New-Certificate lt $Issuing -Use $Client -Name $Device -Days 9
        $Machine.Stores.My = @($old)
        $null = Ask
        { Install (& $Pem) } | Should -Throw $Says
        $Machine.Stores.My.Thumbprint | Should -Contain $old.Thumbprint
        $Machine.Gone | Should -BeNullOrEmpty
        $Machine.Stores.Root.Count, $Machine.Stores.CA.Count | Should -Be 1, 1 -Because 'nothing of a stranger goes into a store'
    }

    It 'is refused where no key waits' {
        $Machine.Stores.Root, $Machine.Stores.CA = @($Root), @($Issuing)
        { Install (Get-Answer -Key (New-Certificate x).PublicKey) } | Should -Throw 'no key of this machine waits*'
    }

    It 'changes nothing in a preview' {
        $null = Ask
        $pem = Get-Answer
        $done = Install-LeeboardCertificate -Identity $Device -Certificate $pem -Authorities @($Root, $Issuing) -Use $Client -Check $true
        $done.Changed, $Machine.Stores.My.Count, $Machine.Stores.Root.Count | Should -Be $true, 0, 0
        Add-LeeboardTrust -Authorities @($Root, $Issuing) -Check $true | Should -BeTrue
        $Machine.Stores.CA.Count | Should -Be 0
        Add-LeeboardTrust -Authorities @($Root, $Issuing) | Should -BeTrue
        Add-LeeboardTrust -Authorities @($Root, $Issuing) | Should -BeFalse
    }

    It 'is a failure where Windows does not keep what it is given' {
        Mock Add-LeeboardStoredCertificate -ModuleName CertificateInstall { }
        { Add-LeeboardTrust -Authorities @($Root, $Issuing) } | Should -Throw '*does not have it in LocalMachine\Root'
    }

    It 'of a school''s own authority is chosen by issuer and purpose' {
        $Machine.Stores.Root, $Machine.Stores.CA = @($Root), @($Issuing)
        $good = New-Certificate lt $Issuing -Use $Client -Name $Device
        $Machine.Stores.My = @($good, (New-Certificate lt $Stranger -Use $Client -Name $Device), (New-Certificate lt $Issuing -Use $Server -Name $Device),
            (New-Certificate lt $Issuing -Name $Device), (New-Certificate other $Issuing -Use $Client -Name 'other.example'))
        $found = @(Get-LeeboardVpnCertificate -Identity $Device -Authorities @($Root, $Issuing) -Use $Client -OfSchool)
        $found.Count, $found[0].sha256, $found[0].wrong | Should -Be 1, (Get-LeeboardCertificateDigest $good), ''
    }

    It 'is of no use where its key could be exported, is another one, or does not sign' {
        $Machine.Stores.Root, $Machine.Stores.CA = @($Root), @($Issuing)
        $Machine.Stores.My = @(New-Certificate lt $Issuing -Use $Client -Name $Device)
        Mock Get-LeeboardPrivateKey -ModuleName CertificateInstall {
            [pscustomobject]@{ Key = [pscustomobject]@{ Provider = [pscustomobject]@{ Provider = 'P' }; ExportPolicy = 2 } }
        }
        (Read-All)[0].wrong, (Read-All)[0].provider | Should -Be "the key of $($Machine.Stores.My[0].Thumbprint) may be exported", 'P'
        Mock Get-LeeboardPrivateKey -ModuleName CertificateInstall { [Security.Cryptography.ECDsa]::Create() }
        (Read-All)[0].wrong | Should -BeLike '*is not the one in it'
        Mock Get-LeeboardPrivateKey -ModuleName CertificateInstall { throw 'the TPM is locked' }
        (Read-All)[0].wrong | Should -BeLike '*does not sign: the TPM is locked'
        Mock Get-LeeboardPrivateKey -ModuleName CertificateInstall { }
        (Read-All)[0].wrong | Should -BeLike '*neither of an elliptic curve nor RSA'
    }
}
