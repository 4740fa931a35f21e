<#
Stand-in for the cmdlets of Windows Firewall. Its stores are the real places in the registry: group policy, MDM and the
machine's own; the ActiveStore is their sum, with what Windows does where none of them says anything. C:\standins\state\
firewall.json holds how it misbehaves: {"behaviour": {"mode": "denied" | "deaf" | "fail" | "rubbish"}}.

Sources: MicrosoftDocs/windows-powershell-docs, docset/winserver2025-ps/NetSecurity, Get- and Set-NetFirewallProfile
(parameters, names of the values, the defaults True, Block and Allow). The numbers of the enumerations and the errors are
recalled.
#>

Set-StrictMode -Version 2.0

enum GpoBoolean { False = 0; True = 1; NotConfigured = 2 }
enum FirewallAction { NotConfigured = 0; Allow = 2; Block = 4 }

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

function ConvertTo-Enum([string]$Name, [object]$Number) {
    if ($Name -eq 'Enabled') {
        if ($null -eq $Number) { return [GpoBoolean]::NotConfigured }
        return [GpoBoolean][int]$Number
    }
    if ($null -eq $Number) { return [FirewallAction]::NotConfigured }
    if ([int]$Number) { [FirewallAction]::Block } else { [FirewallAction]::Allow }
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
        $shown = [ordered]@{ Name = $one; Profile = $one }
        foreach ($value in $named.Keys) {
            $number = if ($PolicyStore -eq 'ActiveStore') {
                $found = @($stores.Keys | ForEach-Object { Get-Stored $_ $one $value } | Where-Object { $null -ne $_ })
                if ($found.Count) { $found[0] } else { $built[$value] }
            } else { Get-Stored PersistentStore $one $value }
            $shown[$value] = if ($behaviour['mode'] -eq 'rubbish') { 'Perhaps' } else { ConvertTo-Enum $value $number }
        }
        [pscustomobject]$shown
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
