# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .FirewallPlace
#AnsibleRequires -PowerShell .FirewallRule
#AnsibleRequires -PowerShell .FirewallStore
#AnsibleRequires -PowerShell .FirewallWords
#AnsibleRequires -PowerShell .WayIn

# What the driver `firewall_profile` changes: the profiles of the machine's own store, and rules of Leeboard's. Rules of
# anybody else stay as they are, and so does what a policy sets.
#
# The rule for the management networks comes first and is read back, and no profile is closed without it. Rules that
# nobody wants any more go last.

Set-StrictMode -Version 2.0

$script:Management = 'Leeboard-management'
$script:Closing = @{ Enabled = 'True'; DefaultInboundAction = 'Block' }

function Get-LeeboardFirewallProfileChange {
    <#
    .SYNOPSIS
    The edits that changes come to, in the order in which they are made. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value: True for PROFILE:Enabled, Block for PROFILE:DefaultInboundAction, words for
    management and openings.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    $wanted = @{}
    foreach ($change in $Changes) { $wanted[[string]$change.address] = $change.value }
    if (-not $wanted.Count) { return }
    $policy = Test-LeeboardLocalRule
    if ($policy) { Stop-Change "$policy is 0, so no rule of the machine's own counts; let the policy have the rules" }
    $own = Get-LeeboardOwnRule
    $rule = Get-ManagementRule $wanted $own
    if ($rule) { New-Edit "rule $script:Management" $own[$script:Management] $rule }
    $last = @()
    if ($wanted.ContainsKey('openings')) {
        $names = @{}
        foreach ($word in @(Split-LeeboardWord $wanted['openings'])) {
            $opening = ConvertTo-LeeboardOpeningRule $word
            if ($names.ContainsKey($opening.Name)) { Stop-Change "two of the openings come to one rule, $($opening.Name)" }
            $names[$opening.Name] = $true
            New-Edit "rule $($opening.Name)" $own[$opening.Name] $opening.Rule
        }
        $last = @($own.Keys | Where-Object { $_ -cne $script:Management -and -not $names.ContainsKey($_) })
    }
    # Closed before it is switched on.
    foreach ($name in 'DefaultInboundAction', 'Enabled') {
        foreach ($address in @($wanted.Keys | Where-Object { $_ -like "*:$name" } | Sort-Object)) {
            Get-ProfileEdit $address $wanted[$address]
        }
    }
    foreach ($name in $last) { New-Edit "rule $name" $own[$name] $null }
    $strange = @($wanted.Keys | Where-Object { $_ -notin 'management', 'openings' -and -not (Test-LeeboardProfileTarget $_) })
    if ($strange.Length) { Stop-Change "'$($strange[0])' cannot be changed by the driver firewall_profile" }
}

# The management rule as it has to be; an empty text where the one that is there does.
function Get-ManagementRule {
    param([hashtable]$Wanted, [System.Collections.IDictionary]$Own)

    $there = ''
    if ($Own.Contains($script:Management)) { $there = $Own[$script:Management] }
    if ($Wanted.ContainsKey('management')) {
        $networks = @(ConvertTo-LeeboardNetworkList $Wanted['management'])
        Assert-LeeboardLetsUsIn $networks
        return Join-LeeboardRule -Protocol tcp -Ports @(Get-LeeboardManagementPort) -From $networks
    }
    $closes = @($Wanted.Keys | Where-Object { $_ -like '*:*' })
    if ($closes.Length) {
        $networks = @()
        if ($there -and -not $there.StartsWith('off ')) { $networks = (Split-LeeboardRule $there).From }
        Assert-LeeboardLetsUsIn $networks
    }
    return ''
}

function Get-ProfileEdit {
    param([string]$Address, [object]$Value)

    if (-not (Test-LeeboardProfileTarget $Address)) { return }
    $name = $Address.Split(':')[1]
    if ([string]$Value -cne $script:Closing[$name]) { Stop-Change "$Address`: only $($script:Closing[$name]) is written" }
    $place = Get-LeeboardFirewallPlace -Target $Address
    if ($place.Owner) { Stop-Change "$Address`: it is set by $($place.Owner), and the machine's own would not count" }
    @{ Target = $Address; Before = $place.Now; After = @{ state = 'value'; type = 'firewall'; value = [string]$Value } }
}

function New-Edit {
    param([string]$Target, [AllowNull()][object]$Before, [AllowNull()][object]$After)

    $states = foreach ($text in $Before, $After) {
        if ($null -eq $text) { @{ state = 'absent' } } else { @{ state = 'value'; type = 'firewall'; value = [string]$text } }
    }
    @{ Target = $Target; Before = $states[0]; After = $states[1] }
}

function Set-LeeboardFirewallProfileChange {
    <#
    .SYNOPSIS
    Make edits, one by one, and look after each whether Windows has it.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Edits)

    foreach ($edit in $Edits) {
        if ($edit.Target -like 'rule *') { Write-Rule $edit.Target.Substring(5) $edit.After } else { Write-Profile $edit }
        Reset-LeeboardCache
        $now = (Get-LeeboardFirewallPlace -Target $edit.Target).Now
        $isSo = $now.state -eq $edit.After.state -and [string]$now['value'] -ceq [string]$edit.After['value']
        if (-not $isSo -and $edit.After.state -eq 'value') {
            throw (New-LeeboardProblem -Code failed -Why "Windows was given $($edit.Target), but does not have it so")
        }
    }
}

function Write-Rule {
    param([string]$Name, [System.Collections.IDictionary]$After)

    $exists = (Get-LeeboardOwnRule).Contains($Name)
    if ($After.state -ne 'value') {
        if ($exists) { Remove-LeeboardFirewallRule -Name $Name }
        return
    }
    Set-LeeboardFirewallRule -Name $Name -Rule $After.value -Exists:$exists
    if (-not $After.value.StartsWith('off ')) { Assert-LeeboardFirewallRule -Name $Name }
}

function Write-Profile {
    param([System.Collections.IDictionary]$Edit)

    $about, $name = $Edit.Target.Split(':')
    $value = 'NotConfigured'
    if ($Edit.After.state -eq 'value') { $value = $Edit.After.value }
    if ($value -ceq $script:Closing[$name]) { Assert-LeeboardFirewallRule -Name $script:Management }
    Set-LeeboardFirewallValue -About $about -Name $name -Value $value
}

function Get-LeeboardFirewallProfileCover {
    <#
    .SYNOPSIS
    What brings the device back: profiles and rules as they are now.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    $targets = @("rule $script:Management") + @((Get-LeeboardOwnRule).Keys | ForEach-Object { "rule $_" })
    foreach ($change in $Changes) {
        if (Test-LeeboardProfileTarget $change.address) {
            $targets += $change.address
        } elseif ($change.address -eq 'openings' -and $null -ne $change.value) {
            $targets += @(Split-LeeboardWord $change.value | ForEach-Object { "rule $((ConvertTo-LeeboardOpeningRule $_).Name)" })
        }
    }
    return @{ Firewall = [string[]]@($targets | Select-Object -Unique) }
}

function Stop-Change {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

Export-ModuleMember -Function Get-LeeboardFirewallProfileChange, Set-LeeboardFirewallProfileChange,
    Get-LeeboardFirewallProfileCover
