#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

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
