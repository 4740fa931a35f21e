# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
What playbooks/windows_acceptance.yml wants to know of BitLocker on a real Windows, as one line of JSON.

.DESCRIPTION
It changes nothing, reads no key, PIN or recovery password, and shares no code with the modules. Ids of protectors and
volumes are left out: types and numbers are enough.
#>

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$script:BitLocker = 'root\CIMV2\Security\MicrosoftVolumeEncryption'
$script:Power = "$env:SystemRoot\System32\powercfg.exe"
$script:Tpm = 'root\CIMV2\Security\MicrosoftTpm'

# What a method answers: its numbers, or how it failed.
function Get-Answer {
    param([object]$Instance, [string]$Method, [hashtable]$Arguments = @{})

    try {
        $said = Invoke-CimMethod -InputObject $Instance -MethodName $Method -Arguments $Arguments
        $numbers = [ordered]@{}
        foreach ($part in $said.PSObject.Properties) {
            if ($part.Name -in 'PSComputerName', 'VolumeKeyProtectorID') { continue }
            $numbers[$part.Name] = if ($part.Value -is [array]) { "$($part.Value)" } else { $part.Value }
        }
        return $numbers
    } catch {
        return "$($_.Exception.GetType().Name), $($_.FullyQualifiedErrorId)"
    }
}

function Get-Volume {
    foreach ($volume in Get-CimInstance -ClassName Win32_EncryptableVolume -Namespace $script:BitLocker) {
        $ids = Invoke-CimMethod -InputObject $volume -MethodName GetKeyProtectors
        $answer = [ordered]@{
            type = $volume.VolumeType
            letter = [bool]$volume.DriveLetter
            id_is_a_path = "$($volume.DeviceID)" -match '^\\\\\?\\Volume\{[0-9a-f-]+\}\\$'
            protectors_code = $ids.ReturnValue
        }
        foreach ($method in 'GetLockStatus', 'GetProtectionStatus', 'GetEncryptionMethod', 'GetSuspendCount',
            'GetHardwareTestStatus', 'GetHardwareEncryptionStatus') {
            $answer[$method] = Get-Answer $volume $method
        }
        $answer['GetConversionStatus'] = Get-Answer $volume 'GetConversionStatus' @{ PrecisionFactor = [uint32]0 }
        $answer['protectors'] = @(foreach ($id in @($ids.VolumeKeyProtectorID | Where-Object { $_ })) {
                $given = @{ VolumeKeyProtectorID = $id }
                [ordered]@{
                    form = $id -creplace '[A-Z]', 'A' -creplace '[a-z]', 'a' -replace '[0-9]', '9'
                    type = Get-Answer $volume 'GetKeyProtectorType' $given
                    pcrs = Get-Answer $volume 'GetKeyProtectorPlatformValidationProfile' $given
                }
            })
        $answer
    }
}

function Get-Tpm {
    foreach ($tpm in Get-CimInstance -ClassName Win32_Tpm -Namespace $script:Tpm) {
        $answer = [ordered]@{ spec = $tpm.SpecVersion }
        foreach ($method in 'IsEnabled', 'IsActivated', 'IsOwned', 'IsReadyInformation') {
            $answer[$method] = Get-Answer $tpm $method
        }
        $answer
    }
}

# On what volumes without a letter lie, by the type of their partition.
function Get-Partition {
    foreach ($one in Get-CimInstance -ClassName MSFT_Partition -Namespace 'root\Microsoft\Windows\Storage') {
        [ordered]@{
            gpt = "$($one.GptType)"; mbr = "$($one.MbrType)"; letter = [bool][int]$one.DriveLetter
            paths_like_ids = @($one.AccessPaths | Where-Object { $_ -match '^\\\\\?\\Volume\{' }).Length
        }
    }
}

# Numbers of BitLocker's events by log, with the names of their data.
function Get-EventForm {
    $api, $driver = 'Microsoft-Windows-BitLocker-API', 'Microsoft-Windows-BitLocker-Driver'
    $wanted = @{ LogName = 'System'; ProviderName = $api }, @{ LogName = 'System'; ProviderName = $driver },
        @{ LogName = 'Microsoft-Windows-BitLocker/BitLocker Management'; ProviderName = $api }
    foreach ($one in $wanted) {
        foreach ($group in @(Get-WinEvent -FilterHashtable $one -MaxEvents 300 -ErrorAction SilentlyContinue) |
                Group-Object -Property Id) {
            $names = ([xml]$group.Group[0].ToXml()).GetElementsByTagName('Data') |
                ForEach-Object { $_.GetAttribute('Name') }
            [ordered]@{ log = $one.LogName; id = [int]$group.Name; count = $group.Count; data = "$names" }
        }
    }
}

# Each value of a key as its type and, for a number, its data.
function Get-Key {
    param([string]$Path)

    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($Path)
    if ($null -eq $key) { return 'no such key' }
    foreach ($name in $key.GetValueNames()) {
        $data = $key.GetValue($name)
        "$name $($key.GetValueKind($name)) $(if ($data -is [int]) { $data })"
    }
    "subkeys: $($key.SubKeyCount)"
}

$control = 'SYSTEM\CurrentControlSet\Control'
$sections = [ordered]@{
    volumes = { @(Get-Volume) }
    tpm = { @(Get-Tpm) }
    partitions = { @(Get-Partition) }
    page_files = { @(Get-CimInstance -ClassName Win32_PageFileUsage | ForEach-Object { $_.Name }) }
    events = { @(Get-EventForm) }
    firmware = {
        $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$control\FirmwareResources")
        foreach ($id in $key.GetSubKeyNames()) {
            @{ id = $id; values = @(Get-Key "$control\FirmwareResources\$id") }
        }
    }
    secure_boot = { @(Get-Key "$control\SecureBoot") + @(Get-Key "$control\SecureBoot\Servicing") }
    secure_boot_state = { @(Get-Key "$control\SecureBoot\State") }
    boot_configuration = { @(Get-Key 'BCD00000000\Objects\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\Elements\23000003') }
    join_info = { @(Get-Key "$control\CloudDomainJoin\JoinInfo")[-1] }
    rotation = { @(Get-Key 'SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker') }
    policy = {
        @(Get-Key 'SOFTWARE\Policies\Microsoft\FVE') + @(Get-Key 'SYSTEM\CurrentControlSet\Policies\Microsoft\FVE')
    }
    standby = { & $script:Power /qh SCHEME_CURRENT SUB_SLEEP abfc2519-3608-4c2a-94ea-171b0ed546ab }
    sleep_states = { & $script:Power /a }
}
$answer = [ordered]@{}
foreach ($section in $sections.Keys) {
    try {
        $answer[$section] = & $sections[$section]
    } catch {
        $answer[$section] = "$($_.Exception.GetType().FullName): $($_.FullyQualifiedErrorId)"
    }
}
$json = ConvertTo-Json -InputObject $answer -Depth 8 -Compress
[regex]::Replace($json, '[^\x20-\x7e]', { param($found) '\u{0:x4}' -f [int][char]$found.Value })
exit 0  # without it the status would be that of the last program
