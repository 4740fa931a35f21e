<#
Stand-in for the cmdlets of VPN connections. They keep the real thing: entries in rasphone.pbk, of the machine or of who
calls them, with the lines that Windows 11 writes as far as anybody here looks at them. On Linux the folder that stands for
ProgramData is named by the variable LEEBOARD_PROGRAMDATA.

Sources: MicrosoftDocs/windows-powershell-docs, docset/winserver2025-ps/VpnClient (parameters, values, defaults); [MS-RRASM]
2.2.2 for the keys; two phonebooks in public projects, one written by these very cmdlets, for the order of the numbers in
CustomIPSecPolicies; microsoft/wmi, VpnConnection and VpnConnectionIPsecConfiguration (names and types of what is shown).
How a phonebook has routes, and whether it has the whole certificate of an issuer, is not known: here Routes is text in
hex, and RootCertificate the certificate. That AuthenticationMethod without a value is MSChapv2, and the errors, are recalled.
#>

Set-StrictMode -Version 2.0

# The property of an instance, as CimInstance.CimInstanceProperties has it.
class VpnProperty {
    [string]$Name
    [object]$Value
}

class VpnConnection {
    [string]$Name
    [string]$ServerAddress
    [bool]$AllUserConnection
    [string]$TunnelType
    [string[]]$AuthenticationMethod
    [bool]$SplitTunneling
    [bool]$RememberCredential
    [string]$ConnectionStatus
    [string[]]$MachineCertificateEKUFilter
    [byte[]]$MachineCertificateIssuerFilter
    [object[]]$IPSecCustomPolicy
    [object[]]$Routes
    [System.Collections.IDictionary]$CimInstanceProperties
}

class VpnConnectionIPsecConfiguration {
    [uint32]$AuthenticationTransformConstants
    [uint32]$CipherTransformConstants
    [uint32]$DHGroup
    [uint32]$EncryptionMethod
    [uint32]$IntegrityCheckMethod
    [uint32]$PfsGroup
    [System.Collections.IDictionary]$CimInstanceProperties
}

class MSFT_NetRoute {
    [string]$DestinationPrefix
    [System.Collections.IDictionary]$CimInstanceProperties
}

function Add-Properties([object]$Instance) {
    $Instance.CimInstanceProperties = @{}
    foreach ($one in $Instance.GetType().GetProperties() | Where-Object { $_.Name -ne 'CimInstanceProperties' }) {
        $Instance.CimInstanceProperties[$one.Name] = [VpnProperty]@{ Name = $one.Name; Value = $one.GetValue($Instance) }
    }
    $Instance
}

$strategy = @{ Automatic = 0; Pptp = 1; L2tp = 3; Sstp = 5; Ikev2 = 7 }
$restriction = @{ Pap = 8; Chap = 32; Eap = 128; MSChapv2 = 512; MachineCertificate = 2048 }
# The six numbers, in the order of the file.
$numbers = [ordered]@{
    IntegrityCheckMethod = @{ MD5 = 0; SHA1 = 1; SHA256 = 2; SHA384 = 3 }
    EncryptionMethod = @{ DES = 0; DES3 = 1; AES128 = 2; AES192 = 3; AES256 = 4; GCMAES128 = 5; GCMAES256 = 6 }
    DHGroup = @{ None = 0; Group1 = 1; Group2 = 2; Group14 = 3; ECP256 = 4; ECP384 = 5; Group24 = 6 }
    CipherTransformConstants = @{ None = 0; DES = 1; DES3 = 2; AES128 = 3; AES192 = 4; AES256 = 5; GCMAES128 = 6; GCMAES192 = 7; GCMAES256 = 8 }
    AuthenticationTransformConstants = @{ MD596 = 0; SHA196 = 1; SHA256128 = 2; GCMAES128 = 3; GCMAES192 = 4; GCMAES256 = 5; None = 6 }
    PfsGroup = @{ None = 0; PFS1 = 1; PFS2 = 2; PFS2048 = 3; ECP256 = 4; ECP384 = 5; PFSMM = 6; PFS24 = 7 }
}

