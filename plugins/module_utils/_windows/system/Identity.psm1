# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell .RegistryKey

# What tells this machine from another: serial, uuid, machine_id, os. Makers' placeholders are passed on: the brain knows
# them.

Set-StrictMode -Version 2.0

$script:Cryptography = 'HKLM\SOFTWARE\Microsoft\Cryptography'
$script:Longest = 200  # characters

function Get-LeeboardIdentity {
    <#
    .SYNOPSIS
    The four aspects by name, each a text.
    #>
    return [ordered]@{
        serial = Get-Part { Get-CimText Win32_BIOS SerialNumber }
        uuid = Get-Part { Get-CimText Win32_ComputerSystemProduct UUID -Lower }
        machine_id = Get-Part { Get-MachineId }
        os = Get-Part { Get-System }
    }
}

function Get-Part {
    param([scriptblock]$Find)

    try {
        return & $Find
    } catch {
        $problem = ConvertTo-LeeboardProblem $_
        return New-LeeboardUnreadable -Code $problem.Code -Why $problem.Why
    }
}

function Get-CimText {
    param([string]$ClassName, [string]$Property, [switch]$Lower)

    $instance = @(Get-LeeboardCim -ClassName $ClassName)
    $text = if ($instance.Length) { ([string]$instance[0].$Property).Trim() } else { '' }
    return New-Text $text "$ClassName.$Property" -Lower:$Lower
}

function New-Text {
    param([AllowEmptyString()][string]$Text, [string]$Source, [switch]$Lower)

    if (-not $Text) {
        return New-LeeboardAbsent -Source $Source
    }
    if ($Lower) { $Text = $Text.ToLowerInvariant() }
    $Text = $Text.Substring(0, [System.Math]::Min($Text.Length, $script:Longest))
    return New-LeeboardValue -Value $Text -Type string -Source $Source
}

# Windows makes MachineGuid when it is installed; it is written here as Linux writes its machine-id.
function Get-MachineId {
    $found = Get-LeeboardMachineValue $script:Cryptography 'MachineGuid'
    $digits = if ($found.state -eq 'value') { ([string]$found.value).Trim().Trim('{', '}').Replace('-', '') } else { '' }
    return New-Text $digits "$script:Cryptography`:MachineGuid" -Lower
}

# Made of numbers, since the name of the edition is translated: Windows 10.0.26100 client.
function Get-System {
    $instance = @(Get-LeeboardCim -ClassName Win32_OperatingSystem)
    if (-not $instance.Length) {
        return New-LeeboardAbsent -Source 'Win32_OperatingSystem'
    }
    $kind = if ([int]$instance[0].ProductType -eq 1) { 'client' } else { 'server' }
    return New-Text "Windows $($instance[0].Version) $kind" 'Win32_OperatingSystem.Version, ProductType'
}

Export-ModuleMember -Function Get-LeeboardIdentity
