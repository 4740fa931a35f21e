# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.PolicyPlace
#AnsibleRequires -PowerShell ..remote.WinRm
#AnsibleRequires -PowerShell .FirewallRule
#AnsibleRequires -PowerShell .FirewallWords

# The driver `firewall_profile`: what Windows Firewall does on each kind of network, as it is active, and what rules of
# Leeboard's let in. An address is PROFILE:NAME, `management` or `openings` (FirewallWords.psm1). What it writes is
# FirewallChange.psm1's.
#
# The store ActiveStore is the sum of all others (Microsoft, Get-NetFirewallProfile). Its values are numbers of 16 bits
# (microsoft/wmi, MSFT_NetFirewallProfile): the words for them are members of the module's types file, which only the
# runspace that runs the cmdlet has. So the numbers are read, as the instance itself has them; what they mean is in
# public code (tests/windows/standins/README.md). From which store a value comes is told by the registry: the group
# policy, then what an MDM service set, then the machine's own. In the registry the private network is StandardProfile,
# but in the policy PrivateProfile (windows_settings.csv).

Set-StrictMode -Version 2.0

$script:Driver = 'firewall_profile'
$script:Grammar = '\A(?<profile>Domain|Private|Public):(?<name>Enabled|DefaultInboundAction|DefaultOutboundAction)\z'
$script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall'
$script:Local = 'HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$script:Keys = @{ Domain = 'DomainProfile'; Private = 'StandardProfile'; Public = 'PublicProfile' }
$script:Values = @{
    Enabled = 'EnableFirewall'
    DefaultInboundAction = 'DefaultInboundAction'; DefaultOutboundAction = 'DefaultOutboundAction'
}
# Numbers in the registry, which are not those of the enumerations.
$script:Words = @{
    Enabled               = @{ '0' = 'False'; '1' = 'True' }
    DefaultInboundAction  = @{ '0' = 'Allow'; '1' = 'Block' }
    DefaultOutboundAction = @{ '0' = 'Allow'; '1' = 'Block' }
}
# Numbers of the enumerations GpoBoolean and Action.
$script:Active = @{
    Enabled               = @{ 0 = 'False'; 1 = 'True'; 2 = 'NotConfigured' }
    DefaultInboundAction  = @{ 0 = 'NotConfigured'; 2 = 'Allow'; 4 = 'Block' }
    DefaultOutboundAction = @{ 0 = 'NotConfigured'; 2 = 'Allow'; 4 = 'Block' }
}
$script:Management = 'Leeboard-management'
$script:Patience = 25

function Read-LeeboardFirewallProfile {
    <#
    .SYNOPSIS
    A reading for each address: effective is what is active, configured what the group policy says.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if ($address -cin 'management', 'openings') { Get-WordReading $address } else { Get-FirewallReading $address }
        }
    }
    return $readings
}

