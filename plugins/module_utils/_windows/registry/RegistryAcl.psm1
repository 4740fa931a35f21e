# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.Profiles
#AnsibleRequires -PowerShell ..system.RegistryKey

# The driver `registry_acl`: who besides administrators may write to a key, HKLM\KEY or HKCU\KEY. It only reads.
#
# Accounts are told apart by SID, since their names are translated. The value is a list of "SID name" texts.

Set-StrictMode -Version 2.0

$script:Driver = 'registry_acl'
$script:Grammar = '\A(HKLM|HKCU)(\\[^\\:]+)+\z'
# https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers
$script:Trusted = @{
    'S-1-5-32-544' = 'Administrators'
    'S-1-5-18' = 'SYSTEM'
    'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464' = 'TrustedInstaller'
    'S-1-3-0' = 'CREATOR OWNER'
}
$script:OwnerRights = 'S-1-3-4'
# https://learn.microsoft.com/windows/win32/sysinfo/registry-key-security-and-access-rights: set a value, create a subkey,
# create a link, delete, change permissions, take ownership; and generic write and generic all.
$script:Writing = 0x2 -bor 0x4 -bor 0x20 -bor 0x10000 -bor 0x40000 -bor 0x80000 -bor 0x40000000 -bor 0x10000000

function Read-LeeboardRegistryAcl {
    <#
    .SYNOPSIS
    The readings of who may write to keys, by address.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $answers = New-Object -TypeName System.Collections.Specialized.OrderedDictionary
    $personal = @($Addresses | Where-Object { $_ -cmatch $script:Grammar -and $_.StartsWith('HKCU\') })
    $theirs = @{}
    if ($personal.Length) {
        $theirs = Read-LeeboardProfile -Driver $script:Driver -Addresses $personal -Look {
            param($root, $address)

            Get-Writing (Open-LeeboardSubkey $root $address.Substring('HKCU\'.Length))
        } -Source { param($address) "permissions of $address" }
    }
    foreach ($address in $Addresses) {
        if ($personal -ccontains $address) {
            $answers[$address] = $theirs[$address]
        } else {
            $answers[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
                Get-MachineReading $address
            }
        }
    }
    return $answers
}

function Get-MachineReading {
    param([string]$Address)

    if ($Address -cnotmatch $script:Grammar) {
        throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
    }
    $found = Get-Writing (Open-LeeboardKey $Address)
    if ($found.state -eq 'absent') {
        $aspect = New-LeeboardAbsent -Source "$Address`: there is no such key"
    } else {
        $aspect = New-LeeboardValue -Value $found.value -Type $found.type -Source "permissions of $Address"
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect
}

# Who may write to an open key, which is disposed of here; absent for no key.
function Get-Writing {
    param([AllowNull()][Microsoft.Win32.RegistryKey]$Key)

    if ($null -eq $Key) {
        return @{ state = 'absent' }
    }
    try {
        $bytes = $Key.GetAccessControl('Access, Owner').GetSecurityDescriptorBinaryForm()
    } finally {
        $Key.Dispose()
    }
    $descriptor = New-Object -TypeName System.Security.AccessControl.RawSecurityDescriptor -ArgumentList $bytes, 0
    $names = [string[]]@(Get-Writer $descriptor | ForEach-Object { "$_ $(Get-LeeboardAccountName $_)" })
    return @{ state = 'value'; value = $names; type = 'list' }
}

# The SIDs that a security descriptor lets write, without those that are trusted.
#
# Entries that deny are left out of account: which of them wins depends on their order and on the groups of whoever
# asks. So an account that is both allowed and denied is named, and none that may write is hidden.
function Get-Writer {
    param([System.Security.AccessControl.RawSecurityDescriptor]$Descriptor)

    $found = New-Object -TypeName 'System.Collections.Generic.SortedSet[string]' -ArgumentList ([StringComparer]::Ordinal)
    if ($null -ne $Descriptor.Owner) {
        [void]$found.Add($Descriptor.Owner.Value)  # an owner may always change the permissions
    }
    if ($null -eq $Descriptor.DiscretionaryAcl) {
        [void]$found.Add('S-1-1-0')  # no list at all: everybody may do everything
    }
    foreach ($entry in $Descriptor.DiscretionaryAcl) {
        $inheritOnly = $entry.AceFlags -band [System.Security.AccessControl.AceFlags]::InheritOnly
        if ($inheritOnly -or -not ($entry -is [System.Security.AccessControl.QualifiedAce])) {
            continue
        }
        if ($entry.AceQualifier -eq 'AccessAllowed' -and ($entry.AccessMask -band $script:Writing)) {
            [void]$found.Add($entry.SecurityIdentifier.Value)
        }
    }
    # "Owner rights" are those of the owner, who is in the list already.
    $found | Where-Object { -not $script:Trusted.ContainsKey($_) -and $_ -ne $script:OwnerRights }
}

Export-ModuleMember -Function Read-LeeboardRegistryAcl
