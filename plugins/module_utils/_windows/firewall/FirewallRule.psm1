# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .FirewallWords

# The rules of Windows Firewall, as their stores have them in the registry: one value a rule, by the rule's id, in the
# words of [MS-GPFAS] 2.2.2.19 ("v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5986|RA4=10.20.0.0/255.255.0.0|").
# The cmdlets would take seconds for the hundreds of rules that a Windows has, and a visit asks every night.
#
# Rules of Leeboard's are in the machine's own store, with names that begin with these words. Whatever else has a rule of
# such a name but not in this form was changed by hand.

Set-StrictMode -Version 2.0

$script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall'
$script:Local = 'HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$script:Own = '\ALeeboard-(management|opening-[a-z]+-[0-9a-z_.-]+)\z'
$script:Protocols = @{ '6' = 'tcp'; '17' = 'udp' }
# What a rule of ours has, besides its name and group; anything else narrows or widens it.
$script:Known = 'Action', 'Active', 'Dir', 'Protocol', 'LPort', 'RA4', 'RA6', 'Name', 'Desc', 'EmbedCtxt'
$script:MostNamed = 8

function Get-LeeboardOwnRule {
    <#
    .SYNOPSIS
    The rules of Leeboard's by their names: PROTOCOL PORTS SOURCES, or an empty text for one that was changed by hand.
    #>
    $kept = Get-LeeboardOnce -Name "Leeboard's rules of the firewall" -Read {
        $found = [ordered]@{}
        $stored = Get-Stored "$script:Local\FirewallRules"
        foreach ($name in @($stored.Keys | Sort-Object)) {
            if ($name -cmatch $script:Own) { $found[$name] = ConvertTo-OwnRule $stored[$name] }
        }
        @{ Rules = $found }
    }
    return $kept.Rules
}

function Get-LeeboardOpenRule {
    <#
    .SYNOPSIS
    What lets strangers in on a kind of network, rule by rule, in words; an empty text for nothing. For people: how a rule
    may be narrowed is not all known here.
    .PARAMETER About
    Domain, Private or Public.
    #>
    param([Parameter(Mandatory = $true)][string]$About)

    $all = (Get-LeeboardOnce -Name 'rules of the firewall that let everybody in' -Read { @{ Rules = @(Find-Open) } }).Rules
    $here = @($all | Where-Object { -not $_.Profiles.Length -or $_.Profiles -contains $About } | ForEach-Object { $_.Words })
    if (-not $here.Length) { return '' }
    $shown = [string]::Join(', ', [string[]]@($here | Sort-Object | Select-Object -First $script:MostNamed))
    if ($here.Length -gt $script:MostNamed) { $shown += " and $($here.Length - $script:MostNamed) more" }
    return "rules let everybody in: $shown"
}

function Test-LeeboardLocalRule {
    <#
    .SYNOPSIS
    The policy that lets no rules of the machine's own count, or an empty text where they count everywhere.
    #>
    foreach ($key in 'DomainProfile', 'PrivateProfile', 'PublicProfile') {
        $mdm = $key.Replace('Private', 'Standard')
        foreach ($path in "$script:Policy\$key", "$script:Local\Mdm\$mdm") {
            $found = Get-LeeboardMachineValue -Path $path -Name AllowLocalPolicyMerge
            if ($found.state -eq 'value' -and [string]$found.value -eq '0') { return "$path`:AllowLocalPolicyMerge" }
        }
    }
    return ''
}

# Rule id -> text, of one store.
function Get-Stored {
    param([string]$Path)

    $rules = @{}
    $key = Open-LeeboardKey $Path
    if ($null -eq $key) { return $rules }
    try {
        foreach ($name in $key.GetValueNames()) { $rules[$name] = [string]$key.GetValue($name) }
    } finally {
        $key.Dispose()
    }
    return $rules
}

# Field -> its values. Later versions of the grammar have their own names of fields: LPort2_10 is for ranges.
function Split-Stored {
    param([string]$Text)

    $fields = @{}
    foreach ($part in $Text.Split('|')) {
        $name, $value = $part -split '=', 2
        if ($null -eq $value) { continue }
        if ($name -match '\A(LPort|RA4|RA6)\d+(_\d+)?\z') { $name = $Matches[1] }
        $fields[$name] = @($fields[$name] | Where-Object { $null -ne $_ }) + @($value)
    }
    return $fields
}

function ConvertTo-OwnRule {
    param([string]$Text)

    $fields = Split-Stored $Text
    $others = @($fields.Keys | Where-Object { $script:Known -cnotcontains $_ })
    $protocol = $script:Protocols[[string]$fields['Protocol']]
    if ($others.Length -or "$($fields['Action'])" -ne 'Allow' -or "$($fields['Dir'])" -ne 'In' -or -not $protocol) {
        return ''
    }
    $from = @(@($fields['RA4']) + @($fields['RA6']) | Where-Object { $null -ne $_ } |
            ForEach-Object { ConvertTo-LeeboardNetwork $_ })
    if ($from -contains '') { return '' }
    $ports = @($fields['LPort'] | Where-Object { $null -ne $_ })
    $rule = Join-LeeboardRule -Protocol $protocol -Ports $ports -From $from
    if ("$($fields['Active'])" -ne 'TRUE') { $rule = "off $rule" }
    if ($null -eq (Split-LeeboardRule $rule)) { return '' }
    return $rule
}

function Find-Open {
    $stores = "$script:Policy\FirewallRules", "$script:Local\Mdm\FirewallRules", "$script:Local\FirewallRules"
    foreach ($store in $stores) {
        $rules = Get-Stored $store
        foreach ($name in $rules.Keys) {
            $text = $rules[$name]
            # Most of some 500 rules end here, before they are taken apart.
            if (-not ($text.Contains('|Action=Allow|') -and $text.Contains('|Active=TRUE|') -and $text.Contains('|Dir=In|')) -or
                $text.Contains('|RA4') -or $text.Contains('|RA6')) { continue }
            $fields = Split-Stored $text
            $limits = @('RPort', 'RUAuth', 'RMAuth', 'IF', 'AppPkgId' | Where-Object { $fields.ContainsKey($_) })
            $protocol = $script:Protocols[[string]$fields['Protocol']]
            if (-not $fields.ContainsKey('Protocol')) { $protocol = 'any protocol' }
            if ($limits.Length -or -not $protocol) { continue }
            $ports = @($fields['LPort'] | Where-Object { $null -ne $_ })
            $said = if ($ports.Length) { "$protocol $([string]::Join(' ', [string[]]$ports))" } else { $protocol }
            @{ Words = "$name ($said)"; Profiles = @($fields['Profile'] | Where-Object { $null -ne $_ }) }
        }
    }
}

Export-ModuleMember -Function Get-LeeboardOwnRule, Get-LeeboardOpenRule, Test-LeeboardLocalRule
