# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.CertificateStore
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .WinRm

# The driver `certificate`: from when to when the machine's certificates are valid, by what they are used for.
#
#     winrm           those of WinRM's listeners over HTTPS
#     remote-desktop  the one that Remote Desktop was given; absent where it makes its own, and renews it itself
#     vpn-client      those with which the machine can prove itself to a VPN, any of which is enough: one text for all
#
# A list of texts, NAME is valid from BEGIN to END, as leeboard/verdict/judgements/moments.py takes them: days that are
# left would be others each night, so the brain counts them. Any other text says that there is none. Nothing of a key is
# read, only whether there is one.

Set-StrictMode -Version 2.0

$script:Driver = 'certificate'
$script:Tcp = 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
$script:ClientAuthentication = '1.3.6.1.5.5.7.3.2'  # RFC 5280, 4.2.1.12
$script:AnyUse = '2.5.29.37.0'
$script:ExtendedUse = '2.5.29.37'
$script:MostClients = 8  # in one text
$script:Finders = @{
    'winrm' = { Get-WinRmCertificate }; 'remote-desktop' = { Get-DesktopCertificate }; 'vpn-client' = { Get-ClientCertificate }
}

function Read-LeeboardCertificate {
    <#
    .SYNOPSIS
    A reading for each address.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if (@($script:Finders.Keys) -cnotcontains $address) {
                throw (New-LeeboardProblem -Code malformed -Why "'$address' is no address of the driver $script:Driver")
            }
            New-LeeboardReading -Driver $script:Driver -Address $address -Effective (& $script:Finders[$address])
        }
    }
    return $readings
}

function Get-WinRmCertificate {
    $listeners = (Get-LeeboardWinRmListener).Listeners
    if ($null -eq $listeners) { return New-LeeboardAbsent -Source 'WinRM does not run' }
    $tls = @($listeners | Where-Object { $_.transport -eq 'HTTPS' })
    if (-not $tls.Length) { return New-LeeboardAbsent -Source 'WinRM has no listener over HTTPS' }
    return New-Aspect @($tls | ForEach-Object { Find-Certificate $_.certificate 'My' }) 'WinRM over HTTPS'
}

function Get-DesktopCertificate {
    $found = Get-LeeboardMachineValue -Path $script:Tcp -Name SSLCertificateSHA1Hash
    if ($found.state -ne 'value') {
        $why = "$script:Tcp`:SSLCertificateSHA1Hash is not set, so Remote Desktop makes its own"
        return New-LeeboardAbsent -Source $why
    }
    # The one that Windows made itself lies in a store of its own.
    return New-Aspect @(Find-Certificate ([string]$found.value) 'My', 'Remote Desktop') 'Remote Desktop'
}

function Get-ClientCertificate {
    $fit = @(Get-LeeboardStoredCertificate 'My' | Where-Object { $_.HasPrivateKey -and (Test-Client $_) } |
            Sort-Object { $_.Thumbprint } | Select-Object -First $script:MostClients)
    if (-not $fit.Length) { return New-Aspect @('LocalMachine\My has none with a key for it') 'LocalMachine\My' }
    $names = [string]::Join(', ', [string[]]@($fit | ForEach-Object { $_.Thumbprint }))
    $periods = [string]::Join(' or ', [string[]]@($fit | ForEach-Object { Format-Period $_ }))
    return New-Aspect @("$names is valid $periods") 'LocalMachine\My'
}

function New-Aspect {
    param([string[]]$Texts, [string]$Source)

    $each = [string[]]@($Texts | Sort-Object -Unique)
    return New-LeeboardValue -Value $each -Type certificate -Whole -Source $Source
}

# Made by an authority, and meant for proving itself as a client.
function Test-Client {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    if ($Certificate.Subject -eq $Certificate.Issuer) { return $false }
    $uses = @($Certificate.Extensions | Where-Object { $_.Oid.Value -eq $script:ExtendedUse })
    if (-not $uses.Length) { return $true }  # without a limit it is for everything
    $named = @($uses | ForEach-Object { $_.EnhancedKeyUsages } | ForEach-Object { $_.Value })
    return $named -contains $script:ClientAuthentication -or $named -contains $script:AnyUse
}

# What is to be said of the certificate with a fingerprint, which lies in one of these stores.
function Find-Certificate {
    param([AllowEmptyString()][string]$Thumbprint, [string[]]$Stores)

    foreach ($store in $Stores) {
        foreach ($one in Get-LeeboardStoredCertificate $store) {
            if ($Thumbprint -and $one.Thumbprint -eq $Thumbprint) {
                return "$($one.Thumbprint) is valid $(Format-Period $one)"
            }
        }
    }
    return "LocalMachine\$([string]::Join(' and ', $Stores)) has no certificate $Thumbprint"
}

# In UTC and to the second, as a certificate has it: nothing is rounded.
function Format-Period {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $begin, $end = $Certificate.NotBefore, $Certificate.NotAfter |
        ForEach-Object { Format-LeeboardTime $_.ToUniversalTime() }
    return "from $begin to $end"
}

Export-ModuleMember -Function Read-LeeboardCertificate
