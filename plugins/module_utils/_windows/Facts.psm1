# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .checkpoint.Status
#AnsibleRequires -PowerShell .engine.Host
#AnsibleRequires -PowerShell .engine.Reading
#AnsibleRequires -PowerShell .system.Native
#AnsibleRequires -PowerShell .system.RegistryKey
#AnsibleRequires -PowerShell .vpn.VpnConnection

# What kind of machine this is: the facts that decide which controls apply. A fact that cannot be read is unreadable,
# never a guess.

Set-StrictMode -Version 2.0

# SMBIOS 3.7, table 17; the same as in _linux/facts.py.
$script:Kinds = [ordered]@{
    portable = 8, 9, 10, 11, 14, 30, 31, 32
    desktop = 3, 4, 5, 6, 7, 13, 15, 16, 24, 35, 36
    server = 17, 23, 25, 28, 29
}
# https://learn.microsoft.com/windows/win32/cimwin32prov/win32-operatingsystem: ProductType
$script:ProductTypes = @{ 1 = 'client'; 2 = 'domain_controller'; 3 = 'server' }
$script:Shares = 'print$', 'SYSVOL', 'NETLOGON'
$script:BitLocker = 'root\CIMV2\Security\MicrosoftVolumeEncryption'
$script:Readers = 'HKLM\SOFTWARE\Microsoft\Cryptography\Calais\Readers'
$script:Enrollments = 'HKLM\SOFTWARE\Microsoft\Enrollments'
$script:Accounts = 'HKLM\SOFTWARE\Microsoft\Provisioning\OMADM\Accounts'
$script:Shipped = 'Local Authority', 'Cloud Authority', 'Deploy Authority', 'WMI_Bridge_SCCM_Server'

function Get-LeeboardFact {
    <#
    .SYNOPSIS
    Every fact as an aspect, by name.
    #>
    $finders = [ordered]@{
        windows_kind = { Get-WindowsKind }
        chassis = { Get-Chassis }
        smart_cards = { Get-SmartCard }
        bitlocker_os_volume = { Get-BitLocker }
        mdm_enrolled = { Get-Enrolment }
        modern_standby = { Get-ModernStandby }
        domain = { Get-Domain }
        shared_folders = { Get-SharedFolder }
        checkpoint = { Get-LeeboardCheckpointFact }
        vpn = { Get-LeeboardVpnFact }  # its source is the driver's own
    }
    $facts = [ordered]@{}
    foreach ($name in $finders.Keys) {
        try {
            $facts[$name] = & $finders[$name]
        } catch {
            $problem = ConvertTo-LeeboardProblem $_
            $facts[$name] = New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
        }
    }
    return $facts
}

# The one instance of a CIM class.
function Get-One {
    param([string]$ClassName)

    $found = @(Get-LeeboardCim -ClassName $ClassName)
    if (-not $found.Length) {
        throw (New-LeeboardProblem -Code failed -Why "CIM has no instance of $ClassName")
    }
    return $found[0]
}

function Get-WindowsKind {
    $number = [int](Get-One Win32_OperatingSystem).ProductType
    if (-not $script:ProductTypes.ContainsKey($number)) {
        throw (New-LeeboardProblem -Code malformed -Why "Win32_OperatingSystem.ProductType is $number")
    }
    return New-LeeboardValue -Value $script:ProductTypes[$number] -Type string -Source 'Win32_OperatingSystem.ProductType'
}

function Get-Chassis {
    $source = 'Win32_SystemEnclosure.ChassisTypes'
    $codes = @(Get-LeeboardCim -ClassName Win32_SystemEnclosure | ForEach-Object { $_.ChassisTypes } |
            Where-Object { $null -ne $_ })
    if (-not $codes.Length) {
        return New-LeeboardAbsent -Source $source
    }
    # The first enclosure is the machine; a docking station comes after it.
    $kind = 'other'
    foreach ($name in $script:Kinds.Keys) {
        if ($script:Kinds[$name] -contains [int]$codes[0]) { $kind = $name }
    }
    return New-LeeboardValue -Value $kind -Type string -Source "$source`: $($codes[0])"
}

# Windows keeps a key for each reader it has met. Recalled, so it is to be tried on a real machine.
function Get-SmartCard {
    $readers = @(Get-LeeboardSubkeyName $script:Readers)
    return New-LeeboardValue -Value ([bool]$readers.Length) -Type bool -Source $script:Readers
}

