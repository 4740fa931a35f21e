#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..module_utils._windows.Reading
#AnsibleRequires -PowerShell ..module_utils._windows.System
#AnsibleRequires -PowerShell ..module_utils._windows.Native
#AnsibleRequires -PowerShell ..module_utils._windows.Identity
#AnsibleRequires -PowerShell ..module_utils._windows.Facts
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryKey
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryStart
#AnsibleRequires -PowerShell ..module_utils._windows.Registry
#AnsibleRequires -PowerShell ..module_utils._windows.ToolFile
#AnsibleRequires -PowerShell ..module_utils._windows.DefaultProfile
#AnsibleRequires -PowerShell ..module_utils._windows.SignedIn
#AnsibleRequires -PowerShell ..module_utils._windows.Profiles
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryPol
#AnsibleRequires -PowerShell ..module_utils._windows.UserPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryUser
#AnsibleRequires -PowerShell ..module_utils._windows.RegistryAcl
#AnsibleRequires -PowerShell ..module_utils._windows.AuditCsv
#AnsibleRequires -PowerShell ..module_utils._windows.SecurityTemplate
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicySource
#AnsibleRequires -PowerShell ..module_utils._windows.GroupPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.Places
#AnsibleRequires -PowerShell ..module_utils._windows.AccessText
#AnsibleRequires -PowerShell ..module_utils._windows.EventLogSource
#AnsibleRequires -PowerShell ..module_utils._windows.AuditPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.EventLog
#AnsibleRequires -PowerShell ..module_utils._windows.EventForwarding
#AnsibleRequires -PowerShell ..module_utils._windows.SecurityExport
#AnsibleRequires -PowerShell ..module_utils._windows.AccountLockout
#AnsibleRequires -PowerShell ..module_utils._windows.UserRight
#AnsibleRequires -PowerShell ..module_utils._windows.BitLockerVolume
#AnsibleRequires -PowerShell ..module_utils._windows.BitLockerKept
#AnsibleRequires -PowerShell ..module_utils._windows.BitLockerPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.BitLockerStart
#AnsibleRequires -PowerShell ..module_utils._windows.PowerPolicy
#AnsibleRequires -PowerShell ..module_utils._windows.ServiceState
#AnsibleRequires -PowerShell ..module_utils._windows.PolicyPlace
#AnsibleRequires -PowerShell ..module_utils._windows.RemoteDesktop
#AnsibleRequires -PowerShell ..module_utils._windows.WinRm
#AnsibleRequires -PowerShell ..module_utils._windows.FirewallProfile
#AnsibleRequires -PowerShell ..module_utils._windows.Phonebook
#AnsibleRequires -PowerShell ..module_utils._windows.VpnConnection
#AnsibleRequires -PowerShell ..module_utils._windows.Certificates
#AnsibleRequires -PowerShell ..module_utils._windows.WindowsTime
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
