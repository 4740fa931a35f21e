# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.CertificateStore
#AnsibleRequires -PowerShell ..system.CertificateStoreChange
#AnsibleRequires -PowerShell .CertificateRequest
#AnsibleRequires -PowerShell .MachineCertificate

# A certificate that came back, put into LocalMachine\My with its key, and those of the authority: the root into
# LocalMachine\Root, the others into LocalMachine\CA. The old one goes, with its key, when the new one has proved itself:
# Windows has it with its key, the chain of both ends at the root, and its key signs what it verifies. Windows does not
# dial by itself, so a sign-in at the gateway is no part of that.

Set-StrictMode -Version 2.0

$script:Block = '-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----'
$script:Most = 20  # certificates in one text
$script:Store = 'My'
# CngExportPolicies: AllowExport and AllowPlaintextExport.
$script:Exportable = 3
# RFC 5280, 4.2.1.12: for servers, and for everything, which is also what none at all means. Leeboard's authority gives none
# of these.
$script:ForServers = '1.3.6.1.5.5.7.3.1', '2.5.29.37.0'

function ConvertFrom-LeeboardPem {
    <#
    .SYNOPSIS
    The certificates of PEM texts. Throws the problem refused for what is none.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Texts)

    $found = @([regex]::Matches([string]::Join("`n", $Texts), $script:Block) | ForEach-Object { $_.Value })
    if ($found.Length -gt $script:Most) {
        throw (New-LeeboardProblem -Code refused -Why "$($found.Length) certificates are more than $script:Most")
    }
    $type = 'System.Security.Cryptography.X509Certificates.X509Certificate2'
    foreach ($one in $found) {
        try {
            $raw = [System.Convert]::FromBase64String(($one -replace '-----[A-Z ]+-----' -replace '\s'))
            New-Object -TypeName $type -ArgumentList @(, $raw)
        } catch {
            throw (New-LeeboardProblem -Code refused -Why 'what came is no certificate in PEM')
        }
    }
}

function Get-LeeboardVpnCertificate {
    <#
    .SYNOPSIS
    The certificates of this machine for a name, as data: path, sha256, names, issuer, serial, usages, first and last
    (seconds since 1970), provider (where its key lies), and wrong, what keeps it from being of use.
    .PARAMETER Authorities
    Those of the authority, the root first and the issuing one last.
    .PARAMETER OfSchool
    Only those that the last authority has issued and that have this purpose.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Identity,
        [Parameter(Mandatory = $true)][object[]]$Authorities,
        [Parameter(Mandatory = $true)][string]$Use,
        [switch]$OfSchool
    )

    $root = Get-LeeboardCertificateDigest $Authorities[0]
    $issuer = [System.BitConverter]::ToString($Authorities[-1].SubjectName.RawData)
    foreach ($one in Get-Named $Identity) {
        if ($OfSchool) {
            $isTheirs = [System.BitConverter]::ToString($one.IssuerName.RawData) -eq $issuer
            if (-not $isTheirs -or @(Get-LeeboardCertificateUse $one) -cnotcontains $Use) { continue }
        }
        $wrong = Get-LeeboardCertificateFault -Certificate $one -Root $root -Use $Use
        $about = @{ Provider = ''; Fault = '' }
        if (-not $wrong) {
            $about = Test-Key $one
            $wrong = $about.Fault
        }
        [ordered]@{
            path = "LocalMachine\$script:Store\$($one.Thumbprint)"; sha256 = Get-LeeboardCertificateDigest $one
            names = [string[]]@(Get-LeeboardCertificateName $one); issuer = $one.Issuer; serial = $one.SerialNumber
            usages = [string[]]@(Get-LeeboardCertificateUse $one); first = Get-Second $one.NotBefore
            last = Get-Second $one.NotAfter; provider = $about.Provider; wrong = $wrong
        }
    }
}

function Test-LeeboardTrust {
    <#
    .SYNOPSIS
    Whether the certificates of the authority are all in their stores.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Authorities)

    return -not @(Get-Missing $Authorities).Length
}

