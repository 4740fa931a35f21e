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
        [ValidateSet('True', 'False')][string]$Enabled,
        [ValidateSet('Allow', 'Block')][string]$DefaultInboundAction, [ValidateSet('Allow', 'Block')][string]$DefaultOutboundAction
    )
    foreach ($one in $Name) {
        $key = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey("$own\$($stores.PersistentStore[$one])")
        foreach ($value in $named.Keys | Where-Object { $PSBoundParameters.ContainsKey($_) }) {
            $key.SetValue($named[$value], [int]($PSBoundParameters[$value] -in 'True', 'Block'), 'DWord')
        }
    }
}

Export-ModuleMember -Function Get-NetFirewallProfile, Set-NetFirewallProfile
