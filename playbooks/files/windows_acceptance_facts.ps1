# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
What playbooks/windows_acceptance.yml wants to know of MDM enrolments, the firewall's profiles and Modern Standby on a
real Windows, as one line of JSON.

.DESCRIPTION
It changes nothing and shares no code with the modules. No account and no address is named: whether an enrolment has a
discovery URL, and how many seconds of delay people chose.
#>

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# What -Do gives, or how it failed.
function Get-Answer {
    param([scriptblock]$Do)

    try {
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
$enrolments = Get-Answer {
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
# The number that the instance has, its type, and the word that the types file makes of it.
$firewall = Get-Answer {
    [string[]]@(foreach ($one in Get-NetFirewallProfile -PolicyStore ActiveStore) {
            $found = $one.CimInstanceProperties
            foreach ($name in 'Enabled', 'DefaultInboundAction', 'DefaultOutboundAction') {
                "$($found['Name'].Value) $name $($found[$name].Value) $($found[$name].Value.GetType().Name) $($one.$name)"
            }
        })
}
$delays = Get-Answer {
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
        sleeps = $sleeps -replace '[^\x20-\x7e\n]', '?'
    })
