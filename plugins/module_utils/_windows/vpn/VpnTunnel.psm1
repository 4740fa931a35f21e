# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.CertificateStore
#AnsibleRequires -PowerShell .Phonebook

# The school's own VPN profile as Windows has it, in words (TunnelWords.psm1). Windows itself is asked, by
# Get-VpnConnection, where the machine's phonebook has the profile at all; what goes through it is asked of the phonebook,
# since there each family has a switch of its own and the cmdlet shows one.
#
# Numbers and texts are the instance's own (microsoft/wmi, VpnConnection): the words that a person sees for some of them
# are members of the module's types file.

Set-StrictMode -Version 2.0

$script:Name = 'Leeboard'
$script:Patience = 60
$script:Dials = 'Windows does not dial it by itself: whoever is at the machine chooses it, also before signing in'
# The hash of the traffic that goes with a cipher that is its own.
$script:Own = @{ 6 = 3; 7 = 4; 8 = 5 }
$script:Parts = 'IntegrityCheckMethod', 'EncryptionMethod', 'DHGroup', 'CipherTransformConstants',
    'AuthenticationTransformConstants', 'PfsGroup'

function Get-LeeboardTunnelName {
    <#
    .SYNOPSIS
    The name of the school's own profile.
    #>
    return $script:Name
}

function Read-LeeboardTunnel {
    <#
    .SYNOPSIS
    The aspect of the school's own profile: its words, or absent. Throws a problem where it cannot be read.
    #>
    $entry = Get-LeeboardPhonebookEntry -Name $script:Name
    $book = Get-LeeboardPhonebook
    if ($null -eq $entry) { return New-LeeboardAbsent -Source "$book has no profile $script:Name" }
    $found = @(Invoke-LeeboardVpn Get-VpnConnection @{ Name = [string[]]@($script:Name); AllUserConnection = $true })
    if ($found.Length -ne 1) {
        $why = "$book has the profile $script:Name, and Windows says that there are $($found.Length) of them"
        throw (New-LeeboardProblem -Code malformed -Why $why)
    }
    $tunnel, $more = ConvertFrom-Connection $found[0] $entry
    $words = Format-LeeboardTunnel -Tunnel $tunnel -More $more
    return New-LeeboardValue -Value $words -Type string -Source "$book and Get-VpnConnection" -Note $script:Dials
}

function Get-LeeboardTunnelRoute {
    <#
    .SYNOPSIS
    The networks that the profile leads into the tunnel beside its switch for everything.
    #>
    foreach ($one in @(Invoke-LeeboardVpn Get-VpnConnection @{ Name = [string[]]@($script:Name); AllUserConnection = $true })) {
        foreach ($route in @(Get-Property $one Routes)) {
            if ($null -ne $route) { [string](Get-Property $route DestinationPrefix) }
        }
    }
}

function Get-LeeboardConnectedProfile {
    <#
    .SYNOPSIS
    Those of these profiles of the machine that are not surely down.
    #>
    param([Parameter(Mandatory = $true)][string[]]$Name)

    foreach ($one in @(Invoke-LeeboardVpn Get-VpnConnection @{ Name = $Name; AllUserConnection = $true })) {
        if ([string](Get-Property $one ConnectionStatus) -ne 'Disconnected') { [string](Get-Property $one Name) }
    }
}

function Invoke-LeeboardVpn {
    <#
    .SYNOPSIS
    What a cmdlet of VpnClient gives. Its errors are the problem failed, or denied; one that does not answer, timeout.
    #>
    param([Parameter(Mandatory = $true)][string]$Command, [Parameter(Mandatory = $true)][hashtable]$Parameters)

    try {
        return Invoke-LeeboardBounded -What $Command -PatienceSeconds $script:Patience -Add {
            param($query)
            switch ($Command) {
                'Get-VpnConnection' { [void]$query.AddCommand('Get-VpnConnection') }
                'Add-VpnConnection' { [void]$query.AddCommand('Add-VpnConnection') }
                'Set-VpnConnection' { [void]$query.AddCommand('Set-VpnConnection') }
                'Remove-VpnConnection' { [void]$query.AddCommand('Remove-VpnConnection') }
                'Set-VpnConnectionIPsecConfiguration' { [void]$query.AddCommand('Set-VpnConnectionIPsecConfiguration') }
                'Add-VpnConnectionRoute' { [void]$query.AddCommand('Add-VpnConnectionRoute') }
                'Remove-VpnConnectionRoute' { [void]$query.AddCommand('Remove-VpnConnectionRoute') }
            }
            [void]$query.AddParameters($Parameters).AddParameter('ErrorAction', 'Stop')
        }
    } catch {
        $problem = $_.Exception
        if ($problem.Data.Contains('LeeboardCode')) { throw }
        while ($null -ne $problem.InnerException) { $problem = $problem.InnerException }
        $code = 'failed'
        if ($problem -is [System.Management.Automation.CommandNotFoundException]) { $code = 'missing_tool' }
        $number = '{0:x8}' -f $problem.HResult
        $id = $problem.PSObject.Properties['MessageId']
        if ($id -and $id.Value -match '0x([0-9a-f]{8})') { $number = $Matches[1].ToLowerInvariant() }
        # Access denied, of Windows and of WMI.
        if ($number -in '80070005', '80041003', '00000005') { $code = Get-LeeboardDenial }
        throw (New-LeeboardProblem -Code $code -Why "$Command failed: $($problem.Message.Trim())")
    }
}

