# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..system.CertificateStore

# The certificates with which this machine proves itself to a VPN's gateway: which of them come from an authority, and
# what keeps one from being of use. Nothing of a key is read. Revocation is the gateway's to look at.

Set-StrictMode -Version 2.0

$script:ExtendedUse, $script:BasicConstraints, $script:Names = '2.5.29.37', '2.5.29.19', '2.5.29.17'

function Find-LeeboardRoot {
    <#
    .SYNOPSIS
    The certificate with this SHA-256 among the roots that the machine trusts; nothing where there is none.
    #>
    param([Parameter(Mandatory = $true)][string]$Digest)

    Get-LeeboardStoredCertificate Root | Where-Object { (Get-LeeboardCertificateDigest $_) -eq $Digest } |
        Select-Object -First 1
}

function Get-LeeboardCertificateUse {
    <#
    .SYNOPSIS
    The purposes of a certificate, as numbers with dots; none where it is for everything.
    #>
    param([Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $Certificate.Extensions | Where-Object { $_.Oid.Value -eq $script:ExtendedUse } |
        ForEach-Object { $_.EnhancedKeyUsages } | ForEach-Object { $_.Value }
}

function Get-LeeboardCertificateName {
    <#
    .SYNOPSIS
    The DNS names that a certificate is for, in small letters. Read from its bytes: what Windows makes of them is
    translated.
    #>
    param([Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    foreach ($extension in @($Certificate.Extensions | Where-Object { $_.Oid.Value -eq $script:Names })) {
        $raw = $extension.RawData
        $at = (Read-Length $raw 1).At
        while ($at -lt $raw.Length) {
            $part = Read-Length $raw ($at + 1)
            # RFC 5280, 4.2.1.6: dNSName is the third choice.
            if ($raw[$at] -eq 0x82) {
                [System.Text.Encoding]::ASCII.GetString($raw, $part.At, $part.Length).ToLowerInvariant()
            }
            $at = $part.At + $part.Length
        }
    }
}

# @{At; Length} of what a length in DER is followed by.
function Read-Length {
    param([byte[]]$Raw, [int]$At)

    $length = [int]$Raw[$At]
    $At += 1
    if ($length -lt 128) { return @{ At = $At; Length = $length } }
    $count = $length - 128
    $length = 0
    for ($end = $At + $count; $At -lt $end; $At++) { $length = 256 * $length + $Raw[$At] }
    return @{ At = $At; Length = $length }
}

function Get-LeeboardCertificateFault {
    <#
    .SYNOPSIS
    What keeps a certificate of this machine from proving anything to a gateway now; empty for nothing.
    .PARAMETER Root
    The SHA-256 of the root that it has to come from, in hex.
    .PARAMETER Use
    The purpose that it has to have.
    .PARAMETER WithoutKey
    Not to ask for its key: that of a certificate that has just come is in no store with it.
    .PARAMETER Beside
    Certificates of authorities that may stand in the chain and are in no store yet.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate,
        [Parameter(Mandatory = $true)][string]$Root,
        [Parameter(Mandatory = $true)][string]$Use,
        [switch]$WithoutKey,
        [object[]]$Beside = @()
    )

    $what = "the certificate $($Certificate.Thumbprint)"
    $now = Get-LeeboardNow
    if ($Certificate.NotAfter.ToUniversalTime() -lt $now) { return "$what has ended" }
    if ($Certificate.NotBefore.ToUniversalTime() -gt $now) { return "$what does not hold yet; look at this machine's clock" }
    $isAuthority = @($Certificate.Extensions | Where-Object {
            $_.Oid.Value -eq $script:BasicConstraints -and $_.CertificateAuthority
        }).Length
    if ($isAuthority) { return "$what is an authority's, not a machine's" }
    $uses = @(Get-LeeboardCertificateUse $Certificate)
    if ($uses.Length -and $uses -cnotcontains $Use) { return "$what is not for $Use" }
    if (-not $WithoutKey -and -not $Certificate.HasPrivateKey) { return "$what has no key on this machine" }
    if ((Get-ChainEnd $Certificate '' $Beside) -ne $Root) { return "$what does not come from the authority $($Root.Substring(0, 16))..." }
    return ''
}

function Test-LeeboardFromRoot {
    <#
    .SYNOPSIS
    Whether a certificate comes from a root, also one that has ended.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate,
        [Parameter(Mandatory = $true)][string]$Root
    )

    return (Get-ChainEnd $Certificate ', IgnoreNotTimeValid') -eq $Root
}

# The SHA-256 of the certificate at which a chain ends whose signatures and times are right; empty where they are not.
function Get-ChainEnd {
    param(
        [System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate,
        [string]$MoreFlags = '',
        [object[]]$Beside = @()
    )

    $chain = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Chain -ArgumentList $true
    try {
        $policy = $chain.ChainPolicy
        $policy.RevocationMode = 'NoCheck'
        # Which authority it is, is told by its digest and not by whether the machine trusts it in general.
        $policy.VerificationFlags = "AllowUnknownCertificateAuthority$MoreFlags"
        $policy.VerificationTime = (Get-LeeboardNow).ToLocalTime()
        foreach ($one in @(Get-LeeboardStoredCertificate CA) + @(Get-LeeboardStoredCertificate Root) + $Beside) {
            if ($null -ne $one) { [void]$policy.ExtraStore.Add($one) }
        }
        if (-not $chain.Build($Certificate)) { return '' }
        $elements = @($chain.ChainElements)
        return Get-LeeboardCertificateDigest $elements[$elements.Length - 1].Certificate
    } finally {
        $chain.Reset()
    }
}

function Get-LeeboardNoCertificate {
    <#
    .SYNOPSIS
    Why the machine could not prove itself to a gateway of this authority now; empty where it could.
    #>
    param([Parameter(Mandatory = $true)][string]$Root, [Parameter(Mandatory = $true)][string]$Use)

    $why = 'LocalMachine\My has no certificate'
    foreach ($one in @(Get-LeeboardStoredCertificate My)) {
        $fault = Get-LeeboardCertificateFault -Certificate $one -Root $Root -Use $Use
        if (-not $fault) { return '' }
        $why = $fault
    }
    return $why
}

Export-ModuleMember -Function Find-LeeboardRoot, Get-LeeboardCertificateUse, Get-LeeboardCertificateName,
    Get-LeeboardCertificateFault, Test-LeeboardFromRoot, Get-LeeboardNoCertificate
