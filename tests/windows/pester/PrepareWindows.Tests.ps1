# platforms: linux
# scripts/prepare-windows.ps1: what it computes, and its steps on a Windows that is made of the functions below. No
# Windows has run it yet: see docs/windows.md.

BeforeAll {
    $env:COMPUTERNAME = 'PC-01'
    . (Join-Path $PSScriptRoot '../../../scripts/prepare-windows.ps1')

    # A Windows: what the script reads and changes, each as the cmdlet's page in MicrosoftDocs describes it.
    function Get-RegistryValue { param($Key, $Name) $Windows.registry["$Key|$Name"] }
    function Set-RegistryValue { param($Key, $Name, $Value) $Windows.registry["$Key|$Name"] = $Value }
    function Remove-Item {
        param($LiteralPath, [switch]$DeleteKey)
        $Windows.removed += $LiteralPath
        foreach ($key in @($Windows.registry.Keys) -like "$LiteralPath|*") { $Windows.registry.Remove($key) }
    }
    function Test-Path { param($LiteralPath) $true }
    function Get-Service { param($Name) [pscustomobject]@{ StartType = $Windows.start; Status = $Windows.status } }
    function Set-Service { param($Name, $StartupType) $Windows.start = $StartupType }
    function Start-Service { param($Name) $Windows.status = 'Running' }
    function Stop-Service { param($Name, [switch]$Force) $Windows.status = 'Stopped' }
    function Get-WinRMSetting {
        param($Name)
        [pscustomobject]@{ Value = "$($Windows.settings[$Name])".ToLower(); SourceOfValue = $Windows.source }
    }
    function Set-Item {
        param($LiteralPath, $Value, [switch]$Force)
        $Windows.settings[$LiteralPath -replace '^WSMan:\\localhost\\Service\\'] = $Value
    }
    function Get-WSManInstance { param($ResourceURI, [switch]$Enumerate) $Windows.listeners }
    function New-WSManInstance {
        param($ResourceURI, $SelectorSet, $ValueSet)
        $Windows.listeners += [pscustomobject]($SelectorSet + $ValueSet)
    }
    function Set-WSManInstance {
        param($ResourceURI, $SelectorSet, $ValueSet)
        foreach ($name in $ValueSet.Keys) { $Windows.listeners[0].$name = $ValueSet[$name] }
    }
    function Remove-WSManInstance { param($ResourceURI, $SelectorSet) $Windows.listeners = @() }
    function Get-ChildItem { param($Path) $Windows.certificates }
    function New-SelfSignedCertificate {
        param($Subject, $FriendlyName, $TextExtension, $CertStoreLocation, $Provider, $KeyAlgorithm, $KeyLength,
            $HashAlgorithm, $KeyExportPolicy, $NotAfter)
        $made = New-Certificate_ "MADE$($Windows.certificates.Count)" -Issuer $Subject
        $Windows.certificates += $made
        $Windows.extension = $TextExtension
        return $made
    }
    function Export-Certificate { param($Cert, $FilePath, $Type, [switch]$Force) $Windows.exported = $FilePath }
    function Get-NetFirewallRule {
        param($Name, $PolicyStore, $ErrorAction)
        if ($Name) { $Windows.rule } else { $input | ForEach-Object { $_.rule } }
    }
    function Get-NetFirewallAddressFilter {
        $input | ForEach-Object { [pscustomobject]@{ RemoteAddress = $_.Addresses } }
    }
    function New-NetFirewallRule {
        param($Name, $DisplayName, $Description, $Direction, $Action, $Protocol, $LocalPort, $RemoteAddress, $Profile)
        $Windows.rule = [pscustomobject]@{
            Enabled = 'True'; Profile = $Profile -replace ',', ', '; Addresses = $RemoteAddress
        }
        $Windows.rulesMade += 1
    }
    function Remove-NetFirewallRule { param($Name) $Windows.rule = $null }
    function Get-NetFirewallPortFilter { param($PolicyStore, $Protocol) $Windows.others }
    function Get-UserRight { param($Name) if ($Windows.denied -eq 'unknown') { throw 'no such file' }; $Windows.denied }
    function Get-NetFirewallProfile { param($PolicyStore) $Windows.profiles }

    function New-Certificate_ {
        param($Thumbprint, $Issuer = 'CN=School CA', $Days = 300, $Purpose = '1.3.6.1.5.5.7.3.1', $Key = $true)
        $made = [pscustomobject]@{
            Thumbprint = $Thumbprint; Issuer = $Issuer; Subject = 'CN=PC-01'; HasPrivateKey = $Key
            NotBefore = (Get-Date).AddDays(-10); NotAfter = (Get-Date).AddDays($Days); RawData = [byte[]](1, 2, 3)
            EnhancedKeyUsageList = @(if ($Purpose) { [pscustomobject]@{ ObjectId = $Purpose } })
        }
        $made | Add-Member -MemberType ScriptMethod -Name GetNameInfo -Value { 'PC-01' }
        return $made
    }

    $script:State = 'HKLM:\SOFTWARE\Leeboard\Preparation'
}