function Format-LeeboardTunnel {
    <#
    .SYNOPSIS
    A profile in words, sorted. More stands before them, since a long text is cut off where a person sees it.
    #>
    param([Parameter(Mandatory = $true)][hashtable]$Tunnel, [string[]]$More = @())

    $words = [string[]]@("gateway:$($Tunnel.Gateway)", "ike:$($Tunnel.Ike)", "esp:$($Tunnel.Esp)", "authority:$($Tunnel.Authority)")
    $words += [string[]]@($Tunnel.Eku | ForEach-Object { "eku:$_" }) + @($Tunnel.To | ForEach-Object { "to:$_" })
    # By number and not by language, so that it is the same text on each machine.
    [array]::Sort($words, [System.StringComparer]::Ordinal)
    return [string]::Join(' ', [string[]](@($More | Sort-Object) + $words))
}

# A tunnel, and the words for what Leeboard would not write.
function ConvertFrom-Connection {
    param([object]$Connection, [hashtable]$Entry)

    $more = @()
    foreach ($each in @(
            @{ Name = 'TunnelType'; Should = 'Ikev2' }, @{ Name = 'AuthenticationMethod'; Should = 'MachineCertificate' }
            @{ Name = 'RememberCredential'; Should = 'False' })) {
        $now = [string]::Join(',', [string[]]@(Get-Property $Connection $each.Name | ForEach-Object { "$_" }))
        if ($now -ne $each.Should) { $more += "changed:$($each.Name)=$($now -replace '\s+', '_')" }
    }
    $suites = @(Get-Property $Connection IPSecCustomPolicy | Where-Object { $null -ne $_ })
    $ike, $esp = @(), @()
    foreach ($suite in $suites) {
        $n = @{}
        foreach ($part in $script:Parts) { $n[$part] = ConvertTo-Number (Get-Property $suite $part) $part }
        $said = Format-LeeboardSuite -Hash $n['IntegrityCheckMethod'] -Cipher $n['EncryptionMethod'] -Group $n['DHGroup'] `
            -Traffic $n['CipherTransformConstants'] -PfsGroup $n['PfsGroup']
        $ike += $said.Ike
        $esp += $said.Esp
        $hash = $n['AuthenticationTransformConstants']
        if ($script:Own[$n['CipherTransformConstants']] -ne $hash) { $more += "changed:AuthenticationTransformConstants=$hash" }
    }
    if (-not $suites.Length) { $ike, $esp = @('default'), @('default') }
    $tunnel = @{
        Gateway = ([string](Get-Property $Connection ServerAddress)).ToLowerInvariant() -replace '\s+', '_'
        Ike = [string]::Join(',', [string[]]$ike); Esp = [string]::Join(',', [string[]]$esp)
        Authority = Get-Authority ([byte[]]@(Get-Property $Connection MachineCertificateIssuerFilter | Where-Object { $null -ne $_ }))
        Eku = @(Get-Property $Connection MachineCertificateEKUFilter | Where-Object { $_ })
        To = @(Get-Selected $Connection $Entry)
    }
    return $tunnel, [string[]]$more
}

# What goes through it: everything, by family as the phonebook says, or the networks of its routes.
function Get-Selected {
    param([object]$Connection, [hashtable]$Entry)

    if ($Entry.Keys['IpPrioritizeRemote'] -ne '0') { '0.0.0.0/0' }
    if ($Entry.Keys['Ipv6PrioritizeRemote'] -ne '0') { '::/0' }
    foreach ($route in @(Get-Property $Connection Routes | Where-Object { $null -ne $_ })) {
        [string](Get-Property $route DestinationPrefix)
    }
}

# The SHA-256 of the root that the profile takes certificates from. Windows is given the certificate; where it keeps the
# name alone, the one root of that name is meant.
function Get-Authority {
    param([byte[]]$Filter)

    if (-not $Filter.Length) { return 'any' }
    $type = 'System.Security.Cryptography.X509Certificates.X509Certificate2'
    try {
        return Get-LeeboardCertificateDigest (New-Object -TypeName $type -ArgumentList @(, $Filter))
    } catch {
        $name = [System.BitConverter]::ToString($Filter)
        $roots = @(Get-LeeboardStoredCertificate Root | Where-Object {
                [System.BitConverter]::ToString($_.SubjectName.RawData) -eq $name
            })
        if ($roots.Length -eq 1) { return Get-LeeboardCertificateDigest $roots[0] }
        return 'unknown'
    }
}

# A property of an instance as CIM has it.
function Get-Property {
    param([object]$Instance, [string]$Name)

    $property = $Instance.CimInstanceProperties[$Name]
    if ($null -eq $property) {
        throw (New-LeeboardProblem -Code malformed -Why "what Windows says of a VPN profile has no $Name")
    }
    return $property.Value
}

function ConvertTo-Number {
    param([AllowNull()][object]$Value, [string]$Name)

    $number = 0
    if (-not [int]::TryParse([string]$Value, [ref]$number)) {
        throw (New-LeeboardProblem -Code malformed -Why "$Name of the VPN profile is '$Value', which is no number")
    }
    return $number
}

Export-ModuleMember -Function Get-LeeboardTunnelName, Read-LeeboardTunnel, Get-LeeboardTunnelRoute,
    Get-LeeboardConnectedProfile, Invoke-LeeboardVpn, Format-LeeboardTunnel
