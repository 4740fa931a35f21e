# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.PrivateFolder
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.CertificateStore
#AnsibleRequires -PowerShell ..system.CertificateStoreChange

# The key of a new certificate and the request for it, made by certreq of Windows. The key is made where it stays: in the
# TPM's provider where that makes one, else in Windows's own, never exportable. Windows keeps it with a stand-in for the
# certificate in the machine's store REQUEST, until the certificate comes.
#
# https://learn.microsoft.com/windows-server/administration/windows-commands/certreq_1 has the form of the file that
# certreq is given. What is asked for says the machine's name alone: the authority ignores all else in a request.

Set-StrictMode -Version 2.0

$script:Folder = 'vpn'
$script:Waiting = 'REQUEST'  # the store "Certificate Enrollment Requests"
$script:Providers = 'Microsoft Platform Crypto Provider', 'Microsoft Software Key Storage Provider'
$script:Curves = @{ 'P-256' = @{ Key = 'ECDSA_P256'; Bits = 256; Hash = 'SHA256' }
    'P-384' = @{ Key = 'ECDSA_P384'; Bits = 384; Hash = 'SHA384' } }
$script:Grammar = '\A(?=.{1,253}\z)[a-z0-9](?:[a-z0-9-]{0,62}\.)+[a-z0-9-]{0,62}[a-z0-9]\z'
$script:Begin = '-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----'

function Get-LeeboardRequest {
    <#
    .SYNOPSIS
    @{Changed; Request; Remark}: the request in PEM. One that nobody has answered yet is given again, for the same key.
    .PARAMETER Curves
    The kinds of key that will do, the best first.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Identity,
        [Parameter(Mandatory = $true)][string[]]$Curves,
        [Parameter(Mandatory = $true)][string]$Use,
        [bool]$Check = $false
    )

    if ($Identity -cnotmatch $script:Grammar) {
        throw (New-LeeboardProblem -Code refused -Why "'$Identity' is no name such as lt-014.example.sch.uk")
    }
    foreach ($curve in $Curves) {
        if (-not $script:Curves.ContainsKey($curve)) {
            throw (New-LeeboardProblem -Code refused -Why "'$curve' is no curve that is known here")
        }
    }
    $pending = Get-LeeboardPending
    if ($pending -and $pending.Identity -ceq $Identity -and $Curves -ccontains $pending.Curve) {
        return @{ Changed = $false; Request = $pending.Request; Remark = '' }
    }
    if ($Check) { return @{ Changed = $true; Request = ''; Remark = '' } }
    [void](Protect-LeeboardDataFolder $script:Folder)
    Clear-LeeboardPending
    return New-Request $Identity $Curves $Use
}

function Get-LeeboardPending {
    <#
    .SYNOPSIS
    @{Identity; Curve; Request; Certificate}: the request that waits for its certificate, Certificate being what stands
    for it in the store. Nothing where none waits, or its key is gone.
    #>
    $about = Get-Path 'about'
    if (-not [System.IO.File]::Exists($about)) { return }
    Assert-LeeboardFolder (Get-LeeboardDataFolder $script:Folder)
    $identity, $curve, $thumbprint = [System.IO.File]::ReadAllLines($about)
    $waits = @(Get-LeeboardStoredCertificate $script:Waiting | Where-Object {
            $_.Thumbprint -eq $thumbprint -and $_.HasPrivateKey
        })
    if (-not $waits.Length -or -not [System.IO.File]::Exists((Get-Path 'request.req'))) { return }
    $text = [System.IO.File]::ReadAllText((Get-Path 'request.req'))
    return @{ Identity = $identity; Curve = $curve; Request = $text; Certificate = $waits[0] }
}

function Clear-LeeboardPending {
    <#
    .SYNOPSIS
    Forget the request that waits; a key that nobody will ever have a certificate for goes with it.
    #>
    $pending = Get-LeeboardPending
    foreach ($name in 'about', 'request.req', 'request.inf', 'answer.cer') {
        $path = Get-Path $name
        if ([System.IO.File]::Exists($path)) { [System.IO.File]::Delete($path) }
    }
    if ($pending) {
        # Whatever Windows leaves in the store: a key that has its certificate is never taken away from here.
        $key = [System.BitConverter]::ToString($pending.Certificate.GetPublicKey())
        $isUsed = [bool]@(Get-LeeboardStoredCertificate My | Where-Object {
                [System.BitConverter]::ToString($_.GetPublicKey()) -eq $key
            }).Length
        Remove-LeeboardStoredCertificate -Store $script:Waiting -Certificate $pending.Certificate -KeepKey $isUsed
        Reset-LeeboardCache
    }
}

