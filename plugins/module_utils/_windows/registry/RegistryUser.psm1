# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..group_policy.UserPolicy
#AnsibleRequires -PowerShell ..system.Profiles
#AnsibleRequires -PowerShell ..system.RegistryKey

# The driver `registry_user`: values in the registry of every person and of the default profile, HKCU\KEY:VALUE. It only
# reads.

Set-StrictMode -Version 2.0

$script:Driver = 'registry_user'

function Read-LeeboardRegistryUser {
    <#
    .SYNOPSIS
    The readings of values of every person, by address.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    return Read-LeeboardProfile -Driver $script:Driver -Addresses $Addresses -Look {
        param($root, $address)

        $path, $name = Split-LeeboardValueAddress HKCU $address $script:Driver
        $key = Open-LeeboardSubkey $root $path.Substring('HKCU\'.Length)
        if ($null -eq $key) {
            return @{ state = 'absent' }
        }
        try {
            Get-LeeboardRegistryValue $key $name
        } finally {
            $key.Dispose()
        }
    } -Source { param($address) $address.Split(':')[0] } -Policy {
        param($sid, $address)

        $path, $name = Split-LeeboardValueAddress HKCU $address $script:Driver
        Test-LeeboardUserPolicy -Sid $sid -Key $path.Substring('HKCU\'.Length) -Name $name
    }
}

Export-ModuleMember -Function Read-LeeboardRegistryUser
