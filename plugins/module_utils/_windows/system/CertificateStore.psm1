# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading

# The certificates in the stores of the machine. Nothing of a key leaves it.

Set-StrictMode -Version 2.0

function Get-LeeboardStoredCertificate {
    <#
    .SYNOPSIS
    The certificates of a store of the machine, read once a visit; none where there is no such store.
    #>
    param([Parameter(Mandatory = $true)][string]$Store)

    $kept = Get-LeeboardOnce -Name "certificates in $Store" -Read {
        $type = 'System.Security.Cryptography.X509Certificates.X509Store'
        $open = New-Object -TypeName $type -ArgumentList $Store, 'LocalMachine'
        try {
            $open.Open('ReadOnly, OpenExistingOnly')
            @{ All = [object[]]@($open.Certificates) }
        } catch [System.Security.Cryptography.CryptographicException] {
            # 0x80070002: there is none of that name. 0x80070005: access is denied.
            $number = '{0:x8}' -f $_.Exception.HResult
            if ($number -eq '80070002') { return @{ All = [object[]]@() } }
            $code = if ($number -eq '80070005') { Get-LeeboardDenial } else { 'failed' }
            $why = "the certificates in LocalMachine\$Store could not be read: $($_.Exception.Message)"
            throw (New-LeeboardProblem -Code $code -Why $why)
        } finally {
            $open.Close()
        }
    }
    return $kept.All
}

function Get-LeeboardCertificateDigest {
    <#
    .SYNOPSIS
    The SHA-256 of a certificate, in hex.
    #>
    param([Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $sha = [System.Security.Cryptography.SHA256]::Create()
    try { return ConvertTo-LeeboardHex $sha.ComputeHash($Certificate.RawData) } finally { $sha.Dispose() }
}

Export-ModuleMember -Function Get-LeeboardStoredCertificate, Get-LeeboardCertificateDigest
