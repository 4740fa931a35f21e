# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading

# Certificates put into the stores of the machine, and taken out of them, and what their keys are used by. Nothing of a key
# leaves its store.

Set-StrictMode -Version 2.0

function Add-LeeboardStoredCertificate {
    <#
    .SYNOPSIS
    Put a certificate into a store of the machine, without a key.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Store,
        [Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate
    )

    Use-Store $Store { param($open) $open.Add($Certificate) }
}

function Remove-LeeboardStoredCertificate {
    <#
    .SYNOPSIS
    Take a certificate out of a store of the machine, and then its key: a store that lets go of a certificate keeps the
    key.
    .PARAMETER KeepKey
    For a key that another certificate has as well.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Store,
        [Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate,
        [bool]$KeepKey = $false
    )

    $key = $null
    if ($Certificate.HasPrivateKey -and -not $KeepKey) { $key = Get-LeeboardPrivateKey $Certificate }
    Use-Store $Store { param($open) $open.Remove($Certificate) }
    if ($null -ne $key -and $key.PSObject.Properties['Key']) { $key.Key.Delete() }
}

function Get-LeeboardPrivateKey {
    <#
    .SYNOPSIS
    The key of a certificate as .NET uses it: of an elliptic curve, or RSA; nothing for another one. Nothing of it is
    exported.
    #>
    param([Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($Certificate)
    if ($null -ne $key) { return $key }
    return [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($Certificate)
}

function Use-Store {
    param([string]$Store, [scriptblock]$Work)

    $type = 'System.Security.Cryptography.X509Certificates.X509Store'
    $open = New-Object -TypeName $type -ArgumentList $Store, 'LocalMachine'
    try {
        $open.Open('ReadWrite, OpenExistingOnly')
        & $Work $open
    } catch [System.Security.Cryptography.CryptographicException] {
        $number = '{0:x8}' -f $_.Exception.HResult
        $code = if ($number -eq '80070005') { Get-LeeboardDenial } else { 'failed' }
        $why = "LocalMachine\$Store could not be changed: $($_.Exception.Message)"
        throw (New-LeeboardProblem -Code $code -Why $why)
    } finally {
        $open.Close()
    }
}

Export-ModuleMember -Function Add-LeeboardStoredCertificate, Remove-LeeboardStoredCertificate, Get-LeeboardPrivateKey
