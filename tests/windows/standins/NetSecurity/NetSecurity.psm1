<#
Stand-in for the cmdlets of Windows Firewall. Its stores are the real places in the registry: group policy, MDM and the
machine's own; the ActiveStore is their sum, with what Windows does where none of them says anything. C:\standins\state\
firewall.json holds how it misbehaves: {"behaviour": {"mode": "denied" | "deaf" | "fail" | "rubbish"}}.

What comes out is what CIM has: numbers, of 16 bits. The words for them (True, Block) are members that NetSecurity.types.ps1xml
adds, and only a runspace into which this module was imported has those: whoever takes the object into another one reads
numbers there. `CimInstanceProperties` has the numbers in each.

Sources: MicrosoftDocs/windows-powershell-docs, docset/winserver2025-ps/NetSecurity, Get- and Set-NetFirewallProfile
(parameters, names of the values, the defaults True, Block and Allow); microsoft/wmi, MSFT_NetFirewallProfile (names and
types). Numbers of the enumerations: public code that reads the class (../README.md). The errors are recalled.
#>

Set-StrictMode -Version 2.0

# The property of an instance, as CimInstance.CimInstanceProperties has it.
class CimProperty {
    [string]$Name
    [object]$Value
}

# Not a custom object: the members of a types file come before a class's properties, as with a CimInstance, and after
# those of a custom object.
class FirewallProfile {
    [string]$Name
    [uint16]$Enabled
    [uint16]$DefaultInboundAction
    [uint16]$DefaultOutboundAction
    [System.Collections.IDictionary]$CimInstanceProperties
}

$own = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$stores = [ordered]@{
    GroupPolicy = @{ Domain = 'DomainProfile'; Private = 'PrivateProfile'; Public = 'PublicProfile'; At = 'SOFTWARE\Policies\Microsoft\WindowsFirewall' }
    MDM = @{ Domain = 'DomainProfile'; Private = 'StandardProfile'; Public = 'PublicProfile'; At = "$own\Mdm" }
    PersistentStore = @{ Domain = 'DomainProfile'; Private = 'StandardProfile'; Public = 'PublicProfile'; At = $own }
}
$named = @{ Enabled = 'EnableFirewall'; DefaultInboundAction = 'DefaultInboundAction'; DefaultOutboundAction = 'DefaultOutboundAction' }
$built = @{ Enabled = 1; DefaultInboundAction = 1; DefaultOutboundAction = 0 }

# The number that a store has, or nothing.
function Get-Stored([string]$Store, [string]$About, [string]$Name) {
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$($stores[$Store].At)\$($stores[$Store][$About])")
    if ($key) { $key.GetValue($named[$Name]) }
}

# The number of the enumeration: GpoBoolean (0 False, 1 True, 2 NotConfigured) or Action (0 NotConfigured, 2 Allow, 4 Block).
function ConvertTo-Enum([string]$Name, [object]$Number) {
    if ($Name -eq 'Enabled') {
        if ($null -eq $Number) { return [uint16]2 }
        return [uint16]$Number
    }
    if ($null -eq $Number) { return [uint16]0 }
    if ([int]$Number) { [uint16]4 } else { [uint16]2 }
}

function Get-NetFirewallProfile {
    <# .SYNOPSIS
       The profiles as a store has them. #>
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]]$Name = @('Domain', 'Private', 'Public'), [string]$PolicyStore = 'PersistentStore')
    $line = ConvertTo-Json -Compress @{ program = 'firewall'; arguments = @($PolicyStore) }
    [IO.File]::AppendAllText('C:\standins\calls.jsonl', $line + "`n")
    $behaviour = ([IO.File]::ReadAllText('C:\standins\state\firewall.json') | ConvertFrom-Json -AsHashtable).behaviour
    switch ($behaviour['mode']) {
        'denied' {
            $exception = [Microsoft.Management.Infrastructure.CimException]::new('Access is denied. ')
            $exception | Add-Member MessageId 'HRESULT 0x80070005' -Force
            throw $exception
        }
        'fail' { throw [Microsoft.Management.Infrastructure.CimException]::new('An error occurred. ') }
        'deaf' { Start-Sleep -Seconds 86400 }
    }
    foreach ($one in $Name) {
        $shown = [FirewallProfile]@{ Name = $one; CimInstanceProperties = @{} }
        foreach ($value in $named.Keys) {
            $number = if ($PolicyStore -eq 'ActiveStore') {
                $found = @($stores.Keys | ForEach-Object { Get-Stored $_ $one $value } | Where-Object { $null -ne $_ })
                if ($found.Count) { $found[0] } else { $built[$value] }
            } else { Get-Stored PersistentStore $one $value }
            $kept = if ($behaviour['mode'] -eq 'rubbish') { [uint16]7 } else { ConvertTo-Enum $value $number }
            $shown.$value = $kept
            $shown.CimInstanceProperties[$value] = [CimProperty]@{ Name = $value; Value = $kept }
        }
        $shown.PSObject.TypeNames.Insert(0, 'Microsoft.Management.Infrastructure.CimInstance#root/standardcimv2/MSFT_NetFirewallProfile')
        $shown.CimInstanceProperties['Name'] = [CimProperty]@{ Name = 'Name'; Value = $one }
        $shown
    }
}