function Receive-LeeboardCertificate {
    <#
    .SYNOPSIS
    Have Windows put a certificate together with the key that waits for it, in LocalMachine\My.
    #>
    param([Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $path = Get-Path 'answer.cer'
    Write-Text $path (ConvertTo-LeeboardPem $Certificate)
    $done = Invoke-LeeboardProgram -Path 'certreq.exe' -Arguments '-accept', '-q', '-machine', $path
    Reset-LeeboardCache
    if ($done.ExitCode) {
        throw (New-LeeboardProblem -Code failed -Why (
                "certreq -accept ended with $(Format-Status $done): Windows did not take the certificate for its key"))
    }
}

function ConvertTo-LeeboardPem {
    <#
    .SYNOPSIS
    A certificate in PEM.
    #>
    param([Parameter(Mandatory = $true)][System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $body = [System.Convert]::ToBase64String($Certificate.RawData, 'InsertLineBreaks').Replace("`r`n", "`n")
    return "-----BEGIN CERTIFICATE-----`n$body`n-----END CERTIFICATE-----`n"
}

# The TPM's provider with each curve first, since what it makes leaves the machine by no way at all.
function New-Request {
    param([string]$Identity, [string[]]$Curves, [string]$Use)

    $failed = @()
    foreach ($provider in $script:Providers) {
        foreach ($curve in $Curves) {
            $before = @(Get-LeeboardStoredCertificate $script:Waiting | ForEach-Object { $_.Thumbprint })
            Write-Text (Get-Path 'request.inf') (Get-LeeboardInf $Identity $curve $provider $Use)
            $arguments = '-new', '-q', '-f', (Get-Path 'request.inf'), (Get-Path 'request.req')
            $done = Invoke-LeeboardProgram -Path 'certreq.exe' -Arguments $arguments -TimeoutSeconds 120
            Reset-LeeboardCache
            if ($done.ExitCode) {
                $failed += "$provider with $curve`: $(Format-Status $done)"
                continue
            }
            $new = @(Get-LeeboardStoredCertificate $script:Waiting | Where-Object {
                    $before -notcontains $_.Thumbprint -and $_.HasPrivateKey
                })
            if ($new.Length -ne 1) {
                throw (New-LeeboardProblem -Code failed -Why (
                        "certreq made a request, and LocalMachine\$script:Waiting has $($new.Length) new keys and not one"))
            }
            $text = [System.IO.File]::ReadAllText((Get-Path 'request.req'))
            if ($text -cnotmatch $script:Begin) {
                throw (New-LeeboardProblem -Code malformed -Why 'what certreq wrote is no request')
            }
            # Last, so that one that was broken off is not taken for whole.
            Write-Text (Get-Path 'about') "$Identity`r`n$curve`r`n$($new[0].Thumbprint)`r`n"
            $remark = ''
            if ($failed.Length) {
                $remark = "the key lies in $provider, with $curve, since there was none otherwise " +
                    "($([string]::Join('; ', [string[]]$failed)))"
            }
            return @{ Changed = $true; Request = $text; Remark = $remark }
        }
    }
    throw (New-LeeboardProblem -Code failed -Why "certreq made no key: $([string]::Join('; ', [string[]]$failed))")
}

function Get-LeeboardInf {
    <#
    .SYNOPSIS
    The text of the file from which certreq makes key and request.
    #>
    param([string]$Identity, [string]$Curve, [string]$Provider, [string]$Use)

    $kind = $script:Curves[$Curve]
    # RFC 5280: a common name has 64 characters at most. The name that counts is the alternative one.
    $common = $Identity.Substring(0, [System.Math]::Min(64, $Identity.Length))
    return [string]::Join("`r`n", [string[]]@(
            '[Version]', 'Signature="$Windows NT$"', '', '[NewRequest]', "Subject = `"CN=$common`"", 'RequestType = PKCS10',
            'MachineKeySet = TRUE', "ProviderName = `"$Provider`"", "KeyAlgorithm = $($kind.Key)", "KeyLength = $($kind.Bits)",
            "HashAlgorithm = $($kind.Hash)", 'Exportable = FALSE', 'UserProtected = FALSE', 'UseExistingKeySet = FALSE',
            'Silent = TRUE', 'SMIME = FALSE', 'KeyUsage = 0x80', '', '[Extensions]', '2.5.29.17 = "{text}"',
            "_continue_ = `"DNS=$Identity`"", "2.5.29.37 = `"{text}$Use`"", ''))
}

function Get-Path {
    param([string]$Name)

    return [System.IO.Path]::Combine((Get-LeeboardDataFolder $script:Folder), $Name)
}

# A file that is whole or is not there.
function Write-Text {
    param([string]$Path, [string]$Text)

    $bytes = [System.Text.Encoding]::ASCII.GetBytes($Text)
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList "$Path.new", 'Create', 'Write', 'None'
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
    if ([System.IO.File]::Exists($Path)) { [System.IO.File]::Delete($Path) }
    [System.IO.File]::Move("$Path.new", $Path)
}

# Of a program whose words are translated, the number alone.
function Format-Status {
    param([hashtable]$Done)

    return '0x{0:x8}' -f [int]$Done.ExitCode
}

Export-ModuleMember -Function Get-LeeboardRequest, Get-LeeboardPending, Clear-LeeboardPending,
    Receive-LeeboardCertificate, ConvertTo-LeeboardPem, Get-LeeboardInf
