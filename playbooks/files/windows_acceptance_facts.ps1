# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
What playbooks/windows_acceptance.yml wants to know of MDM enrolments, OSConfig, DSC, the firewall's profiles and Modern
Standby on a real Windows, as one line of JSON.

.DESCRIPTION
It changes nothing and shares no code with the modules. No account and no address is named: whether an enrolment has a
discovery URL, and how many seconds of delay people chose. Of what OSConfig was given only the form is shown: names of
keys and values, ids with their letters and digits replaced, and the names of scenarios, which are Microsoft's.
#>

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# What -Do gives, or how it failed. With -List a list, of one thing and of none too.
function Get-Answer {
    param([scriptblock]$Do, [switch]$List)

    try {
        if ($List) { return , @(& $Do) }
        return & $Do
    } catch {
        return "$($_.Exception.GetType().Name), $($_.FullyQualifiedErrorId)"
    }
}

$machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$accounts = @(Get-Answer {
        $key = $machine.OpenSubKey('SOFTWARE\Microsoft\Provisioning\OMADM\Accounts')
        if ($null -ne $key) { $key.GetSubKeyNames() }
    })
# Which of the three signs of an enrolment each key has.
$enrolments = Get-Answer -List {
    $root = $machine.OpenSubKey('SOFTWARE\Microsoft\Enrollments')
    [object[]]@(foreach ($id in $root.GetSubKeyNames()) {
            $key = $root.OpenSubKey($id)
            [ordered]@{
                key = $id -replace '[0-9a-fA-F]', '9'; provider = [string]$key.GetValue('ProviderID')
                state = $key.GetValue('EnrollmentState'); type = $key.GetValue('EnrollmentType')
                has_discovery = [bool]$key.GetValue('DiscoveryServiceFullURL'); has_account = $accounts -contains $id
            }
        })
}
# How OSConfig's documents lie. No page has it: names of keys below each other, with the kinds of their values.
$declared = 'SOFTWARE\Microsoft\DeclaredConfiguration'
$script:MostLines = 200
function Get-Tree {
    param([Microsoft.Win32.RegistryKey]$Key, [string]$Path, [int]$Depth)

    foreach ($name in $Key.GetValueNames()) {
        $said = "$Path`:$name $($Key.GetValueKind($name))"
        if ($name -eq 'osconfigscenario') { $said += " = $($Key.GetValue($name))" }
        $said
    }
    foreach ($name in $Key.GetSubKeyNames()) {
        $shown = "$Path\$($name -replace '[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}', '{id}')"
        "$shown\"
        if ($Depth -lt 10) {
            $below = $Key.OpenSubKey($name)
            if ($null -ne $below) { try { Get-Tree $below $shown ($Depth + 1) } finally { $below.Dispose() } }
        }
    }
}
$documents = Get-Answer -List {
    $key = $machine.OpenSubKey($declared)
    [string[]]@(if ($null -ne $key) { Get-Tree $key '' 0 | Select-Object -First $script:MostLines })
}
# Whether who won in PolicyManager is somebody who has a document there, an MDM service with an account, or neither.
$withDocument = @(Get-Answer {
        $key = $machine.OpenSubKey("$declared\HostOS\Config\enrollments")
        if ($null -ne $key) { $key.GetSubKeyNames() }
    }) | ForEach-Object { "$_".Trim('{}') }
$winners = Get-Answer -List {
    $areas = $machine.OpenSubKey('SOFTWARE\Microsoft\PolicyManager\current\device')
    $found = foreach ($area in @(if ($null -ne $areas) { $areas.GetSubKeyNames() })) {
        $key = $areas.OpenSubKey($area)
        foreach ($name in @($key.GetValueNames() -like '*_WinningProvider')) {
            $id = "$($key.GetValue($name))".Trim('{}')
            $signs = @(
                if ($withDocument -contains $id) { 'a document' }
                if (@($accounts | ForEach-Object { $_.Trim('{}') }) -contains $id) { 'an account' }
            )
            "$area`: $([string]::Join(' and ', [string[]]$signs))"
        }
    }
    [string[]]@($found | Group-Object | Sort-Object -Property Name | ForEach-Object { "$($_.Name), $($_.Count)" })
}
# Which of DSC's documents there are, and what its own service says of itself: the one is how Leeboard tells DSC.
$dsc = [ordered]@{
    documents = Get-Answer -List {
        $folder = Join-Path -Path ([System.Environment]::SystemDirectory) -ChildPath 'Configuration'
        [string[]]@(if (Test-Path -LiteralPath $folder) {
                (New-Object -TypeName System.IO.DirectoryInfo -ArgumentList $folder).GetFiles('*.mof') |
                    ForEach-Object { $_.Name } | Sort-Object
            })
    }
    service = Get-Answer {
        $found = Get-DscLocalConfigurationManager -ErrorAction Stop
        "$($found.ConfigurationMode), $($found.RefreshMode), $($found.LCMState)"
    }
}
# The number that the instance has, its type, and the word that the types file makes of it.
$firewall = Get-Answer -List {
    [string[]]@(foreach ($one in Get-NetFirewallProfile -PolicyStore ActiveStore) {
            $found = $one.CimInstanceProperties
            foreach ($name in 'Enabled', 'DefaultInboundAction', 'DefaultOutboundAction') {
                "$($found['Name'].Value) $name $($found[$name].Value) $($found[$name].Value.GetType().Name) $($one.$name)"
            }
        })
}
$delays = Get-Answer -List {
    $users = [Microsoft.Win32.Registry]::Users
    [string[]]@(foreach ($sid in @($users.GetSubKeyNames()) -match '^S-1-(5-21|12-1)-[0-9-]+$') {
            $key = $users.OpenSubKey("$sid\Control Panel\Desktop")
            $value = if ($null -ne $key) { $key.GetValue('DelayLockInterval') }
            if ($null -eq $value) { 'none' } else { "$value" }
        })
}
$sleeps = Get-Answer { [string]::Join("`n", [string[]]@(& "$env:SystemRoot\System32\powercfg.exe" /a)) }

ConvertTo-Json -Depth 4 -Compress -InputObject ([ordered]@{
        enrolments = $enrolments; omadm_accounts = $accounts.Length; firewall = $firewall; delays = $delays
        os_config = [ordered]@{ documents = $documents; winners = $winners }; dsc = $dsc
        sleeps = $sleeps -replace '[^\x20-\x7e\n]', '?'
    })
