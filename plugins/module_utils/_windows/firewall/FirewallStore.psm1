# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .FirewallWords

# What is written of Windows Firewall: the machine's own store, with the cmdlets of NetSecurity in a runspace that can be
# left behind. They take effect at once, which values in the registry do not, and the new connection that confirms a change
# is to meet what is there from now on.

Set-StrictMode -Version 2.0

$script:Store, $script:Group = 'PersistentStore', 'Leeboard'
$script:Patience = 40
$script:On = 1  # MSFT_NetFirewallRule.Enabled

function Set-LeeboardFirewallValue {
    <#
    .SYNOPSIS
    Set a value of a profile of the machine's own store: True or False, Block or Allow, NotConfigured.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$About,
        [Parameter(Mandatory = $true)][string]$Name,
        [Parameter(Mandatory = $true)][string]$Value
    )

    [void](Invoke-Firewall "set $About`:$Name" {
            param($query)
            [void]$query.AddCommand('Set-NetFirewallProfile').AddParameter('Name', $About)
            [void]$query.AddParameter('PolicyStore', $script:Store).AddParameter($Name, $Value)
        })
}

function Set-LeeboardFirewallRule {
    <#
    .SYNOPSIS
    Make a rule that lets in, or bring one of this name to what it should be in one step, so that nobody is shut out between.
    .PARAMETER Rule
    PROTOCOL PORTS SOURCES.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Name,
        [Parameter(Mandatory = $true)][string]$Rule,
        [switch]$Exists
    )

    $parts = Split-LeeboardRule $Rule
    if ($null -eq $parts) { throw (New-LeeboardProblem -Code refused -Why "'$Rule' is no rule that can be written") }
    $from, $on = [string[]]@('Any'), $(if ($parts.On) { 'True' } else { 'False' })
    if ($parts.From.Length) { $from = $parts.From }
    [void](Invoke-Firewall "write the rule $Name" {
            param($query)
            if ($Exists) {
                [void]$query.AddCommand('Set-NetFirewallRule')
                # Whatever somebody narrowed it to.
                foreach ($open in 'LocalAddress', 'RemotePort', 'Program', 'Service', 'InterfaceType') {
                    [void]$query.AddParameter($open, 'Any')
                }
            } else {
                [void]$query.AddCommand('New-NetFirewallRule').AddParameter('Group', $script:Group)
                [void]$query.AddParameter('DisplayName', $Name)
            }
            [void]$query.AddParameter('Name', $Name).AddParameter('PolicyStore', $script:Store)
            [void]$query.AddParameter('Enabled', $on).AddParameter('Direction', 'Inbound')
            [void]$query.AddParameter('Action', 'Allow').AddParameter('Profile', 'Any')
            [void]$query.AddParameter('Protocol', $parts.Protocol.ToUpperInvariant())
            [void]$query.AddParameter('LocalPort', $parts.Ports).AddParameter('RemoteAddress', $from)
        })
}

function Remove-LeeboardFirewallRule {
    <#
    .SYNOPSIS
    Take a rule of the machine's own store away.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    [void](Invoke-Firewall "take the rule $Name away" {
            param($query)
            [void]$query.AddCommand('Remove-NetFirewallRule').AddParameter('Name', $Name)
            [void]$query.AddParameter('PolicyStore', $script:Store)
        })
}

function Assert-LeeboardFirewallRule {
    <#
    .SYNOPSIS
    Throw the problem failed unless a rule is among those that are active and on.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $found = @(Invoke-Firewall "show the rule $Name" {
            param($query)
            [void]$query.AddCommand('Get-NetFirewallRule').AddParameter('Name', $Name)
            [void]$query.AddParameter('PolicyStore', 'ActiveStore')
        })
    if (-not $found.Length -or $found[0].CimInstanceProperties['Enabled'].Value -ne $script:On) {
        throw (New-LeeboardProblem -Code failed -Why "Windows took the rule $Name, but does not have it among the active ones")
    }
}

function Invoke-Firewall {
    param([string]$What, [scriptblock]$Add)

    try {
        return Invoke-LeeboardBounded -What 'the firewall' -PatienceSeconds $script:Patience -Add {
            param($query)
            & $Add $query
            [void]$query.AddParameter('ErrorAction', 'Stop')
        }
    } catch {
        $problem = $_.Exception
        if ($problem.Data.Contains('LeeboardCode')) { throw }
        while ($null -ne $problem.InnerException) { $problem = $problem.InnerException }
        throw (New-LeeboardProblem -Code failed -Why "the firewall did not $What`: $($problem.Message.Trim())")
    }
}

Export-ModuleMember -Function Set-LeeboardFirewallValue, Set-LeeboardFirewallRule, Remove-LeeboardFirewallRule,
    Assert-LeeboardFirewallRule