function Get-BitLocker {
    $source = "Win32_EncryptableVolume in $script:BitLocker"
    try {
        $volumes = @(Get-LeeboardCim -ClassName Win32_EncryptableVolume -Namespace $script:BitLocker)
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        if ($problem.Code -ne 'missing_tool') { throw }
        # The Home edition and a server without the feature.
        return New-LeeboardValue -Value $false -Type bool -Source "$source`: this Windows has no BitLocker"
    }
    $started = @($volumes | Where-Object { $_.VolumeType -eq 0 })
    if (-not $started.Length) {
        throw (New-LeeboardProblem -Code failed -Why "$source has no volume that Windows starts from")
    }
    # By its method: the property of the same name was seen to say 1 of a decrypted drive, on Windows 11 24H2
    # (https://github.com/osquery/osquery/pull/8931).
    $answer = @(Invoke-LeeboardCimMethod -Instance $started[0] -MethodName GetProtectionStatus |
            Where-Object { $null -ne $_ })
    if (-not $answer.Length -or $answer[0].ReturnValue -ne 0 -or $answer[0].ProtectionStatus -notin 0, 1) {
        throw (New-LeeboardProblem -Code failed -Why "$source does not say whether the volume of Windows is protected")
    }
    $isProtected = $answer[0].ProtectionStatus -eq 1
    return New-LeeboardValue -Value $isProtected -Type bool -Source "$source`: GetProtectionStatus"
}

# Whether an MDM service manages this machine. Three signs belong to it: below Enrollments the state 1 and the URL at
# which the service was found, and an account of OMA DM under the same id. Two of them alone are unreadable, since that is
# an enrolment under way, a broken one or the rest of one. Windows ships four keys that have a name and the state 1 and
# nothing more, and those say nothing. Microsoft documents none of these keys; that they are so is in public code, which
# tests/windows/standins/README.md names.
function Get-Enrolment {
    $accounts = @(Get-LeeboardSubkeyName $script:Accounts)
    $doubts = @()
    foreach ($id in Get-LeeboardSubkeyName $script:Enrollments) {
        $path = "$script:Enrollments\$id"
        $provider, $state, $discovery = 'ProviderID', 'EnrollmentState', 'DiscoveryServiceFullURL' | ForEach-Object {
            [string](Get-LeeboardMachineValue $path $_)['value']
        }
        if (-not $discovery -and $script:Shipped -contains $provider) { continue }
        $signs = [ordered]@{
            'the state 1' = $state -eq '1'; 'a discovery URL' = [bool]$discovery
            'an account of OMA DM' = $accounts -contains $id
        }
        $has = @($signs.Keys | Where-Object { $signs[$_] })
        if ($has.Length -eq $signs.Count) {
            return New-LeeboardValue -Value $true -Type bool -Source "$path`: $provider"
        }
        if ($has.Length -eq $signs.Count - 1) {
            $lacks = @($signs.Keys | Where-Object { -not $signs[$_] })
            $doubts += "$path ($provider) has $($has[0]) and $($has[1]), but not $($lacks[0])"
        }
    }
    if ($doubts.Length) {
        $why = "whether an MDM service manages this device cannot be told: $($doubts[0])"
        throw (New-LeeboardProblem -Code malformed -Why $why)
    }
    return New-LeeboardValue -Value $false -Type bool -Source $script:Enrollments
}

function Get-ModernStandby {
    return New-LeeboardValue -Value (Test-LeeboardModernStandby) -Type bool -Source 'GetPwrCapabilities: AoAc'
}

function Get-Domain {
    $system = Get-One Win32_ComputerSystem
    $source = 'Win32_ComputerSystem.PartOfDomain, Domain'
    if (-not $system.PartOfDomain) {
        return New-LeeboardAbsent -Source $source
    }
    return New-LeeboardValue -Value ([string]$system.Domain) -Type string -Source $source
}

# Whether the machine shares folders of its own: not those that Windows shares for administrators, printers or a domain.
# https://learn.microsoft.com/windows/win32/cimwin32prov/win32-share: Type 0 is a disk that is not for administrators
function Get-SharedFolder {
    $folders = @(Get-LeeboardCim -ClassName Win32_Share | Where-Object { $_.Type -eq 0 })
    $shares = @($folders | Where-Object { $_.Name -notin $script:Shares })
    return New-LeeboardValue -Value ([bool]$shares.Length) -Type bool -Source 'Win32_Share.Type, Name'
}

Export-ModuleMember -Function Get-LeeboardFact