function Get-Book([bool]$AllUsers) {
    $base = if ($AllUsers -and $env:LEEBOARD_PROGRAMDATA) { $env:LEEBOARD_PROGRAMDATA } elseif ($AllUsers) { [Environment]::GetFolderPath('CommonApplicationData') } else { [Environment]::GetFolderPath('ApplicationData') }
    $folder = [IO.Path]::Combine($base, 'Microsoft', 'Network', 'Connections', 'Pbk')
    $null = [IO.Directory]::CreateDirectory($folder)
    [IO.Path]::Combine($folder, 'rasphone.pbk')
}

# name -> lines of its entry
function Read-Book([string]$Path) {
    $entries = [ordered]@{}
    if (-not [IO.File]::Exists($Path)) { return $entries }
    $name = ''
    foreach ($line in [IO.File]::ReadAllLines($Path)) {
        if ($line.StartsWith('[') -and $line.EndsWith(']')) { $name = $line.Substring(1, $line.Length - 2); $entries[$name] = [Collections.Generic.List[string]]::new() }
        elseif ($name) { $entries[$name].Add($line) }
    }
    $entries
}

function Write-Book([string]$Path, [Collections.IDictionary]$Entries) {
    $lines = foreach ($name in $Entries.Keys) { "[$name]"; $Entries[$name] }
    [IO.File]::WriteAllLines($Path, [string[]]@($lines))
}

function Set-Line([Collections.Generic.List[string]]$Lines, [string]$Key, [object]$Value) {
    for ($at = 0; $at -lt $Lines.Count; $at++) {
        if ($Lines[$at].StartsWith("$Key=")) { $Lines[$at] = "$Key=$Value"; return }
    }
    throw "the stand-in has no line $Key"
}

function Set-Entry([Collections.Generic.List[string]]$Lines, [Collections.IDictionary]$Given) {
    foreach ($name in $Given.Keys) {
        switch ($name) {
            'ServerAddress' { Set-Line $Lines PhoneNumber $Given[$name] }
            'TunnelType' { Set-Line $Lines VpnStrategy $strategy[$Given[$name]] }
            'AuthenticationMethod' {
                Set-Line $Lines AuthRestrictions (($Given[$name] | ForEach-Object { $restriction[$_] } | Measure-Object -Sum).Sum)
                if ($Given[$name] -contains 'Eap') { Set-Line $Lines CustomAuthKey 26 }
            }
            'L2tpPsk' { Set-Line $Lines IpSecFlags 1 }
            'SplitTunneling' {
                foreach ($key in 'IpPrioritizeRemote', 'Ipv6PrioritizeRemote') { Set-Line $Lines $key ([int](-not $Given[$name])) }
            }
            'MachineCertificateIssuerFilter' {
                Set-Line $Lines UseMachineRootCert 1
                Set-Line $Lines RootCertificate ([Convert]::ToHexString($Given[$name].RawData))
            }
            'MachineCertificateEKUFilter' {
                Set-Line $Lines NumEku $Given[$name].Count
                Set-Line $Lines CertificateEKU ($Given[$name] -join ' ')
            }
            'RememberCredential' { Set-Line $Lines CacheCredentials ([int][bool]$Given[$name]) }
        }
    }
}

function Add-VpnConnection {
    <# .SYNOPSIS
       Add a profile. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][string]$Name, [Parameter(Mandatory, Position = 1)][string]$ServerAddress,
        [ValidateSet('Pptp', 'L2tp', 'Sstp', 'Ikev2', 'Automatic')][string]$TunnelType = 'Automatic',
        [ValidateSet('Pap', 'Chap', 'MSChapv2', 'Eap', 'MachineCertificate')][string[]]$AuthenticationMethod = 'MSChapv2',
        [switch]$SplitTunneling, [switch]$AllUserConnection, [string]$L2tpPsk, [switch]$RememberCredential, [switch]$Force,
        [System.Security.Cryptography.X509Certificates.X509Certificate2]$MachineCertificateIssuerFilter,
        [string[]]$MachineCertificateEKUFilter
    )
    $path = Get-Book $AllUserConnection
    $entries = Read-Book $path
    if ($entries.Contains($Name)) { throw "The VPN connection $Name is already there." }
    $lines = [Collections.Generic.List[string]]::new()
    foreach ($line in 'Encoding=1', 'PBVersion=8', 'Type=2', "Guid=$([guid]::NewGuid().ToString('N').ToUpperInvariant())", 'VpnStrategy=0',
        'DataEncryption=256', 'CustomAuthKey=0', 'AuthRestrictions=512', 'IpPrioritizeRemote=1', 'IpSecFlags=0', 'Ipv6PrioritizeRemote=1',
        'PreSharedKey=', 'CacheCredentials=0', 'NumCustomPolicy=0', 'NumEku=0', 'CertificateEKU=', 'UseMachineRootCert=0',
        'RootCertificate=', 'NumRoutes=0', 'Routes=', 'PowershellCreatedProfile=1', '', 'NETCOMPONENTS=', 'ms_msclient=1', '',
        'MEDIA=rastapi', 'Port=VPN2-0', 'Device=WAN Miniport (IKEv2)', '', 'DEVICE=vpn', 'PhoneNumber=', 'AreaCode=', '') { $lines.Add($line) }
    $given = @{ TunnelType = $TunnelType; AuthenticationMethod = $AuthenticationMethod }
    foreach ($key in $PSBoundParameters.Keys) { $given[$key] = $PSBoundParameters[$key] }
    Set-Entry $lines $given
    $entries[$Name] = $lines
    Write-Book $path $entries
}

