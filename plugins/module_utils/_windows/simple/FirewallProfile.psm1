# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.PolicyPlace

# The driver `firewall_profile`: what Windows Firewall does on each kind of network, as it is active. An address is
# PROFILE:NAME. It only reads: a slip would cut off whoever manages the machine.
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
            Get-FirewallReading $address
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
    $effective = try { Get-Active $about $name $came } catch {
        $problem = ConvertTo-LeeboardProblem $_
        New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $effective `
        -Configured $came.Configured -Owner $owner
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