Describe 'prepare-windows.ps1' {
    BeforeEach {
        $script:Failures = 0
        $Windows = @{
            registry = @{}; start = 'Manual'; status = 'Stopped'; source = ''; listeners = @(); certificates = @()
            rule = $null; rulesMade = 0; others = @(); profiles = @(); removed = @(); exported = ''; extension = ''; denied = @('*S-1-5-32-546')
            settings = [ordered]@{
                'AllowUnencrypted' = $false; 'Auth\Basic' = $true; 'Auth\Kerberos' = $true; 'Auth\Negotiate' = $true
                'Auth\Certificate' = $false
            }
        }
        $Controller = '192.0.2.10, 198.51.100.0/24'
    }

    Context 'what it computes' {
        It 'writes <text> as the firewall does: <wanted>' -ForEach @(
            @{ text = '192.0.2.10'; wanted = '192.0.2.10' }
            @{ text = '192.0.2.10/32'; wanted = '192.0.2.10' }
            @{ text = '192.0.2.0/24'; wanted = '192.0.2.0/255.255.255.0' }
            @{ text = '10.8.0.0/13'; wanted = '10.8.0.0/255.248.0.0' }
            @{ text = '192.0.2.0/255.255.255.0'; wanted = '192.0.2.0/255.255.255.0' }
            @{ text = '192.0.2.10-192.0.2.12'; wanted = '192.0.2.10-192.0.2.12' }
            @{ text = '2001:db8::5'; wanted = '2001:db8::5' }
            @{ text = '2001:db8::/64'; wanted = '2001:db8::/64' }
            @{ text = 'Any'; wanted = $null }
            @{ text = '0.0.0.0/0'; wanted = $null }
            @{ text = '10'; wanted = $null }
            @{ text = '192.0.2.10/33'; wanted = $null }
            @{ text = '192.0.2.10-12'; wanted = $null }
            @{ text = '192.0.2.10-2001:db8::5'; wanted = $null }
            @{ text = 'controller.example.org'; wanted = $null }
        ) {
            ConvertTo-FirewallAddress $text | Should -Be $wanted
        }

        It 'puts names and addresses into a certificate once' {
            ConvertTo-AlternativeName 'PC-01', 'pc-01', '', 'PC-01.school.example', '192.0.2.7' |
                Should -Be 'DNS=pc-01&DNS=pc-01.school.example&IPAddress=192.0.2.7'
        }

        It 'refuses a name that would add something else to the certificate' {
            { ConvertTo-AlternativeName 'pc-01&UPN=somebody' } | Should -Throw '*neither the name*nothing was changed'
        }

        It 'takes the newest certificate that a server can use' {
            $all = (New-Certificate_ OLD -Days 30), (New-Certificate_ NEW), (New-Certificate_ ENDED -Days -1),
                (New-Certificate_ CLIENT -Days 900 -Purpose 1.3.6.1.5.5.7.3.2), (New-Certificate_ OTHER CN=Other 900),
                (New-Certificate_ KEYLESS -Days 900 -Key $false)
            (Select-ServerCertificate $all 'school ca').Thumbprint | Should -Be 'NEW'
            Select-ServerCertificate $all 'nobody' | Should -Be $null
        }

        It 'prints a fingerprint as openssl does' {
            ConvertTo-Fingerprint ([byte[]](1, 2, 3)) | Should -Match '^03:90:58:C6:F2:C0:CB:49(:[0-9A-F]{2}){24}$'
        }
    }

    Context 'a run' {
        It 'prepares a device' {
            $said = Invoke-Preparation
            "$($Windows.start) $($Windows.status)" | Should -Be 'Automatic Running'
            $Windows.settings['Auth\Basic'] | Should -Be $false
            $Windows.settings['Auth\Certificate'] | Should -Be $false
            $Windows.extension | Should -BeLike '2.5.29.17={text}DNS=pc-01*'
            $Windows.listeners[0].CertificateThumbprint | Should -Be 'MADE0'
            "$($Windows.listeners[0].Port) $($Windows.listeners[0].Hostname)" | Should -Be '5986 PC-01'
            $Windows.rule.Addresses | Should -Be '192.0.2.10', '198.51.100.0/255.255.255.0'
            $Windows.rule.Profile | Should -Be 'Domain, Private'
            $Windows.registry.Keys -like '*LocalAccountTokenFilterPolicy' | Should -Be $null
            $said -join "`n" | Should -Match 'SHA-256 fingerprint: 03:90'
            $Failures | Should -Be 0
        }

        It 'changes nothing the second time' {
            [void](Invoke-Preparation)
            $said = Invoke-Preparation
            $said -like 'done:*' | Should -Be $null
            $Windows.rulesMade | Should -Be 1
            $Windows.certificates.Count | Should -Be 1
        }

        It 'changes nothing with -WhatIf' {
            $WhatIfPreference = $true
            $Windows.status = 'Running'
            $before = ConvertTo-Json $Windows -Depth 3
            [void](Invoke-Preparation)
            $WhatIfPreference = $false
            ConvertTo-Json $Windows -Depth 3 | Should -Be $before
        }

        It 'refuses before it changes anything: <words>' -ForEach @(
            @{ given = @(); words = '*give -Controller*' }
            @{ given = 'Any'; words = '*no address*nothing was changed' }
            @{ given = '192.0.2.10'; policy = 0; words = '*Change that policy first; nothing was changed' }
        ) {
            $Windows.registry['HKLM:\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service|AllowAutoConfig'] = $_['policy']
            $Controller = $given
            { Invoke-Preparation } | Should -Throw $words
            $Windows.status | Should -Be 'Stopped'
        }

        It 'says when a group policy holds a setting, and goes on' {
            $Windows.source = 'GPO'
            $said = Invoke-Preparation
            $said -like 'FAILED:*' | Should -BeLike '*WinRM Auth\Basic = False: a group policy says otherwise*'
            $Failures | Should -Be 1
            $Windows.rulesMade | Should -Be 1
        }

        It 'uses the certificate of an authority, and its successor after a renewal' {
            $Issuer = 'CN=School CA'
            { Invoke-Preparation } | Should -Throw "*has no certificate 'CN=School CA'*"
            $Windows.certificates = @(New-Certificate_ FIRST -Days 30)
            [void](Invoke-Preparation)
            $Windows.certificates += New-Certificate_ SECOND
            [void](Invoke-Preparation)
            $Windows.listeners.CertificateThumbprint | Should -Be 'SECOND'
        }

        It 'makes the rule anew when somebody has changed it' {
            [void](Invoke-Preparation)
            $Windows.rule.Addresses = 'Any'
            [void](Invoke-Preparation)
            $Windows.rule.Addresses | Should -Be '192.0.2.10', '198.51.100.0/255.255.255.0'
        }

        It 'warns where local accounts are kept off the network: <Denied>' -ForEach @(
            @{ Denied = '*S-1-5-113', '*S-1-5-32-546'; Words = '*CIS 2.2.16*account of the domain*' }
            @{ Denied = @('*S-1-5-114'); Words = '*CIS 2.2.16*account of the domain*' }
            @{ Denied = 'unknown'; Words = '*could not be read: no such file' }
            @{ Denied = @('*S-1-5-32-546'); Words = $null }
        ) {
            $Windows.denied = $Denied
            $said = @(Invoke-Preparation 3>&1 | Where-Object { "$_" -match 'from the network' })
            if ($Words) { "$said" | Should -BeLike $Words } else { $said | Should -BeNullOrEmpty }
        }

        It 'warns of what lets others in' {
            $open = [pscustomobject]@{
                Enabled = 'True'; Direction = 'Inbound'; Action = 'Allow'; Addresses = 'Any'; DisplayName = 'Theirs'
            }
            $Windows.others = @([pscustomobject]@{ LocalPort = '5986'; rule = $open })
            $Windows.profiles = @(
                [pscustomobject]@{ Name = 'Private'; Enabled = 'False'; AllowLocalFirewallRules = 'True' }
                [pscustomobject]@{ Name = 'Domain'; Enabled = 'True'; AllowLocalFirewallRules = 'False' }
            )
            $said = Invoke-Preparation 3>&1
            $said -like "*'Theirs' lets anybody in*" | Should -HaveCount 1
            $said -like '*firewall is off on Private networks*' | Should -HaveCount 1
            $said -like '*no rule made here count on Domain networks*' | Should -HaveCount 1
        }

        It 'opens the network to local administrators only where it is asked to' {
            $AllowLocalAdministrators = $true
            [void](Invoke-Preparation)
            $Windows.registry.Keys -like '*LocalAccountTokenFilterPolicy' | Should -HaveCount 1
        }
    }

    Context '-Undo' {
        It 'has nothing to do where nothing was done' {
            Invoke-Restoration | Should -BeLike '*nothing to put back*'
        }

        It 'puts everything back' {
            $AllowLocalAdministrators = $AllowCertificates = $true
            $before = ConvertTo-Json $Windows.settings
            [void](Invoke-Preparation)
            [void](Invoke-Restoration)
            "$($Windows.start) $($Windows.status)" | Should -Be 'Manual Stopped'
            ConvertTo-Json $Windows.settings | Should -Be $before
            $Windows.listeners | Should -Be $null
            $Windows.rule | Should -Be $null
            $Windows.removed | Should -Be 'Cert:\LocalMachine\My\MADE0', $State
            $Windows.registry.Values | Where-Object { $null -ne $_ } | Should -Be $null
        }

        It 'gives a listener that was there its old certificate' {
            $Windows.listeners = @([pscustomobject]@{
                    Transport = 'HTTPS'; Address = '*'; Port = '443'; Hostname = 'PC'; CertificateThumbprint = 'THEIRS'
                })
            [void](Invoke-Preparation)
            $Windows.listeners[0].CertificateThumbprint | Should -Be 'MADE0'
            [void](Invoke-Restoration)
            $listener = $Windows.listeners[0]
            "$($listener.CertificateThumbprint) $($listener.Port) $($listener.Hostname)" | Should -Be 'THEIRS 443 PC'
        }
    }
}
