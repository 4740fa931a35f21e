#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..module_utils._windows.engine.Reading
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Host
#AnsibleRequires -PowerShell ..module_utils._windows.system.Native
#AnsibleRequires -PowerShell ..module_utils._windows.system.Identity
#AnsibleRequires -PowerShell ..module_utils._windows.Facts
#AnsibleRequires -PowerShell ..module_utils._windows.system.RegistryKey
#AnsibleRequires -PowerShell ..module_utils._windows.registry.RegistryStart
#AnsibleRequires -PowerShell ..module_utils._windows.registry.Registry
#AnsibleRequires -PowerShell ..module_utils._windows.engine.ToolFile
#AnsibleRequires -PowerShell ..module_utils._windows.system.DefaultProfile
#AnsibleRequires -PowerShell ..module_utils._windows.system.SignedIn
#AnsibleRequires -PowerShell ..module_utils._windows.system.Profiles
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.RegistryPol
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.UserPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.registry.RegistryUser
#AnsibleRequires -PowerShell ..module_utils._windows.registry.RegistryAcl
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.AuditCsv
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.SecurityTemplate
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.GroupPolicySource
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.Places
#AnsibleRequires -PowerShell ..module_utils._windows.logging.AccessText
#AnsibleRequires -PowerShell ..module_utils._windows.system.EventLogSource
#AnsibleRequires -PowerShell ..module_utils._windows.security_policy.AuditPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.logging.EventLog
#AnsibleRequires -PowerShell ..module_utils._windows.logging.EventForwarding
#AnsibleRequires -PowerShell ..module_utils._windows.security_policy.SecurityExport
#AnsibleRequires -PowerShell ..module_utils._windows.security_policy.AccountLockout
#AnsibleRequires -PowerShell ..module_utils._windows.security_policy.UserRight
#AnsibleRequires -PowerShell ..module_utils._windows.bitlocker.BitLockerVolume
#AnsibleRequires -PowerShell ..module_utils._windows.bitlocker.BitLockerKept
#AnsibleRequires -PowerShell ..module_utils._windows.bitlocker.BitLockerPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.bitlocker.BitLockerStart
#AnsibleRequires -PowerShell ..module_utils._windows.simple.PowerPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.simple.ServiceState
#AnsibleRequires -PowerShell ..module_utils._windows.group_policy.PolicyPlace
#AnsibleRequires -PowerShell ..module_utils._windows.remote.RemoteDesktop
#AnsibleRequires -PowerShell ..module_utils._windows.remote.WinRm
#AnsibleRequires -PowerShell ..module_utils._windows.simple.FirewallProfile
#AnsibleRequires -PowerShell ..module_utils._windows.vpn.Phonebook
#AnsibleRequires -PowerShell ..module_utils._windows.vpn.VpnConnection
#AnsibleRequires -PowerShell ..module_utils._windows.remote.Certificates
#AnsibleRequires -PowerShell ..module_utils._windows.simple.WindowsTime
#AnsibleRequires -PowerShell ..module_utils._windows.Visit

if ([Environment]::OSVersion.Platform -ne 'Win32NT') {
    throw 'this is not Windows; correct leeboard_platform in the inventory'
}
# Not Ansible.Basic: it is more than half of what a ping sends, and is compiled on the device at each visit.

foreach ($name in @($complex_args.Keys)) {
    if ($name -notin 'addresses', 'challenge' -and -not $name.StartsWith('_ansible_')) {
        throw "there is no option $name"
    }
}
$addresses = $complex_args['addresses']
if ($addresses -isnot [System.Collections.IDictionary]) { throw 'addresses must be a dictionary of lists' }
foreach ($driver in $addresses.Keys) {
    $wanted = $addresses[$driver]
    if ($wanted -isnot [System.Collections.IList] -or @($wanted | Where-Object { $_ -isnot [string] })) {
        throw "addresses.$driver must be a list of texts"
    }
}

$challenge = [string]$complex_args['challenge']
if ($challenge -cnotmatch '\A[0-9a-z]{0,64}\z') { throw 'challenge must be at most 64 small letters and digits' }

$observation = Get-LeeboardObservation -Addresses $addresses -Challenge $challenge
ConvertTo-Json -InputObject @{ changed = $false; observation = $observation } -Depth 12 -Compress