function Add-LeeboardTrust {
    <#
    .SYNOPSIS
    Put the certificates of the authority into their stores; whether one was not there.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Authorities, [bool]$Check = $false)

    $missing = @(Get-Missing $Authorities)
    if ($Check -or -not $missing.Length) { return [bool]$missing.Length }
    foreach ($one in $missing) { Add-LeeboardStoredCertificate -Store $one.Store -Certificate $one.Certificate }
    Reset-LeeboardCache
    $left = @(Get-Missing $Authorities)
    if ($left.Length) {
        throw (New-LeeboardProblem -Code failed -Why "Windows took a certificate, but does not have it in LocalMachine\$($left[0].Store)")
    }
    return $true
}

function Install-LeeboardCertificate {
    <#
    .SYNOPSIS
    @{Changed; Remark}: check what the authority sent, put it into its place, prove it, and take the old ones away.
    Throws the problem refused for what is not for this machine's key and name, failed where it does not prove itself.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Identity,
        [Parameter(Mandatory = $true)][string]$Certificate,
        [Parameter(Mandatory = $true)][object[]]$Authorities,
        [Parameter(Mandatory = $true)][string]$Use,
        [bool]$Check = $false
    )

    $leaf, $between = ConvertFrom-LeeboardPem $Certificate
    if ($null -eq $leaf) { throw (New-LeeboardProblem -Code refused -Why 'what came is no certificate in PEM') }
    if (@(Get-LeeboardCertificateName $leaf) -cnotcontains $Identity) {
        throw (New-LeeboardProblem -Code refused -Why "the certificate that came is not for $Identity")
    }
    # The chain between it and the root comes with it; whatever is no part of that stays out.
    $known = @($Authorities | ForEach-Object { Get-LeeboardCertificateDigest $_ })
    $all = @($Authorities) + @($between | Where-Object {
            $null -ne $_ -and $known -notcontains (Get-LeeboardCertificateDigest $_) -and $_.Subject -ne $_.Issuer
        })
    $digest = Get-LeeboardCertificateDigest $leaf
    $root = Get-LeeboardCertificateDigest $Authorities[0]
    $isThere = [bool]@(Get-Named $Identity | Where-Object { (Get-LeeboardCertificateDigest $_) -eq $digest }).Length
    if (-not $isThere) { Assert-ForOurKey $leaf }
    # Before anything of it goes into a store.
    $fault = Get-LeeboardCertificateFault -Certificate $leaf -Root $root -Use $Use -WithoutKey -Beside $all
    if ($fault) { throw (New-LeeboardProblem -Code refused -Why $fault) }
    $changed = Add-LeeboardTrust -Authorities $all -Check $Check
    if ($Check) { return @{ Changed = $changed -or -not $isThere; Remark = '' } }
    if (-not $isThere) { Receive-LeeboardCertificate -Certificate $leaf }
    $new = @(Get-Named $Identity | Where-Object { (Get-LeeboardCertificateDigest $_) -eq $digest })
    if (-not $new.Length) { throw (New-LeeboardProblem -Code failed -Why 'Windows took the certificate, but does not have it') }
    $fault = Get-LeeboardCertificateFault -Certificate $new[0] -Root $root -Use $Use
    if (-not $fault) { $fault = (Test-Key $new[0]).Fault }
    if ($fault) {
        throw (New-LeeboardProblem -Code failed -Why "the new certificate did not prove itself ($fault): the old one stays")
    }
    if (-not $isThere) { Clear-LeeboardPending }
    $remark = Remove-Old $Identity $root $digest ([System.BitConverter]::ToString($leaf.GetPublicKey()))
    return @{ Changed = $changed -or -not $isThere; Remark = $remark }
}

# Those for a name, in the order of their ends.
function Get-Named {
    param([string]$Identity)

    Get-LeeboardStoredCertificate $script:Store | Where-Object { @(Get-LeeboardCertificateName $_) -ccontains $Identity } |
        Sort-Object -Property NotAfter
}

# @{Store; Certificate} of each that is not in its store: the root in Root, the others in CA.
function Get-Missing {
    param([object[]]$Authorities)

    foreach ($one in $Authorities) {
        $store = if ($one.Subject -eq $one.Issuer) { 'Root' } else { 'CA' }
        $there = @(Get-LeeboardStoredCertificate $store | Where-Object { $_.Thumbprint -eq $one.Thumbprint })
        if (-not $there.Length) { @{ Store = $store; Certificate = $one } }
    }
}