function Set-NetFirewallProfile {
    <# .SYNOPSIS
       Set the machine's own store. #>
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)][string[]]$Name = @('Domain', 'Private', 'Public'),
        [ValidateSet('True', 'False', 'NotConfigured')][string]$Enabled,
        [ValidateSet('Allow', 'Block', 'NotConfigured')][string]$DefaultInboundAction,
        [ValidateSet('Allow', 'Block', 'NotConfigured')][string]$DefaultOutboundAction,
        [ValidateSet('PersistentStore')][string]$PolicyStore = 'PersistentStore'
    )
    Write-Call "Set-NetFirewallProfile $Name"
    foreach ($one in $Name) {
        $key = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey("$own\$($stores.PersistentStore[$one])")
        foreach ($value in $named.Keys | Where-Object { $PSBoundParameters.ContainsKey($_) }) {
            if ($PSBoundParameters[$value] -eq 'NotConfigured') { $key.DeleteValue($named[$value], $false); continue }
            $key.SetValue($named[$value], [int]($PSBoundParameters[$value] -in 'True', 'Block'), 'DWord')
        }
    }
}

# --- Rules: values below FirewallRules, in the words of [MS-GPFAS] 2.2.2.19 -------------------------------------------

class FirewallRule {
    [string]$Name
    [System.Collections.IDictionary]$CimInstanceProperties
}

function Write-Call([string]$Argument) {
    [IO.File]::AppendAllText('C:\standins\calls.jsonl', (ConvertTo-Json -Compress @{ program = 'firewall'; arguments = @($Argument) }) + "`n")
}

function Get-Behaviour { ([IO.File]::ReadAllText('C:\standins\state\firewall.json') | ConvertFrom-Json -AsHashtable).behaviour }

