# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.Native
#AnsibleRequires -PowerShell ..system.RegistryKey

# What the next start depends on: the TPM by the methods of Win32_Tpm, Secure Boot, and what waits for the start.
#
# Firmware: Windows hands a capsule to the firmware at the next start where Phase is 1 below
# HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources\{GUID} (recalled, and seen in third-party scripts).
# Secure Boot: HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot, AvailableUpdates, a mask of updates to come (Microsoft,
# KB5025885 and KB5068202); 0x4000 stays when all are done (recalled).
# Boot configuration: an element of the boot manager or of the Windows that it starts by default, written since the last
# start, if BitLocker checks it by default ("Boot Configuration Data settings and BitLocker"). A deleted one is not seen.

Set-StrictMode -Version 2.0

$script:Namespace = 'root\CIMV2\Security\MicrosoftTpm'
$script:Firmware = 'HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources'
$script:SecureBoot = 'HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot'
$script:Objects = 'HKLM\BCD00000000\Objects'
$script:Manager = '{9dea862c-5cdd-4e70-acc1-f32b344d4795}'
$script:DefaultEntry = '23000003'
$script:UpdatePhase = 1
$script:Done = 0x4000
$script:Checked = @(
    '11000001', '12000002', '12000030', '16000010', '16000040', '16000041', '16000048', '16000049', '16000060',
    '1600007b', '22000002', '22000011', '22000012', '22000053', '25000020', '25000052', '26000022', '26000025',
    '26000081', '260000a0', '260000f2', '26000116')
$script:Methods = @{ 'tpm-enabled' = 'IsEnabled'; 'tpm-activated' = 'IsActivated'; 'tpm-owned' = 'IsOwned' }

function Get-LeeboardStart {
    <#
    .SYNOPSIS
    The part `start` of the volume of Windows.
    #>
    $start = [ordered]@{ secure_boot = $null; tpm = $null; coming = $null; troubles = @{} }
    $finders = [ordered]@{ secure_boot = { Get-SecureBoot }; tpm = { Get-Tpm }; coming = { , (Get-Coming) } }
    foreach ($name in $finders.Keys) {
        try {
            $start[$name] = & $finders[$name]
        } catch {
            $start.troubles[$name] = New-LeeboardTrouble $_
        }
    }
    return $start
}

function Get-LeeboardTpmAspect {
    <#
    .SYNOPSIS
    What an address such as tpm-version says; absent where Windows sees no TPM.
    #>
    param([Parameter(Mandatory = $true)][string]$Address)

    $source = "Win32_Tpm in $script:Namespace"
    $tpm = Get-Instance
    if ($null -eq $tpm) {
        return New-LeeboardAbsent -Source $source -Note 'Windows sees no TPM'
    }
    if ($Address -ceq 'tpm-version') {
        $text = [string]$tpm.SpecVersion
        if ($text -notmatch '\A\s*(\d+)') {
            throw (New-LeeboardProblem -Code malformed -Why "Win32_Tpm.SpecVersion is '$text'")
        }
        return New-LeeboardValue -Value ([int]$Matches[1]) -Type dword -Source "$source`: SpecVersion $text"
    }
    $method = $script:Methods[$Address]
    return New-LeeboardValue -Value (Invoke-Tpm $tpm $method).$method -Type bool -Source "$source`: $method"
}

# The one instance; nothing where Windows sees no TPM.
function Get-Instance {
    try {
        $found = @(Get-LeeboardCim -ClassName Win32_Tpm -Namespace $script:Namespace)
    } catch {
        if ((ConvertTo-LeeboardProblem $_).Code -ne 'missing_tool') { throw }
        return
    }
    if ($found.Length) { return $found[0] }
}

function Invoke-Tpm {
    param([object]$Tpm, [string]$Method)

    return Get-LeeboardOnce -Name "tpm $Method" -Read {
        $answer = @(Invoke-LeeboardCimMethod -Instance $Tpm -MethodName $Method)
        if (-not $answer.Length -or $answer[0].ReturnValue -ne 0) {
            $code = if ($answer.Length) { 'with 0x{0:x8}' -f [long]$answer[0].ReturnValue } else { 'without an answer' }
            throw (New-LeeboardProblem -Code failed -Why "Win32_Tpm.$Method failed $code")
        }
        $answer[0]
    }
}

function Get-Tpm {
    $tpm = Get-Instance
    if ($null -eq $tpm) {
        return [ordered]@{ present = $false }
    }
    return [ordered]@{
        present = $true
        enabled = [bool](Invoke-Tpm $tpm IsEnabled).IsEnabled
        activated = [bool](Invoke-Tpm $tpm IsActivated).IsActivated
        owned = [bool](Invoke-Tpm $tpm IsOwned).IsOwned
        needs = [long](Invoke-Tpm $tpm IsReadyInformation).Information
    }
}

function Get-SecureBoot {
    $enabled = Get-LeeboardMachineValue -Path "$script:SecureBoot\State" -Name UEFISecureBootEnabled
    if ($enabled.state -eq 'absent') { return 'none' }
    if ($enabled.value -eq 1) { return 'on' }
    return 'off'
}

# What waits for the next start, as a list.
function Get-Coming {
    $coming = @(Get-ComingFirmware) + @(Get-ComingSecureBoot) + @(Get-ComingBootConfiguration)
    return , [object[]]@($coming | Where-Object { $_ })
}

function Get-ComingFirmware {
    foreach ($id in Get-LeeboardSubkeyName $script:Firmware) {
        $phase = Get-LeeboardMachineValue -Path "$script:Firmware\$id" -Name Phase
        if ($phase.state -ne 'value' -or $phase.value -ne $script:UpdatePhase) { continue }
        $version = Get-LeeboardMachineValue -Path "$script:Firmware\$id" -Name Version
        $to = if ($version.state -eq 'value') { " to version $($version.value)" } else { '' }
        @{ kind = 'firmware'; what = "an update of the firmware $id$to waits for the next start" }
    }
}

function Get-ComingSecureBoot {
    foreach ($key in $script:SecureBoot, "$script:SecureBoot\Servicing") {
        $found = Get-LeeboardMachineValue -Path $key -Name AvailableUpdates
        if ($found.state -ne 'value' -or $found.type -ne 'dword') { continue }
        $left = [long]$found.value -band -bnot [long]$script:Done
        if ($left) {
            return @{ kind = 'secure_boot'; what = ('updates of Secure Boot (0x{0:x}) are under way' -f $left) }
        }
    }
}

function Get-ComingBootConfiguration {
    $objects = @($script:Manager)
    $default = Get-LeeboardMachineValue -Path "$script:Objects\$script:Manager\Elements\$script:DefaultEntry" -Name Element
    if ($default.state -eq 'value') { $objects += [string]$default.value }
    foreach ($object in $objects) {
        $elements = "$script:Objects\$object\Elements"
        foreach ($id in Get-LeeboardSubkeyName $elements) {
            if ($script:Checked -notcontains $id) { continue }
            $key = Open-LeeboardKey "$elements\$id"
            if ($null -eq $key) { continue }
            try {
                if ((Get-LeeboardKeyTime $key) -le (Get-LeeboardBootTime)) { continue }
            } finally {
                $key.Dispose()
            }
            @{ kind = 'boot_configuration'; what = "the boot configuration (0x$id of $object) was changed since the last start" }
        }
    }
}

Export-ModuleMember -Function Get-LeeboardStart, Get-LeeboardTpmAspect
