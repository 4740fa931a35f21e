# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .FirewallProfile
#AnsibleRequires -PowerShell .FirewallRule
#AnsibleRequires -PowerShell .FirewallWords

# The places that the driver `firewall_profile` writes, as journal, undo and checkpoint name them: `Public:Enabled` is the
# value of a profile in the machine's own store, `rule NAME` a rule of Leeboard's there.

Set-StrictMode -Version 2.0

$script:Local = 'HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$script:Target = '\A(?<profile>Domain|Private|Public):(?<name>Enabled|DefaultInboundAction)\z'
$script:Keys = @{ Domain = 'DomainProfile'; Private = 'StandardProfile'; Public = 'PublicProfile' }
$script:Names = @{ Enabled = 'EnableFirewall'; DefaultInboundAction = 'DefaultInboundAction' }
$script:Words = @{
    Enabled = @{ '0' = 'False'; '1' = 'True' }
    DefaultInboundAction = @{ '0' = 'Allow'; '1' = 'Block' }
}

function Test-LeeboardProfileTarget {
    <#
    .SYNOPSIS
    Whether a place is a value of a profile that is written.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Target)

    return $Target -cmatch $script:Target
}

function Get-LeeboardFirewallPlace {
    <#
    .SYNOPSIS
    @{Now; Owner} of a place: what is there as @{state; type; value}, and which policy sets it.
    #>
    param([Parameter(Mandatory = $true)][string]$Target)

    if ($Target -clike 'rule *') {
        $own, $name = (Get-LeeboardOwnRule), $Target.Substring(5)
        if (-not $own.Contains($name)) { return @{ Now = @{ state = 'absent' }; Owner = '' } }
        return @{ Now = @{ state = 'value'; type = 'firewall'; value = $own[$name] }; Owner = '' }
    }
    $stored = Get-Stored $Target
    $owner = (Read-LeeboardFirewallProfile -Addresses @($Target))[$Target]['owner']
    if (-not $owner) { $owner = '' }
    if ($stored.Found.state -ne 'value') { return @{ Now = @{ state = 'absent' }; Owner = $owner } }
    $word = $script:Words[$stored.Kind][[string]$stored.Found.value]
    if (-not $word) { throw (New-LeeboardProblem -Code malformed -Why "$($stored.At) is '$($stored.Found.value)'") }
    return @{ Now = @{ state = 'value'; type = 'firewall'; value = $word }; Owner = $owner }
}

function Read-LeeboardFirewallPlace {
    <#
    .SYNOPSIS
    The same as readings, by place, for the undo.
    #>
    param([Parameter(Mandatory = $true)][string[]]$Addresses)

    $readings = @{}
    foreach ($target in $Addresses) {
        $place = Get-LeeboardFirewallPlace -Target $target
        $readings[$target] = @{ effective = $place.Now; owner = $place.Owner }
    }
    return $readings
}

function Get-LeeboardFirewallPlan {
    <#
    .SYNOPSIS
    The line of the checkpoint's plan for a place (checkpoint/Plan.psm1).
    #>
    param([Parameter(Mandatory = $true)][string]$Target)

    if ($Target -clike 'rule *') {
        $name = $Target.Substring(5)
        $now = (Get-LeeboardFirewallPlace -Target $Target).Now
        if ($now.state -ne 'value') { return "rule`t$name`tabsent" }
        $parts = Split-LeeboardRule $now.value
        if ($null -eq $parts) {
            throw (New-LeeboardProblem -Code refused -Why (
                    "the rule $name was changed by hand and could not be brought back; take it away (Remove-NetFirewallRule)"))
        }
        $from = 'Any'
        if ($parts.From.Length) { $from = [string]::Join(',', $parts.From) }
        $raw = (Get-LeeboardMachineValue -Path "$script:Local\FirewallRules" -Name $name).value
        $code = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes([string]$raw))
        $on = if ($parts.On) { 'True' } else { 'False' }
        return [string]::Join("`t", [string[]]@(
                'rule', $name, $parts.Protocol.ToUpperInvariant(), [string]::Join(',', $parts.Ports), $from, $on, $code))
    }
    $stored = Get-Stored $Target
    $about, $name = $Target.Split(':')
    $now = (Get-LeeboardFirewallPlace -Target $Target).Now
    if ($now.state -ne 'value') { return "profile`t$about`t$name`tNotConfigured" }
    return "profile`t$about`t$name`t$($now.value)`t$($stored.Key)`t$($stored.Name)`t$($stored.Found.value)"
}

# @{Found; Key; Name; Kind; At} of a value of a profile.
function Get-Stored {
    param([string]$Target)

    if ($Target -cnotmatch $script:Target) {
        throw (New-LeeboardProblem -Code refused -Why "'$Target' is no place of the driver firewall_profile")
    }
    $kind = $Matches['name']
    $key, $name = $script:Keys[$Matches['profile']], $script:Names[$kind]
    $found = Get-LeeboardMachineValue -Path "$script:Local\$key" -Name $name
    return @{ Found = $found; Key = $key; Name = $name; Kind = $kind; At = "$script:Local\$key`:$name" }
}

Export-ModuleMember -Function Test-LeeboardProfileTarget, Get-LeeboardFirewallPlace, Read-LeeboardFirewallPlace,
    Get-LeeboardFirewallPlan
