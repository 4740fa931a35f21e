# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
Lets a Leeboard controller reach this Windows device: WinRM over HTTPS, for the controller's addresses only.

.DESCRIPTION
Run it once on each device as an administrator, or as a start-up script by group policy. Running it again changes only
what is no longer so. It starts the WinRM service and lets it start with Windows; gives it an HTTPS listener on port
5986 with a certificate of your authority, or with one that it makes itself and whose fingerprint it prints; switches
Basic authentication and unencrypted traffic off and leaves Kerberos and NTLM (Negotiate) on; and lets the controller's
addresses, and no others, through the firewall to that port.

It makes no account, needs no password and holds no secret. What was there before is noted in the registry, in
HKLM\SOFTWARE\Leeboard\Preparation, and -Undo puts it back. docs/windows.md says what the controller needs.

.PARAMETER Controller
Where the controller calls from: addresses, subnets (192.0.2.0/24) or ranges (192.0.2.10-192.0.2.12). Where an address
translator (NAT) stands between, it is that one's address.

.PARAMETER Thumbprint
The certificate to use, by its thumbprint. It lies in the machine's personal store (Cert:\LocalMachine\My).

.PARAMETER Issuer
Use the newest certificate in that store whose issuer's name holds this text. Meant for start-up scripts in a domain
whose authority enrols machines by itself: after a renewal the next start takes the new certificate.

.PARAMETER AlsoKnownAs
Further names and addresses for a certificate that is made here. The controller checks that the name it calls
(ansible_host) is in the certificate; the computer's name, short and full, always is.

.PARAMETER NewCertificate
Make a new certificate although the one made earlier is still valid. The controller has to be given it.

.PARAMETER CertificateFolder
Write the public certificate to this folder as NAME.cer, for the controller. It may be a share.

.PARAMETER NetworkProfile
The kinds of network on which the firewall lets the controller in. Where the school's network counts as public, make it
private or give Any.

.PARAMETER AllowLocalAdministrators
Sets LocalAccountTokenFilterPolicy to 1: every local administrator account then has its full rights over the network as
well, so a password that is the same on many devices opens them all. Needed only where Leeboard signs in with a local
account other than the built-in Administrator; accounts of a domain do not need it.

.PARAMETER AllowCertificates
Switches sign-in by client certificate on, for those who map one to a local account. Windows has it off.

.PARAMETER Undo
Put back what was there before the first run.

.EXAMPLE
.\prepare-windows.ps1 -Controller 192.0.2.10 -WhatIf
Says what would be done and changes nothing.

.EXAMPLE
.\prepare-windows.ps1 -Controller 192.0.2.10 -CertificateFolder \\server\leeboard
Makes a certificate, and leaves its public half in a share for the controller.

.EXAMPLE
.\prepare-windows.ps1 -Controller 192.0.2.10,192.0.2.11 -Issuer 'CN=School CA'
As a start-up script, in a domain with an authority of its own.
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    # Nothing is mandatory: a start-up script cannot answer a question.
    [string[]]$Controller = @(),
    [string]$Thumbprint = '',
    [string]$Issuer = '',
    [string[]]$AlsoKnownAs = @(),
    [switch]$NewCertificate,
    [string]$CertificateFolder = '',
    [ValidateSet('Domain', 'Private', 'Public', 'Any')][string[]]$NetworkProfile = @('Domain', 'Private'),
    [switch]$AllowLocalAdministrators,
    [switch]$AllowCertificates,
    [switch]$Undo
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:Years = 3  # that a certificate made here is valid
$script:Port = 5986
$script:Rule = 'Leeboard-WinRM-HTTPS'
$script:Store = 'Cert:\LocalMachine\My'
$script:State = 'HKLM:\SOFTWARE\Leeboard\Preparation'  # only administrators may write there
$script:SystemPolicies = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$script:Listener = @{ ResourceURI = 'winrm/config/Listener'; SelectorSet = @{ Transport = 'HTTPS'; Address = '*' } }
$script:Settings = [ordered]@{
    'AllowUnencrypted' = $false
    'Auth\Basic' = $false
    'Auth\Kerberos' = $true
    'Auth\Negotiate' = $true
}
if ($AllowCertificates) { $script:Settings['Auth\Certificate'] = $true }
$script:Failures = 0