function Assert-ForOurKey {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $pending = Get-LeeboardPending
    if (-not $pending) {
        throw (New-LeeboardProblem -Code refused -Why 'no key of this machine waits for a certificate; ask for one first')
    }
    if ([System.BitConverter]::ToString($pending.Certificate.GetPublicKey()) -ne
        [System.BitConverter]::ToString($Certificate.GetPublicKey())) {
        throw (New-LeeboardProblem -Code refused -Why 'the certificate that came is not for the key that waits for one')
    }
}

# @{Provider; Fault}: that the key signs what its certificate verifies, and leaves the machine by no way.
function Test-Key {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $what = "the key of $($Certificate.Thumbprint)"
    try {
        $key = Get-LeeboardPrivateKey $Certificate
        if ($null -eq $key) { return @{ Provider = ''; Fault = "$what is neither of an elliptic curve nor RSA" } }
        $provider = ''
        if ($key.PSObject.Properties['Key']) {
            $provider = [string]$key.Key.Provider.Provider
            if ([int]$key.Key.ExportPolicy -band $script:Exportable) {
                return @{ Provider = $provider; Fault = "$what may be exported" }
            }
        }
        $data = [guid]::NewGuid().ToByteArray()
        $hash = [System.Security.Cryptography.HashAlgorithmName]::SHA256
        if ($key -is [System.Security.Cryptography.RSA]) {
            $padding = [System.Security.Cryptography.RSASignaturePadding]::Pkcs1
            $public = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPublicKey($Certificate)
            $isSo = $public.VerifyData($data, $key.SignData($data, $hash, $padding), $hash, $padding)
        } else {
            $public = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPublicKey($Certificate)
            $isSo = $public.VerifyData($data, $key.SignData($data, $hash), $hash)
        }
        $fault = ''
        if (-not $isSo) { $fault = "$what is not the one in it" }
        return @{ Provider = $provider; Fault = $fault }
    } catch {
        return @{ Provider = ''; Fault = "$what does not sign: $($_.Exception.GetBaseException().Message)" }
    }
}

# Seconds since 1970.
function Get-Second {
    param([datetime]$Time)

    $begin = New-Object -TypeName System.DateTime -ArgumentList 1970, 1, 1, 0, 0, 0, ([System.DateTimeKind]::Utc)
    return [long][System.Math]::Floor(($Time.ToUniversalTime() - $begin).TotalSeconds)
}

function Test-ForServer {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $uses = @(Get-LeeboardCertificateUse $Certificate)
    return -not $uses.Length -or [bool]@($uses | Where-Object { $script:ForServers -ccontains $_ }).Length
}

# What a person must know of old certificates that could not be taken away.
function Remove-Old {
    param([string]$Identity, [string]$Root, [string]$New, [string]$NewKey)

    $left = @()
    foreach ($one in @(Get-Named $Identity)) {
        # One of another authority for the same name is not ours to take away.
        if ((Get-LeeboardCertificateDigest $one) -eq $New -or -not (Test-LeeboardFromRoot $one $Root)) { continue }
        # Nor one that is for servers: WinRM, by which we come, or Remote Desktop may answer with it.
        if (Test-ForServer $one) { continue }
        try {
            $isShared = [System.BitConverter]::ToString($one.GetPublicKey()) -eq $NewKey
            Remove-LeeboardStoredCertificate -Store $script:Store -Certificate $one -KeepKey $isShared
        } catch {
            $left += "$($one.Thumbprint): $((ConvertTo-LeeboardProblem $_).Why)"
        }
    }
    Reset-LeeboardCache
    if (-not $left.Length) { return '' }
    return "an old certificate could not be taken away ($([string]::Join('; ', [string[]]$left)))"
}

Export-ModuleMember -Function ConvertFrom-LeeboardPem, Get-LeeboardVpnCertificate, Test-LeeboardTrust, Add-LeeboardTrust,
    Install-LeeboardCertificate
