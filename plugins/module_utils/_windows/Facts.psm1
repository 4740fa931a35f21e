# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .checkpoint.Status
#AnsibleRequires -PowerShell .engine.Host
#AnsibleRequires -PowerShell .engine.Reading
#AnsibleRequires -PowerShell .mdm.Enrolment
#AnsibleRequires -PowerShell .mdm.OsConfig
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
# Microsoft, GetProductInfo function, and winnt.h for the editions of schools: the numbers of OperatingSystemSKU. Those
# of servers are not told apart.
$script:Editions = [ordered]@{
    home = 98, 99, 100, 101
    pro = 48, 49, 103, 161, 162, 164, 165
    education = 121, 122
    enterprise = 4, 27, 70, 72, 84, 125, 126, 129, 130
}
$script:DscDocuments = 'Current.mof', 'Pending.mof'
$script:Shares = 'print$', 'SYSVOL', 'NETLOGON'
$script:BitLocker = 'root\CIMV2\Security\MicrosoftVolumeEncryption'
$script:Readers = 'HKLM\SOFTWARE\Microsoft\Cryptography\Calais\Readers'

function Get-LeeboardFact {
    <#
    .SYNOPSIS
    Every fact as an aspect, by name.
    #>
    $finders = [ordered]@{
        windows_kind = { Get-WindowsKind }
        edition = { Get-Edition }
        chassis = { Get-Chassis }
        smart_cards = { Get-SmartCard }
        bitlocker_os_volume = { Get-BitLocker }
        mdm_enrolled = { Get-Enrolment }
        configured_by = { Get-Configurer }
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

# Which edition this is: it decides what the machine can have at all. By number, since names are translated.
function Get-Edition {
    $system = Get-One Win32_OperatingSystem
    if ($null -eq $system.OperatingSystemSKU) {
        throw (New-LeeboardProblem -Code failed -Why 'Win32_OperatingSystem does not say its OperatingSystemSKU')
    }
    $number = [long]$system.OperatingSystemSKU
    $edition = 'other'
    foreach ($name in $script:Editions.Keys) {
        if ($script:Editions[$name] -contains $number) { $edition = $name }
    }
    if ($edition -ceq 'other' -and [int]$system.ProductType -ne 1) { $edition = 'server' }
    return New-LeeboardValue -Value $edition -Type string -Source "Win32_OperatingSystem.OperatingSystemSKU: $number"
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

# Whether an MDM service manages this machine. Where that is in doubt it is unreadable.
function Get-Enrolment {
    $found = Get-LeeboardEnrolment
    foreach ($one in $found.Live.Values) {
        return New-LeeboardValue -Value $true -Type bool -Source "$($one.Path): $($one.Provider)"
    }
    if ($found.Doubts.Length) {
        $why = "whether an MDM service manages this device cannot be told: $($found.Doubts[0])"
        throw (New-LeeboardProblem -Code malformed -Why $why)
    }
    return New-LeeboardValue -Value $false -Type bool -Source $found.Source
}

# What keeps this machine to a configuration of its own, beside group policies and MDM services: OSConfig by its scenarios,
# and DSC where it holds a document (PowerShell-Docs-DSC, Remove-DscConfigurationDocument: current, pending). What DSC sets
# is in that document, which is encrypted; so its values have no owner here.
function Get-Configurer {
    $found = @((Get-LeeboardOsConfig).Scenarios | Where-Object { $_ } | ForEach-Object { "osconfig: $_" })
    $folder = [System.IO.Path]::Combine([string]$env:SystemRoot, 'System32', 'Configuration')
    foreach ($name in $script:DscDocuments) {
        if ([System.IO.File]::Exists([System.IO.Path]::Combine($folder, $name))) {
            $found = @('dsc') + $found
            break
        }
    }
    return New-LeeboardValue -Value ([string[]]$found) -Type list -Source "DeclaredConfiguration, $folder"
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