# Change one entry, which must be there.
function Edit-Book([string]$Name, [bool]$AllUsers, [scriptblock]$Change) {
    $path = Get-Book $AllUsers
    $entries = Read-Book $path
    if (-not $entries.Contains($Name)) { throw "The VPN connection $Name was not found." }
    & $Change $entries
    Write-Book $path $entries
}

function Set-VpnConnection {
    <# .SYNOPSIS
       Change a profile. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][string]$Name, [string]$ServerAddress,
        [ValidateSet('Pptp', 'L2tp', 'Sstp', 'Ikev2', 'Automatic')][string]$TunnelType,
        [ValidateSet('Pap', 'Chap', 'MSChapv2', 'Eap', 'MachineCertificate')][string[]]$AuthenticationMethod,
        [bool]$SplitTunneling, [switch]$AllUserConnection, [string]$L2tpPsk, [bool]$RememberCredential, [switch]$Force,
        [System.Security.Cryptography.X509Certificates.X509Certificate2]$MachineCertificateIssuerFilter,
        [string[]]$MachineCertificateEKUFilter
    )
    $given = $PSBoundParameters
    Edit-Book $Name $AllUserConnection { param($entries) Set-Entry $entries[$Name] $given }
}

function Set-VpnConnectionIPsecConfiguration {
    <# .SYNOPSIS
       Give a profile a policy of its own, or take it away. #>
    [CmdletBinding(DefaultParameterSetName = 'Policy')]
    param(
        [Parameter(Mandatory, Position = 0)][string]$ConnectionName,
        [Parameter(Mandatory, ParameterSetName = 'Policy')][string]$AuthenticationTransformConstants,
        [Parameter(Mandatory, ParameterSetName = 'Policy')][string]$CipherTransformConstants,
        [Parameter(Mandatory, ParameterSetName = 'Policy')][string]$DHGroup,
        [Parameter(Mandatory, ParameterSetName = 'Policy')][string]$EncryptionMethod,
        [Parameter(Mandatory, ParameterSetName = 'Policy')][string]$IntegrityCheckMethod,
        [Parameter(Mandatory, ParameterSetName = 'Policy')][string]$PfsGroup,
        [Parameter(Mandatory, ParameterSetName = 'Revert')][switch]$RevertToDefault,
        [switch]$AllUserConnection, [switch]$Force
    )
    $given = $PSBoundParameters
    $hex = foreach ($name in $numbers.Keys | Where-Object { -not $RevertToDefault }) {
        if (-not $numbers[$name].ContainsKey($given[$name])) { throw "$($given[$name]) is no value of $name." }
        [BitConverter]::ToString([BitConverter]::GetBytes([int]$numbers[$name][$given[$name]])).Replace('-', '')
    }
    Edit-Book $ConnectionName $AllUserConnection {
        param($entries)
        $lines = $entries[$ConnectionName]
        $null = $lines.RemoveAll({ param($line) $line.StartsWith('CustomIPSecPolicies=') })
        Set-Line $lines NumCustomPolicy ([int](-not $RevertToDefault))
        if ($hex) { $lines.Insert($lines.IndexOf('NumCustomPolicy=1') + 1, "CustomIPSecPolicies=$(-join $hex)") }
    }
}