# --- What only computes ----------------------------------------------------------------------------------------------

# An IP address, or nothing. "10" is none, although .NET takes it for 0.0.0.10.
function ConvertTo-Address {
    param([string]$Text)

    $address = $null
    if (($Text -match '^\d+(\.\d+){3}$' -or $Text.Contains(':')) -and
        [System.Net.IPAddress]::TryParse($Text, [ref]$address)) {
        return $address
    }
}

# An address, subnet or range as the firewall writes it when it is asked (192.0.2.0/24 becomes
# 192.0.2.0/255.255.255.0). Nothing where the text is none of these, or is everybody.
function ConvertTo-FirewallAddress {
    param([string]$Text)

    $start, $end = $Text -split '[-/]', 2
    $first = ConvertTo-Address $start
    if (-not $first -or -not $end) {
        return $(if ($first) { "$first" })
    }
    $last = ConvertTo-Address $end
    if ($last -and $last.AddressFamily -eq $first.AddressFamily) {
        return $Text  # a range, or a mask as the firewall itself writes it
    }
    $size = $first.GetAddressBytes().Length * 8
    $bits = 0
    if ($Text.Contains('-') -or -not [int]::TryParse($end, [ref]$bits) -or $bits -lt 1 -or $bits -gt $size) {
        return
    }
    if ($bits -eq $size -or $size -gt 32) {
        return $(if ($bits -eq $size) { "$first" } else { "$first/$bits" })
    }
    $mask = foreach ($byte in 0..3) {
        $ones = [System.Math]::Min(8, [System.Math]::Max(0, $bits - 8 * $byte))
        256 - [System.Math]::Pow(2, 8 - $ones)
    }
    return "$first/$($mask -join '.')"
}

# Names and addresses in the form that New-SelfSignedCertificate takes for extension 2.5.29.17.
function ConvertTo-AlternativeName {
    param([string[]]$Name)

    $entries = $Name | Where-Object { $_ } | ForEach-Object { $_.ToLowerInvariant() } | Select-Object -Unique |
        ForEach-Object {
            if ($_ -notmatch '^[a-z0-9][a-z0-9.:_-]*$') {
                throw "'$_' is neither the name of a computer nor an address; nothing was changed"
            }
            if (ConvertTo-Address $_) { "IPAddress=$_" } else { "DNS=$_" }
        }
    return @($entries) -join '&'
}

# The newest certificate that a server can use now, and whose issuer's name holds the text; nothing where there is none.
function Select-ServerCertificate {
    param([object[]]$Certificate, [string]$Issuer = '', [datetime]$Now = (Get-Date))

    $Certificate | Where-Object {
        $purposes = @($_.EnhancedKeyUsageList | ForEach-Object { $_.ObjectId })
        $_.HasPrivateKey -and $_.NotBefore -le $Now -and $_.NotAfter -gt $Now -and
        (-not $purposes -or $purposes -contains '1.3.6.1.5.5.7.3.1') -and  # server authentication
        $_.Issuer.IndexOf($Issuer, [System.StringComparison]::OrdinalIgnoreCase) -ge 0
    } | Sort-Object -Property NotAfter -Descending | Select-Object -First 1
}

# As `openssl x509 -noout -fingerprint -sha256` prints it.
function ConvertTo-Fingerprint {
    param([byte[]]$Bytes)

    $sha = [System.Security.Cryptography.SHA256]::Create()
    return [System.BitConverter]::ToString($sha.ComputeHash($Bytes)).Replace('-', ':')
}

# --- What reads Windows ----------------------------------------------------------------------------------------------