function Open-Rule([switch]$Write) {
    if ($Write) { return [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey("$own\FirewallRules") }
    [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$own\FirewallRules")
}

# An address as the firewall keeps it: 10.20.0.0/16 becomes 10.20.0.0/255.255.0.0, one of IPv6 stays.
function ConvertTo-Kept([string]$Address) {
    if ($Address -in 'Any', '') { return }
    $first, $bits = $Address.Split('/')
    if ($first.Contains(':')) { return "RA6=$Address" }
    if (-not $bits -or $bits -eq '32') { return "RA4=$first" }
    $number = [uint32]([math]::Pow(2, 32) - [math]::Pow(2, 32 - [int]$bits))
    $bytes = [BitConverter]::GetBytes($number)
    [array]::Reverse($bytes)
    "RA4=$first/$($bytes -join '.')"
}

function Save-Rule([string]$Name, [string]$DisplayName, [string]$Group, [hashtable]$Given) {
    $on = @{ True = 'TRUE'; False = 'FALSE' }[$Given.Enabled]
    $fields = @("v2.31", "Action=$($Given.Action)", "Active=$on", 'Dir=In', "Protocol=$(@{ TCP = 6; UDP = 17 }[$Given.Protocol])")
    $fields += @($Given.LocalPort | ForEach-Object { if ($_.Contains('-')) { "LPort2_10=$_" } else { "LPort=$_" } })
    $fields += @($Given.RemoteAddress | ForEach-Object { ConvertTo-Kept $_ })
    $fields += "Name=$DisplayName", "EmbedCtxt=$Group", ''
    (Open-Rule -Write).SetValue($Name, ($fields -join '|'), 'String')
}

function New-NetFirewallRule {
    <# .SYNOPSIS
       A rule of the machine's own store. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)][string]$Name, [Parameter(Mandatory)][string]$DisplayName, [string]$Group,
        [ValidateSet('Inbound')][string]$Direction = 'Inbound', [ValidateSet('Allow')][string]$Action = 'Allow',
        [ValidateSet('Any')][string]$Profile = 'Any', [ValidateSet('TCP', 'UDP')][string]$Protocol, [string[]]$LocalPort,
        [string[]]$RemoteAddress = @('Any'), [ValidateSet('True', 'False')][string]$Enabled = 'True',
        [ValidateSet('PersistentStore')][string]$PolicyStore = 'PersistentStore'
    )
    Write-Call "New-NetFirewallRule $Name"
    $behaviour = Get-Behaviour
    if ($behaviour['mode'] -eq 'no_rules') { throw [Microsoft.Management.Infrastructure.CimException]::new('Access is denied. ') }
    $key = Open-Rule
    if ($key -and $null -ne $key.GetValue($Name)) {
        throw [Microsoft.Management.Infrastructure.CimException]::new('Cannot create a file when that file already exists. ')
    }
    $given = @{ Action = $Action; Protocol = $Protocol; LocalPort = $LocalPort; RemoteAddress = $RemoteAddress; Enabled = $Enabled }
    Save-Rule $Name $DisplayName $Group $given
}

function Set-NetFirewallRule {
    <# .SYNOPSIS
       Change a rule of the machine's own store; all that the tests change is given. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)][string]$Name, [ValidateSet('Inbound')][string]$Direction, [ValidateSet('Allow')][string]$Action,
        [ValidateSet('Any')][string]$Profile, [ValidateSet('TCP', 'UDP')][string]$Protocol, [string[]]$LocalPort,
        [string[]]$RemoteAddress, [ValidateSet('True', 'False')][string]$Enabled, [ValidateSet('Any')][string]$LocalAddress,
        [ValidateSet('Any')][string]$RemotePort, [ValidateSet('Any')][string]$Program, [ValidateSet('Any')][string]$Service,
        [ValidateSet('Any')][string]$InterfaceType, [ValidateSet('PersistentStore')][string]$PolicyStore = 'PersistentStore'
    )
    Write-Call "Set-NetFirewallRule $Name"
    $key = Open-Rule
    $text = if ($key) { $key.GetValue($Name) }
    if (-not $text) { throw [Microsoft.Management.Infrastructure.CimException]::new("No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '$Name'. ") }
    $kept = @{ Name = ''; EmbedCtxt = '' }
    foreach ($part in $text.Split('|')) { if ($part -match '^(Name|EmbedCtxt)=(.*)$') { $kept[$Matches[1]] = $Matches[2] } }
    $given = @{ Action = $Action; Protocol = $Protocol; LocalPort = $LocalPort; RemoteAddress = $RemoteAddress; Enabled = $Enabled }
    Save-Rule $Name $kept.Name $kept.EmbedCtxt $given
}

function Remove-NetFirewallRule {
    <# .SYNOPSIS
       Take rules of the machine's own store away. #>
    [CmdletBinding()]
    param([Parameter(Mandatory)][string[]]$Name, [ValidateSet('PersistentStore')][string]$PolicyStore = 'PersistentStore')
    foreach ($one in $Name) {
        Write-Call "Remove-NetFirewallRule $one"
        $key = Open-Rule -Write
        if ($null -eq $key.GetValue($one)) { throw [Microsoft.Management.Infrastructure.CimException]::new("No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '$one'. ") }
        $key.DeleteValue($one)
    }
}

function Get-NetFirewallRule {
    <# .SYNOPSIS
       Rules that are active, by name. #>
    [CmdletBinding()]
    param([Parameter(Mandatory)][string[]]$Name, [string]$PolicyStore = 'PersistentStore')
    $key = Open-Rule
    foreach ($one in $Name) {
        $text = if ($key) { $key.GetValue($one) }
        if (-not $text -or (Get-Behaviour)['mode'] -eq 'forgetful') {
            throw [Microsoft.Management.Infrastructure.CimException]::new("No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '$one'. ")
        }
        $number = if ($text -match '\|Active=TRUE\|') { [uint16]1 } else { [uint16]2 }
        [FirewallRule]@{ Name = $one; CimInstanceProperties = @{ Enabled = [CimProperty]@{ Name = 'Enabled'; Value = $number } } }
    }
}

Export-ModuleMember -Function Get-NetFirewallProfile, Set-NetFirewallProfile, Get-NetFirewallRule, New-NetFirewallRule,
    Remove-NetFirewallRule, Set-NetFirewallRule