function Remove-VpnConnection {
    <# .SYNOPSIS
       Take a profile away. #>
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string]$Name, [switch]$AllUserConnection, [switch]$Force)
    Edit-Book $Name $AllUserConnection { param($entries) $entries.Remove($Name) }
}

function Edit-Route([string]$Name, [bool]$AllUsers, [scriptblock]$Routes) {
    Edit-Book $Name $AllUsers {
        param($entries)
        $after = @(& $Routes @(Get-Route (ConvertFrom-Entry $entries[$Name])))
        Set-Line $entries[$Name] NumRoutes $after.Count
        Set-Line $entries[$Name] Routes ([Convert]::ToHexString([Text.Encoding]::ASCII.GetBytes($after -join ' ')))
    }
}

function Get-Route([hashtable]$Values) {
    [Text.Encoding]::ASCII.GetString([Convert]::FromHexString($Values['Routes'])) -split ' ' | Where-Object { $_ }
}

function Add-VpnConnectionRoute {
    <# .SYNOPSIS
       Lead a network into a profile. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][string]$ConnectionName, [Parameter(Mandatory, Position = 1)][string]$DestinationPrefix,
        [switch]$AllUserConnection
    )
    Edit-Route $ConnectionName $AllUserConnection { param($routes) @($routes) + $DestinationPrefix }
}

function Remove-VpnConnectionRoute {
    <# .SYNOPSIS
       No longer lead a network into a profile. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][string]$ConnectionName, [Parameter(Mandatory, Position = 1)][string]$DestinationPrefix,
        [switch]$AllUserConnection
    )
    Edit-Route $ConnectionName $AllUserConnection {
        param($routes)
        if ($routes -notcontains $DestinationPrefix) { throw "The route $DestinationPrefix was not found." }
        $routes | Where-Object { $_ -ne $DestinationPrefix }
    }
}

# key -> value of an entry
function ConvertFrom-Entry([Collections.Generic.List[string]]$Lines) {
    $values = @{}
    foreach ($line in $Lines) { if ($line -match '^(\w+)=(.*)$' -and -not $values.ContainsKey($Matches[1])) { $values[$Matches[1]] = $Matches[2] } }
    $values
}

function Get-VpnConnection {
    <# .SYNOPSIS
       Profiles of the machine, or of who asks. #>
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]]$Name, [switch]$AllUserConnection)
    $entries = Read-Book (Get-Book $AllUserConnection)
    foreach ($one in $Name ? $Name : $entries.Keys) {
        if (-not $entries.Contains($one)) { throw "The VPN connection $one was not found." }
        $is = ConvertFrom-Entry $entries[$one]
        $shown = [VpnConnection]@{
            Name = $one; ServerAddress = $is['PhoneNumber']; AllUserConnection = [bool]$AllUserConnection; ConnectionStatus = 'Disconnected'
            TunnelType = $strategy.Keys | Where-Object { $strategy[$_] -eq [int]$is['VpnStrategy'] }
            AuthenticationMethod = @($restriction.Keys | Where-Object { $restriction[$_] -band [int]$is['AuthRestrictions'] })
            SplitTunneling = $is['IpPrioritizeRemote'] -eq '0'; RememberCredential = $is['CacheCredentials'] -eq '1'
            MachineCertificateEKUFilter = @($is['CertificateEKU'] -split ' ' | Where-Object { $_ })
        }
        if ($is['RootCertificate']) { $shown.MachineCertificateIssuerFilter = [Convert]::FromHexString($is['RootCertificate']) }
        $shown.Routes = @(Get-Route $is | ForEach-Object { Add-Properties ([MSFT_NetRoute]@{ DestinationPrefix = $_ }) })
        if ($is['CustomIPSecPolicies']) {
            $bytes = [Convert]::FromHexString($is['CustomIPSecPolicies'])
            $policy = [VpnConnectionIPsecConfiguration]::new()
            $at = 0
            foreach ($part in $numbers.Keys) { $policy.$part = [BitConverter]::ToUInt32($bytes, $at); $at += 4 }
            $shown.IPSecCustomPolicy = @(Add-Properties $policy)
        }
        Add-Properties $shown
    }
}

Export-ModuleMember -Function Add-VpnConnection, Set-VpnConnection, Set-VpnConnectionIPsecConfiguration, Remove-VpnConnection,
    Get-VpnConnection, Add-VpnConnectionRoute, Remove-VpnConnectionRoute