function Test-Administrator {
    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    (New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList $user).IsInRole(
        [System.Security.Principal.WindowsBuiltInRole]::Administrator)
}

# A value in the registry, or nothing.
function Get-RegistryValue {
    param([string]$Key, [string]$Name)

    if (Test-Path -LiteralPath $Key) { (Get-Item -LiteralPath $Key).GetValue($Name) }
}

# A setting of the WinRM service: Value ('true' or 'false') and SourceOfValue ('GPO' where a group policy sets it).
function Get-WinRMSetting {
    param([string]$Name)

    Get-Item -LiteralPath "WSMan:\localhost\Service\$Name"
}

# The listener on all addresses, with Port, Hostname and CertificateThumbprint; nothing where there is none.
function Get-Listener {
    param([string]$Transport)

    Get-WSManInstance -ResourceURI winrm/config/Listener -Enumerate |
        Where-Object { $_.Transport -eq $Transport -and $_.Address -eq '*' }
}

# The computer's names, short and full, and those that were given.
function Get-OwnName {
    $suffix = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().DomainName
    $full = if ($suffix) { "$env:COMPUTERNAME.$suffix" } else { '' }
    return ConvertTo-AlternativeName (@($env:COMPUTERNAME, $full) + @($AlsoKnownAs -split '[,;\s]+'))
}

# The certificate that the listener shall use; nothing where one has to be made.
function Get-WantedCertificate {
    $all = @(Get-ChildItem -Path $script:Store)
    if ($Thumbprint -or $Issuer) {
        $wanted = $Thumbprint -replace '[^0-9A-Fa-f]', ''  # copied from a window it comes with spaces
        $found = Select-ServerCertificate @($all | Where-Object { -not $wanted -or $_.Thumbprint -eq $wanted }) $Issuer
        if (-not $found) {
            throw "$script:Store has no certificate '$wanted$Issuer' that a server can use now"
        }
        return $found
    }
    $own = Get-RegistryValue $script:State Certificate
    if (-not $NewCertificate -and (Get-RegistryValue $script:State Names) -eq (Get-OwnName)) {
        return Select-ServerCertificate @($all | Where-Object { $_.Thumbprint -eq $own })
    }
}

# --- What changes Windows --------------------------------------------------------------------------------------------

# Say that something is so already, or make it so (not with -WhatIf) and say that. One failure does not stop the rest.
function Invoke-Step {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([string]$What, [bool]$Already, [scriptblock]$Make)

    if ($Already) {
        Write-Output "already: $What"
    } elseif ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, $What)) {
        try {
            [void](& $Make)
            Write-Output "done:    $What"
        } catch {
            $script:Failures += 1
            Write-Output "FAILED:  $($What): $($_.Exception.Message)"
        }
    }
}

# Nothing as the value removes it.
function Set-RegistryValue {
    param([string]$Key, [string]$Name, [object]$Value)

    if ($null -eq $Value) {
        Remove-ItemProperty -LiteralPath $Key -Name $Name -ErrorAction SilentlyContinue
        return
    }
    if (-not (Test-Path -LiteralPath $Key)) { [void](New-Item -Path $Key -Force) }
    $kind = if ($Value -is [int]) { 'DWord' } else { 'String' }
    [void](New-ItemProperty -LiteralPath $Key -Name $Name -Value $Value -PropertyType $kind -Force)
}

function Set-HttpsListener {
    param([hashtable]$Value)

    $listener = $script:Listener
    if (Get-Listener HTTPS) {
        Set-WSManInstance @listener -ValueSet $Value
    } else {
        New-WSManInstance @listener -ValueSet $Value
    }
}

