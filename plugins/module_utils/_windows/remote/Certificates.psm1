# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .WinRm

# The driver `certificate`: for how many days the machine's certificates are still valid, by what they are used for.
#
#     winrm           that of WinRM's listener over HTTPS; the shortest where there are several
#     remote-desktop  the one that Remote Desktop was given; absent where it makes its own, and renews it itself
#     vpn-client      the longest of those with which the machine can prove itself to a VPN
#
# 0 is one that is not valid today, or is not there. Nothing of a key is read, only whether there is one.

Set-StrictMode -Version 2.0

$script:Driver = 'certificate'
$script:Tcp = 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
$script:ClientAuthentication = '1.3.6.1.5.5.7.3.2'  # RFC 5280, 4.2.1.12
$script:AnyUse = '2.5.29.37.0'
$script:ExtendedUse = '2.5.29.37'
$script:Finders = @{ 'winrm' = { Get-WinRmDay }; 'remote-desktop' = { Get-DesktopDay }; 'vpn-client' = { Get-ClientDay } }

function Read-LeeboardCertificate {
    <#
    .SYNOPSIS
    A reading for each address, a number of whole days.
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

function Get-WinRmDay {
    $listeners = (Get-LeeboardWinRmListener).Listeners
    if ($null -eq $listeners) { return New-LeeboardAbsent -Source 'WinRM does not run' }
    $tls = @($listeners | Where-Object { $_.transport -eq 'HTTPS' })
    if (-not $tls.Length) { return New-LeeboardAbsent -Source 'WinRM has no listener over HTTPS' }
    $days = @($tls | ForEach-Object { Get-Day $_.certificate 'My' } | Sort-Object { $_.Days })
    return New-LeeboardValue -Value $days[0].Days -Type int -Source "WinRM over HTTPS: $($days[0].Words)"
}

function Get-DesktopDay {
    $found = Get-LeeboardMachineValue -Path $script:Tcp -Name SSLCertificateSHA1Hash
    if ($found.state -ne 'value') {
        $why = "$script:Tcp`:SSLCertificateSHA1Hash is not set, so Remote Desktop makes its own"
        return New-LeeboardAbsent -Source $why
    }
    # The one that Windows made itself lies in a store of its own.
    $day = @('My', 'Remote Desktop' | ForEach-Object { Get-Day ([string]$found.value) $_ } | Sort-Object { -$_.Days })[0]
    return New-LeeboardValue -Value $day.Days -Type int -Source "Remote Desktop: $($day.Words)"
}

function Get-ClientDay {
    $fit = @(Get-Certificate 'My' | Where-Object { $_.HasPrivateKey -and (Test-Client $_) })
    $fit = @($fit | ForEach-Object { Measure-Day $_ } | Sort-Object { -$_.Days })
    if (-not $fit.Length) {
        return New-LeeboardValue -Value 0 -Type int -Source 'LocalMachine\My has none with a key for it'
    }
    return New-LeeboardValue -Value $fit[0].Days -Type int -Source $fit[0].Words
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

# {Days; Words} of the certificate with a fingerprint.
function Get-Day {
    param([AllowEmptyString()][string]$Thumbprint, [string]$Store)

    foreach ($one in Get-Certificate $Store) {
        if ($Thumbprint -and $one.Thumbprint -eq $Thumbprint) { return Measure-Day $one }
    }
    return @{ Days = 0L; Words = "LocalMachine\$Store has no certificate $Thumbprint" }
}

function Measure-Day {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)

    $now = Get-LeeboardNow
    $end = $Certificate.NotAfter.ToUniversalTime()
    $days = [long][System.Math]::Floor(($end - $now).TotalDays)
    if ($days -lt 0 -or $Certificate.NotBefore.ToUniversalTime() -gt $now) { $days = 0L }
    return @{ Days = $days; Words = "$($Certificate.Thumbprint), valid until $(Format-LeeboardTime $end)" }
}

# The certificates of a store of the machine, read once a visit; none where there is no such store.
function Get-Certificate {
    param([string]$Store)

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

Export-ModuleMember -Function Read-LeeboardCertificate