function Get-FirewallReading {
    param([string]$Address)

    if ($Address -cnotmatch $script:Grammar) {
        throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
    }
    $about, $name = $Matches['profile'], $Matches['name']
    $words = $script:Words[$name]
    $convert = {
        param($found)
        $said = [string]$found.value
        if ($words.ContainsKey($said)) { $said = $words[$said] }
        @{ state = 'value'; type = 'string'; value = $said }
    }.GetNewClosure()
    $key, $value = $script:Keys[$about], $script:Values[$name]
    $came = Resolve-LeeboardPolicy -Places @(
        @{ Path = "$script:Policy\${about}Profile"; Name = $value; Convert = $convert }
        @{ Path = "$script:Local\Mdm\$key"; Name = $value; Convert = $convert }
        @{ Path = "$script:Local\$key"; Name = $value; Convert = $convert }
    )
    $owner = $came.Owner
    if (-not $owner -and $came.Effective.source.StartsWith("$script:Local\Mdm\")) { $owner = 'an MDM service' }
    # Whoever wrote it, the machine's own store, which is what Leeboard writes, does not count.
    if (-not $owner -and $came.IsPolicy) { $owner = "$script:Policy, which counts before the machine's own" }
    $effective = try { Get-Active $about $name $came } catch {
        $problem = ConvertTo-LeeboardProblem $_
        New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
    }
    if ($name -eq 'DefaultInboundAction' -and $effective.state -eq 'value' -and $effective.value -ceq 'Block') {
        Add-OpenRule $effective $about
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $effective `
        -Configured $came.Configured -Owner $owner
}

# What strangers meet all the same, by single rules. They cannot be read: then nothing is said, since no verdict rests on it.
function Add-OpenRule {
    param([System.Collections.IDictionary]$Aspect, [string]$About)

    try { $said = Get-LeeboardOpenRule -About $About } catch { return }
    if (-not $said) { return }
    if ($Aspect.Contains('note')) { $said = "$($Aspect.note); $said" }
    $Aspect['note'] = $said
}

# What rules of ours let in. Without any it is absent as long as the machine keeps strangers out by itself, or a policy does
# not; else "none", so that a roll-out closes it.
function Get-WordReading {
    param([string]$Address)

    $own = Get-LeeboardOwnRule
    if ($own.Count) {
        $value = if ($Address -eq 'management') { Get-ManagementWord $own } else { Get-OpeningWord $own }
        $aspect = New-LeeboardValue -Value $value -Type string -Source "rules of the firewall's own store, by their names"
    } else {
        $open = Find-OpenProfile
        if ($open) {
            $aspect = New-LeeboardValue -Value none -Type string -Source $open
        } else {
            $aspect = New-LeeboardAbsent -Source 'the firewall keeps strangers out without rules of Leeboard''s'
        }
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect
}

# Where Windows Firewall lets strangers in, or is off, by its own store; an empty text where it does not.
function Find-OpenProfile {
    foreach ($about in 'Domain', 'Private', 'Public') {
        foreach ($name in 'Enabled', 'DefaultInboundAction') {
            $reading = Get-FirewallReading "$about`:$name"
            if ($reading.effective.state -eq 'unreadable') {
                throw (New-LeeboardProblem -Code $reading.effective.code -Why $reading.effective.why)
            }
            $isOpen = $reading.effective.state -eq 'value' -and $reading.effective.value -cin 'False', 'Allow'
            if ($isOpen -and -not $reading.Contains('owner')) { return "$about`:$name is $($reading.effective.value)" }
        }
    }
    return ''
}

# The networks of the management rule, as long as it is on and about each port on which WinRM listens.
function Get-ManagementWord {
    param([System.Collections.IDictionary]$Own)

    if (-not $Own.Contains($script:Management)) { return 'none' }
    $rule = Split-LeeboardRule $Own[$script:Management]
    if ($null -eq $rule -or -not $rule.On) { return 'none' }
    if (@(Get-LeeboardListenedPort | Where-Object { $rule.Ports -cnotcontains $_ }).Length) { return 'none' }
    if (-not $rule.From.Length) { return 'any' }
    return [string]::Join(' ', $rule.From)
}

function Get-OpeningWord {
    param([System.Collections.IDictionary]$Own)

    $words = foreach ($name in @($Own.Keys | Where-Object { $_ -cne $script:Management })) {
        $rule = Split-LeeboardRule $Own[$name]
        if ($null -eq $rule -or -not $rule.On) {
            "$name`:changed"
            continue
        }
        foreach ($ports in $rule.Ports) {
            if (-not $rule.From.Length) { "$($rule.Protocol):$ports" }
            foreach ($from in $rule.From) { "$($rule.Protocol):$ports@$from" }
        }
    }
    if (-not $words) { return 'none' }
    return [string]::Join(' ', [string[]]@($words | Sort-Object -Unique))
}

# What is active, with the store that it comes from and each that says something else in vain.
function Get-Active {
    param([string]$About, [string]$Name, [hashtable]$Came)

    $profiles = (Get-LeeboardOnce -Name 'active firewall profiles' -Read { @{ ByName = (Read-Active) } }).ByName
    if (-not $profiles.ContainsKey($About)) {
        throw (New-LeeboardProblem -Code failed -Why "the firewall's ActiveStore has no profile $About")
    }
    $number = $profiles[$About][$Name]
    $active = if ($number -is [int]) { $script:Active[$Name][$number] }
    if (-not $active) {
        throw (New-LeeboardProblem -Code malformed -Why "the firewall's ActiveStore says '$number' of $About`:$Name")
    }
    $note = if ($Came.Effective.Contains('note')) { $Came.Effective.note } else { '' }
    if ($active -ceq 'NotConfigured') {
        return New-LeeboardAbsent -Source "the firewall's ActiveStore: not configured" -Note $note
    }
    $source = "the firewall's ActiveStore"
    if ($Came.Found.state -eq 'value') {
        if ($Came.Found.value -eq $active) {
            $source = "$source, from $($Came.Effective.source)"
        } else {
            $note = (@("$($Came.Effective.source) is $($Came.Found.value), but that is not what is active", $note) |
                    Where-Object { $_ }) -join '; '
        }
    }
    return New-LeeboardValue -Value $active -Type string -Source $source -Note $note
}

# profile -> {Enabled; DefaultInboundAction; DefaultOutboundAction} as numbers; what is no number as it is
function Read-Active {
    try {
        $found = @(Invoke-LeeboardBounded -What "the firewall's ActiveStore" -PatienceSeconds $script:Patience -Add {
                param($query)
                [void]$query.AddCommand('Get-NetFirewallProfile').AddParameter('PolicyStore', 'ActiveStore')
                [void]$query.AddParameter('ErrorAction', 'Stop')
            })
    } catch {
        $problem = $_.Exception
        if ($problem.Data.Contains('LeeboardCode')) { throw }
        throw (ConvertTo-FirewallProblem $problem)
    }
    $profiles = @{}
    foreach ($one in $found) {
        $properties = $one.CimInstanceProperties
        $numbers = @{}
        foreach ($name in $script:Values.Keys) {
            $value = $properties[$name].Value
            $numbers[$name] = if ($value -is [uint16]) { [int]$value } else { [string]$value }
        }
        $profiles[[string]$properties['Name'].Value] = $numbers
    }
    return $profiles
}

function ConvertTo-FirewallProblem {
    param([System.Exception]$Problem)

    while ($null -ne $Problem.InnerException) { $Problem = $Problem.InnerException }
    $code = 'failed'
    if ($Problem -is [System.Management.Automation.CommandNotFoundException]) { $code = 'missing_tool' }
    $number = '{0:x8}' -f $Problem.HResult
    $id = $Problem.PSObject.Properties['MessageId']
    if ($id -and $id.Value -match '0x([0-9a-f]{8})') { $number = $Matches[1].ToLowerInvariant() }
    # Access denied, of Windows and of WMI.
    if ($number -in '80070005', '80041003', '00000005') { $code = Get-LeeboardDenial }
    return New-LeeboardProblem -Code $code -Why "the firewall does not say what is active: $($Problem.Message.Trim())"
}

Export-ModuleMember -Function Read-LeeboardFirewallProfile
