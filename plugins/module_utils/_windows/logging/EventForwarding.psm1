# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..system.EventLogSource
#AnsibleRequires -PowerShell ..system.RegistryKey

# The driver `event_forwarding`: which Windows event collectors the device asks for subscriptions, how that is protected
# on the way, and whether it works.
#
# EventForwarding.admx: a list of values in one policy key, whatever their names, each
# "Server=URL,Refresh=SECONDS,IssuerCA=THUMBPRINT". In a domain Kerberos encrypts what goes over http as well
# (MicrosoftDocs/windows-itpro-docs, use-windows-event-forwarding-to-assist-in-intrusion-detection). Events of the
# forwarder: the manifest of its provider, as third-party lists show it. EventForwardingChange.psm1 writes.

Set-StrictMode -Version 2.0

$script:Driver = 'event_forwarding'
$script:Key = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager'
$script:Provider = 'Microsoft-Windows-Forwarding'
# 100, 101: a subscription was made; 104: the collector was reached; 102, 105: one of both failed.
$script:Working, $script:Failing = @(100, 101, 104), @(102, 105)
$script:Days = 30

function Read-LeeboardEventForwarding {
    <#
    .SYNOPSIS
    A reading for each address.
    .DESCRIPTION
    collector: the collectors' URLs, with blanks between them. protection: how the worst protected of them is reached, `https`, `kerberos` (http
    in a domain) or `plain`. issuers: those for which no authority is named. connected: whether the newest event of
    the forwarder is a good one.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if ($address -cnotin 'collector', 'protection', 'issuers', 'connected') {
                throw (New-LeeboardProblem -Code malformed -Why "'$address' is no address of the driver $script:Driver")
            }
            $set = @(Get-LeeboardSubscription)
            $owner = if ($set.Length) { Get-Owner $set }
            if ($owner) { $owner = $owner.Owner }
            if ($address -ceq 'connected') {
                $aspect = Get-ConnectedAspect
            } elseif (-not $set.Length) {
                $aspect = New-LeeboardAbsent -Source "$script:Key names no collector"
            } else {
                $aspect = Get-Aspect $address $set
            }
            New-LeeboardReading -Driver $script:Driver -Address $address -Effective $aspect -Owner ([string]$owner)
        }
    }
    return $readings
}

function Get-LeeboardSubscription {
    <#
    .SYNOPSIS
    The entries of the policy, by name: @{Name; Text; Url; Options}. Url is empty where the entry names no server;
    Options are the other parts of the entry, in their order.
    #>
    $key = Open-LeeboardKey $script:Key
    if ($null -eq $key) { return }
    try {
        foreach ($name in @($key.GetValueNames() | Where-Object { $_ } | Sort-Object)) {
            $text = [string](Get-LeeboardRegistryValue $key $name).value
            $parts = @($text -split ',' | ForEach-Object { $_.Trim() } | Where-Object { $_ })
            $server = @($parts | Where-Object { $_ -match '^Server\s*=\s*\S' })
            $url = if ($server.Length) { ($server[0] -split '=', 2)[1].Trim() } else { '' }
            $options = @($parts | Where-Object { $_ -notmatch '^Server\s*=' })
            @{ Name = $name; Text = $text; Url = $url; Options = $options }
        }
    } finally {
        $key.Dispose()
    }
}

function Get-Owner {
    param([object[]]$Set)

    foreach ($one in $Set) {
        $found = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $script:Key -Name $one.Name }
        if ($found.Owner) { return $found }
    }
}

function Get-Aspect {
    param([string]$Address, [object[]]$Set)

    $source = "$script:Key`: $([string]::Join(', ', [string[]]@($Set | ForEach-Object { $_.Name })))"
    switch ($Address) {
        'collector' {
            $urls = @($Set | ForEach-Object { if ($_.Url) { $_.Url } else { $_.Text } } | Select-Object -Unique)
            return New-LeeboardValue -Value ([string]::Join(' ', [string[]]$urls)) -Type string -Source $source
        }
        'protection' {
            $words = @($Set | ForEach-Object { Get-Protection $_.Url })
            $worst = @('plain', 'kerberos', 'https' | Where-Object { $words -contains $_ })[0]
            return New-LeeboardValue -Value $worst -Type string -Source $source
        }
        'issuers' {
            # A thumbprint is the SHA-1 of a certificate in hexadecimal digits, which people like to copy with blanks.
            $bare = [string[]]@($Set | Where-Object {
                    -not @($_.Options | Where-Object { ($_ -replace '\s') -match '^IssuerCA=[0-9A-Fa-f]{40}$' }).Length
                } | ForEach-Object { if ($_.Url) { $_.Url } else { $_.Text } })
            return New-LeeboardValue -Value $bare -Type list -Source $source
        }
    }
}

function Get-Protection {
    param([string]$Url)

    if ($Url -match '^https://') { return 'https' }
    $system = @(Get-LeeboardCim -ClassName Win32_ComputerSystem)
    if (-not $system.Length) {
        throw (New-LeeboardProblem -Code failed -Why 'Windows does not say whether it is a member of a domain')
    }
    if ($Url -match '^http://' -and $system[0].PartOfDomain) { return 'kerberos' }
    return 'plain'
}

function Get-ConnectedAspect {
    $log = "$script:Provider/Operational"
    $since = (Get-LeeboardNow).AddDays(-$script:Days)
    $ids = $script:Working + $script:Failing
    $found = @(Get-LeeboardEvent -Log $log -Provider $script:Provider -Id $ids -Since $since)
    if (-not $found.Length) {
        return New-LeeboardAbsent -Source "$log tells of no collector in the last $script:Days days"
    }
    $id = [int]$found[0].SelectSingleNode('//*[local-name()="EventID"]').InnerText
    # Neither its number nor its time: both are others each night, where nothing has changed.
    $isGood = $script:Working -contains $id
    $said = if ($isGood) { 'a collector was reached' } else { 'a collector was not reached' }
    return New-LeeboardValue -Value $isGood -Type bool -Source "$log, its newest event: $said"
}

Export-ModuleMember -Function Read-LeeboardEventForwarding, Get-LeeboardSubscription
