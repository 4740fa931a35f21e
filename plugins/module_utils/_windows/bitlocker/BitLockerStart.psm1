# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.EventLogSource
#AnsibleRequires -PowerShell ..system.Native
#AnsibleRequires -PowerShell ..system.RegistryKey

# What the next start depends on: the TPM by the methods of Win32_Tpm, Secure Boot, and what waits for the start.
#
# Firmware: Windows hands a capsule to the firmware at the next start where Phase is 1 below
# HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources\{GUID} (recalled, and seen in third-party scripts).
# Secure Boot: HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot, AvailableUpdates, a mask of updates to come (Microsoft,
# KB5025885 and KB5068202); 0x4000 stays when all are done (recalled). Below Servicing, UEFICA2023Status is NotStarted,
# InProgress or Updated, and UEFICA2023Error a code where one failed (KB5068202). Events of TPM-WMI in the log System
# (KB5016061, KB5083344): 1032 an update would have made BitLocker ask for its recovery password, 1802 it is left out since
# the firmware is known to fail by it, 1803 the maker of the machine has signed no key for it, 1808 all is done; the newest
# counts. 1801 says again and again that the certificates are not applied yet: the status says that, and as the newest
# event it would hide the others. That 0x4 is the bit that 1803 leaves: Microsoft's answers to questions, February 2026.
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
$script:WaitsForMaker = 0x4
$script:NotStarted = 'NotStarted'
$script:Provider = 'Microsoft-Windows-TPM-WMI'
$script:HoldsBack, $script:KnownTrouble, $script:NoKey, $script:Updated = 1032, 1802, 1803, 1808
$script:Ever = [datetime]::SpecifyKind([datetime]'2000-01-01', 'Utc')
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
    $start = [ordered]@{ secure_boot = $null; tpm = $null; coming = $null; notes = $null; troubles = @{} }
    $finders = [ordered]@{
        secure_boot = { Get-SecureBoot }; tpm = { Get-Tpm }; coming = { , (Get-Coming) }; notes = { , (Get-Note) }
    }
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
        $code = Get-LeeboardReturnCode -Answer $answer -Method "Win32_Tpm.$Method"
        if ($code -ne 0) {
            throw (New-LeeboardProblem -Code failed -Why ("Win32_Tpm.$Method failed with 0x{0:x8}" -f $code))
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
    $left = Get-SecureBootLeft
    if (-not $left -or ($left -eq $script:WaitsForMaker -and (Get-SecureBootEvent) -eq $script:NoKey)) { return }
    return @{ kind = 'secure_boot'; what = ('updates of Secure Boot (0x{0:x}) are under way' -f $left) }
}

# The mask of the updates that are still to come; 0 where none are.
function Get-SecureBootLeft {
    foreach ($key in $script:SecureBoot, "$script:SecureBoot\Servicing") {
        $found = Get-LeeboardMachineValue -Path $key -Name AvailableUpdates
        if ($found.state -ne 'value' -or $found.type -ne 'dword') { continue }
        $left = [long]$found.value -band -bnot [long]$script:Done
        if ($left) { return $left }
    }
    return 0
}

# The number of the newest event about updates of Secure Boot; 0 where there is none.
function Get-SecureBootEvent {
    return Get-LeeboardOnce -Name 'events of Secure Boot' -Read {
        $numbers = $script:HoldsBack, $script:KnownTrouble, $script:NoKey, $script:Updated
        $found = @(Get-LeeboardEvent -Log System -Provider $script:Provider -Id $numbers -Since $script:Ever)
        if ($found.Length) { [int]$found[0].Event.System.EventID } else { 0 }
    }
}

# What a technician should know of Secure Boot's updates, and what waits for nobody here to do something.
function Get-Note {
    $notes = @()
    $status = Get-LeeboardMachineValue -Path "$script:SecureBoot\Servicing" -Name UEFICA2023Status
    $trouble = Get-LeeboardMachineValue -Path "$script:SecureBoot\Servicing" -Name UEFICA2023Error
    if ($trouble.state -eq 'value' -and $trouble.type -eq 'dword' -and $trouble.value) {
        $notes += 'the last update of the certificates of Secure Boot failed with 0x{0:x8}' -f [long]$trouble.value
    }
    $isUpdated = $status.state -eq 'value' -and [string]$status.value -eq 'Updated'
    $left = Get-SecureBootLeft
    if (-not $left -and $status.state -eq 'value' -and [string]$status.value -eq $script:NotStarted) {
        $notes += 'the new certificates of Secure Boot are not in its firmware yet, and nothing is under way ' +
            '(UEFICA2023Status)'
    }
    if ($left -and -not $isUpdated) {
        switch (Get-SecureBootEvent) {
            $script:KnownTrouble {
                $notes += 'Windows leaves an update of Secure Boot out, since the firmware of this machine is known to fail by ' +
                    'it (event 1802, which says why): look for newer firmware'
            }
            $script:HoldsBack {
                $notes += 'Windows holds an update of Secure Boot back, since BitLocker would ask for its recovery password ' +
                    'after it (event 1032): suspend BitLocker for two restarts'
            }
            $script:NoKey {
                if ($left -eq $script:WaitsForMaker) {
                    $notes += 'an update of Secure Boot waits for a key that the maker of this machine has to sign ' +
                        '(event 1803); nothing changes until then'
                }
            }
        }
    }
    return , [object[]]@($notes)
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