function New-Certificate {
    $names = Get-OwnName
    $made = New-SelfSignedCertificate -Subject "CN=$env:COMPUTERNAME" -FriendlyName 'Leeboard WinRM' `
        -TextExtension "2.5.29.17={text}$names" -CertStoreLocation $script:Store `
        -Provider 'Microsoft Software Key Storage Provider' -KeyAlgorithm RSA -KeyLength 2048 -HashAlgorithm SHA256 `
        -KeyExportPolicy NonExportable -NotAfter (Get-Date).AddYears($script:Years)
    Set-RegistryValue $script:State Certificate $made.Thumbprint
    Set-RegistryValue $script:State Names $names
}

# Note what -Undo puts back, once.
function Save-Before {
    param([string]$Start, [bool]$Running)

    $before = @{ start = $Start; running = $Running; listener = $null; settings = @{} }
    $before['localAccounts'] = Get-RegistryValue $script:SystemPolicies LocalAccountTokenFilterPolicy
    foreach ($one in Get-Listener HTTPS) {
        $before['listener'] = @{
            Hostname = "$($one.Hostname)"
            CertificateThumbprint = "$($one.CertificateThumbprint)"
            Port = "$($one.Port)"
        }
    }
    foreach ($name in @($script:Settings.Keys) + 'Auth\Certificate') {
        $before.settings[$name] = "$((Get-WinRMSetting $name).Value)" -eq 'true'
    }
    Set-RegistryValue $script:State Before (ConvertTo-Json -InputObject $before -Compress)
}

function Invoke-Preparation {
    $addresses = @($Controller -split '[,;\s]+' | Where-Object { $_ } | ForEach-Object {
            $address = ConvertTo-FirewallAddress $_
            if (-not $address) { throw "'$_' is no address, subnet or range; nothing was changed" }
            $address
        })
    if (-not $addresses) {
        throw 'give -Controller: the addresses from which the controller calls. Nothing was changed'
    }
    $names = Get-OwnName
    if ((Get-RegistryValue 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' AllowAutoConfig) -eq 0) {
        throw ('a group policy has "Allow remote server management through WinRM" disabled. Change that policy ' +
            'first; nothing was changed')
    }
    $service = Get-Service -Name WinRM
    $start, $running = "$($service.StartType)", ("$($service.Status)" -eq 'Running')
    Invoke-Step 'the WinRM service runs' $running {
        if ($start -eq 'Disabled') { Set-Service -Name WinRM -StartupType Manual }
        Start-Service -Name WinRM
    }
    if (-not $running -and $WhatIfPreference) {
        Write-Output 'Without that service the rest cannot be read: all of it would be done.'
        return
    }
    Invoke-Step "what -Undo puts back is noted in $script:State" ([bool](Get-RegistryValue $script:State Before)) {
        Save-Before $start $running
    }
    if (-not $WhatIfPreference -and -not (Get-RegistryValue $script:State Before)) {
        throw 'without that note nothing else is changed'
    }
    Invoke-Step 'the WinRM service starts with Windows' ($start -eq 'Automatic') {
        Set-Service -Name WinRM -StartupType Automatic
    }
    foreach ($name in $script:Settings.Keys) {
        $wanted, $current = $script:Settings[$name], (Get-WinRMSetting $name)
        Invoke-Step "WinRM $name = $wanted" ("$($current.Value)" -eq "$wanted") {
            if ("$($current.SourceOfValue)" -eq 'GPO') { throw 'a group policy says otherwise; change it there' }
            Set-Item -LiteralPath "WSMan:\localhost\Service\$name" -Value $wanted -Force
        }
    }
    $certificate = Get-WantedCertificate
    Invoke-Step "a certificate for $names" ([bool]$certificate) { New-Certificate }
    if (-not $certificate -and -not $WhatIfPreference) { $certificate = Get-WantedCertificate }
    if ($certificate) { Set-Transport $certificate }
    Set-FirewallRule $addresses
    if ($AllowLocalAdministrators) {
        $already = (Get-RegistryValue $script:SystemPolicies LocalAccountTokenFilterPolicy) -eq 1
        Invoke-Step 'local administrators have their full rights over the network' $already {
            Set-RegistryValue $script:State LocalAccounts 1
            Set-RegistryValue $script:SystemPolicies LocalAccountTokenFilterPolicy 1
        }
    }
    Write-Advice
}

function Set-Transport {
    param([object]$Certificate)

    $listener = Get-Listener HTTPS
    $already = $listener -and "$($listener.CertificateThumbprint)" -eq $Certificate.Thumbprint -and
        "$($listener.Port)" -eq "$script:Port"
    Invoke-Step "HTTPS listener on port $script:Port with certificate $($Certificate.Thumbprint)" ([bool]$already) {
        Set-HttpsListener @{
            Hostname = $Certificate.GetNameInfo('SimpleName', $false)
            CertificateThumbprint = $Certificate.Thumbprint
            Port = $script:Port
        }
    }
    if ($CertificateFolder) {
        $file = Join-Path -Path $CertificateFolder -ChildPath "$env:COMPUTERNAME.cer"
        Invoke-Step "public certificate in $file" $false {
            Export-Certificate -Cert $Certificate -FilePath $file -Type CERT -Force
        }
    }
    Write-Output "Certificate of $($Certificate.Subject), valid until $($Certificate.NotAfter.ToString('yyyy-MM-dd'))"
    Write-Output "SHA-256 fingerprint: $(ConvertTo-Fingerprint $Certificate.RawData)"
}

function Set-FirewallRule {
    param([string[]]$Address)

    $rule = Get-NetFirewallRule -Name $script:Rule -ErrorAction SilentlyContinue
    $already = $false
    if ($rule) {
        $now = @(($rule | Get-NetFirewallAddressFilter).RemoteAddress | ForEach-Object { ConvertTo-FirewallAddress $_ })
        $already = "$($rule.Enabled)" -eq 'True' -and -not (Compare-Object $Address $now) -and
            -not (Compare-Object $NetworkProfile @("$($rule.Profile)" -split ',\s*'))
    }
    $where = "port $script:Port, networks: $($NetworkProfile -join ', ')"
    Invoke-Step "the firewall lets in $($Address -join ', ') ($where)" $already {
        if ($rule) { Remove-NetFirewallRule -Name $script:Rule }
        New-NetFirewallRule -Name $script:Rule -DisplayName 'Leeboard: WinRM over HTTPS from the controller' `
            -Description 'Made by prepare-windows.ps1; its -Undo removes it.' -Direction Inbound -Action Allow `
            -Protocol TCP -LocalPort $script:Port -RemoteAddress $Address -Profile ($NetworkProfile -join ',')
    }
}

# What this script does not change, but somebody should know.
# The accounts of a user right, as secedit.exe exports them: SIDs with a star before them, or names.
function Get-UserRight {
    param([string]$Name)

    $file = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "leeboard-$([guid]::NewGuid()).inf"
    try {
        & secedit.exe /export /areas USER_RIGHTS /cfg $file /quiet | Out-Null
        foreach ($line in [System.IO.File]::ReadAllLines($file)) {
            if ($line -match "^\s*$Name\s*=\s*(.*)$") { $Matches[1] -split ',' | ForEach-Object { $_.Trim() } }
        }
    } finally {
        if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file }
    }
}

function Write-Advice {
    if (Get-Listener HTTP) {
        Write-Output 'note:    there is an HTTP listener (port 5985) as well; Leeboard does not need it'
    }
    $open = Get-NetFirewallPortFilter -PolicyStore ActiveStore -Protocol TCP |
        Where-Object { @($_.LocalPort) -contains '5985' -or @($_.LocalPort) -contains "$script:Port" } |
        Get-NetFirewallRule -PolicyStore ActiveStore | Where-Object {
            "$($_.Enabled) $($_.Direction) $($_.Action)" -eq 'True Inbound Allow' -and
            @(($_ | Get-NetFirewallAddressFilter).RemoteAddress) -contains 'Any'
        }
    foreach ($rule in $open) {
        Write-Warning "the firewall rule '$($rule.DisplayName)' lets anybody in to WinRM; switch it off if it can be"
    }
    try {
        # "Local account", and "Local account and member of Administrators group".
        $kept = @(Get-UserRight SeDenyNetworkLogonRight | Where-Object { $_ -in '*S-1-5-113', '*S-1-5-114' })
        if ($kept.Length) {
            Write-Warning ('local accounts may not sign in over the network (CIS 2.2.16, "Deny access to this computer ' +
                'from the network"): Leeboard gets in with an account of the domain only')
        }
    } catch {
        Write-Warning "who is denied access from the network could not be read: $($_.Exception.Message)"
    }
    foreach ($one in Get-NetFirewallProfile -PolicyStore ActiveStore) {
        if ("$($one.Enabled)" -eq 'False') {
            Write-Warning "the firewall is off on $($one.Name) networks, so anybody there reaches WinRM"
        } elseif ("$($one.AllowLocalFirewallRules)" -eq 'False') {
            Write-Warning "a group policy lets no rule made here count on $($one.Name) networks: make it in the policy"
        }
    }
}

function Invoke-Restoration {
    $noted = Get-RegistryValue $script:State Before
    if (-not $noted) {
        Write-Output 'This script has changed nothing on this device, so there is nothing to put back.'
        return
    }
    $before = ConvertFrom-Json -InputObject $noted
    if ("$((Get-Service -Name WinRM).Status)" -ne 'Running') { Start-Service -Name WinRM }
    $rule = Get-NetFirewallRule -Name $script:Rule -ErrorAction SilentlyContinue
    Invoke-Step "firewall rule $script:Rule removed" (-not $rule) { Remove-NetFirewallRule -Name $script:Rule }
    Invoke-Step 'HTTPS listener as it was' $false {
        $listener = $script:Listener
        if ($before.listener) {
            $value = @{}
            $before.listener.PSObject.Properties | ForEach-Object { $value[$_.Name] = $_.Value }
            Set-HttpsListener $value
        } elseif (Get-Listener HTTPS) {
            Remove-WSManInstance @listener
        }
    }
    foreach ($one in $before.settings.PSObject.Properties) {
        $already = "$((Get-WinRMSetting $one.Name).Value)" -eq "$($one.Value)"
        Invoke-Step "WinRM $($one.Name) = $($one.Value)" $already {
            Set-Item -LiteralPath "WSMan:\localhost\Service\$($one.Name)" -Value $one.Value -Force
        }
    }
    if (Get-RegistryValue $script:State LocalAccounts) {
        Invoke-Step 'LocalAccountTokenFilterPolicy as it was' $false {
            $value = if ($null -ne $before.localAccounts) { [int]$before.localAccounts }
            Set-RegistryValue $script:SystemPolicies LocalAccountTokenFilterPolicy $value
        }
    }
    $own = Get-RegistryValue $script:State Certificate
    Invoke-Step "the certificate made here removed" (-not $own -or -not (Test-Path -LiteralPath "$script:Store\$own")) {
        Remove-Item -LiteralPath "$script:Store\$own" -DeleteKey
    }
    Invoke-Step "the WinRM service starts as it did ($($before.start))" $false {
        Set-Service -Name WinRM -StartupType $before.start
        if (-not $before.running) { Stop-Service -Name WinRM -Force }
    }
    if ($script:Failures -eq 0) {
        Invoke-Step "note in $script:State removed" $false { Remove-Item -LiteralPath $script:State }
    }
}

if ($MyInvocation.InvocationName -eq '.') {
    return  # a test wants the functions only
}
if (-not (Test-Administrator)) {
    Write-Error -ErrorAction Continue -Message 'Run this as an administrator; nothing was changed.'
    exit 1
}
try {
    if ($Undo) {
        Invoke-Restoration
    } else {
        Invoke-Preparation
    }
} catch {
    $script:Failures += 1
    Write-Error -ErrorAction Continue -Message $_.Exception.Message
}
exit [int]($script:Failures -gt 0)
