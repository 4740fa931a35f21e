# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
A part of the walk of playbooks/windows_acceptance.yml with BitLocker on a small virtual disk, as one line of JSON.

.DESCRIPTION
It makes one file, attaches it, and touches the volume on it and no other. It shares no code with the modules, reads no
recovery password, and leaves out the ids of protectors. What needs a recovery password, our module does.

.PARAMETER Part
make: the disk. walk: encrypt it, suspend and resume it. state: how it is. remove: detach it and delete the file, however
far the walk came.

.PARAMETER Wait
How many seconds it may take to encrypt the disk.
#>
param(
    [ValidateSet('make', 'walk', 'state', 'remove')][string]$Part = 'state',
    [int]$Wait = 600
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$script:File = "$env:SystemRoot\Temp\leeboard-acceptance.vhd"
$script:Megabytes = 256
$script:BitLocker = 'root\CIMV2\Security\MicrosoftVolumeEncryption'
$script:Encrypted = 1
$script:Management = 'Microsoft-Windows-BitLocker/BitLocker Management'

# The virtual disk, by diskpart, since New-VHD comes with Hyper-V only; what it prints is translated, and is not read.
function Add-Disk {
    if (Test-Path -LiteralPath $script:File) { throw "$script:File is there already: a walk was cut off, remove it first" }
    $steps = [IO.Path]::GetTempFileName()
    try {
        [IO.File]::WriteAllText($steps, "create vdisk file=`"$script:File`" maximum=$script:Megabytes type=expandable`r`n")
        [void](& "$env:SystemRoot\System32\diskpart.exe" /s $steps)
    } finally {
        Remove-Item -LiteralPath $steps
    }
    if (-not (Test-Path -LiteralPath $script:File)) { throw "diskpart made no virtual disk ($LASTEXITCODE)" }
    [void](Mount-DiskImage -ImagePath $script:File)
    $disk = Get-DiskImage -ImagePath $script:File | Get-Disk
    Initialize-Disk -Number $disk.Number -PartitionStyle GPT
    $partition = New-Partition -DiskNumber $disk.Number -UseMaximumSize -AssignDriveLetter
    [void](Format-Volume -Partition $partition -FileSystem NTFS -Confirm:$false)
}

function Remove-Disk {
    if (-not (Test-Path -LiteralPath $script:File)) { return }
    try {
        [void](Dismount-DiskImage -ImagePath $script:File)
    } catch {
        Write-Debug "it was not attached: $_"
    }
    Remove-Item -LiteralPath $script:File
}

# The DeviceID of the volume on the virtual disk; empty where there is none.
function Get-VolumeName {
    if (-not (Test-Path -LiteralPath $script:File)) { return '' }
    $disk = Get-DiskImage -ImagePath $script:File | Get-Disk
    return [string]@($disk | Get-Partition | Get-Volume | ForEach-Object { $_.UniqueId })[0]
}

function Get-Instance {
    $name = Get-VolumeName
    $found = @(Get-CimInstance -ClassName Win32_EncryptableVolume -Namespace $script:BitLocker |
            Where-Object { $name -and $_.DeviceID -eq $name })
    if ($found.Length -ne 1) { throw "BitLocker knows $($found.Length) volumes on the virtual disk" }
    return $found[0]
}

# The code that a method returns, or how it failed; with -Out one of the things that it answers.
function Invoke-Method {
    param([string]$Method, [hashtable]$Arguments = @{}, [string]$Out = '')

    $said = Invoke-CimMethod -InputObject (Get-Instance) -MethodName $Method -Arguments $Arguments
    if (-not $Out) { return [long]$said.ReturnValue }
    if ($said.ReturnValue) { return '0x{0:x8}' -f $said.ReturnValue }
    return $said.$Out
}

function Get-State {
    $ids = @(Invoke-Method GetKeyProtectors @{} VolumeKeyProtectorID | Where-Object { "$_".StartsWith('{') })
    return [ordered]@{
        kind = (Get-Instance).VolumeType
        lock = Invoke-Method GetLockStatus @{} LockStatus
        protection = Invoke-Method GetProtectionStatus @{} ProtectionStatus
        conversion = Invoke-Method GetConversionStatus @{ PrecisionFactor = [uint32]0 } ConversionStatus
        percent = Invoke-Method GetConversionStatus @{ PrecisionFactor = [uint32]0 } EncryptionPercentage
        method = Invoke-Method GetEncryptionMethod @{} EncryptionMethod
        suspend_count = Invoke-Method GetSuspendCount @{} SuspendCount
        auto_unlock = Invoke-Method IsAutoUnlockEnabled @{} IsAutoUnlockEnabled
        protectors = @(foreach ($id in $ids) {
                $given = @{ VolumeKeyProtectorID = $id }
                $type = Invoke-Method GetKeyProtectorType $given KeyProtectorType
                [ordered]@{ type = $type; name = Invoke-Method GetKeyProtectorFriendlyName $given FriendlyName }
            })
    }
}

# BitLocker's events since a moment: their numbers, the names of their data, and the form of the id of a protector.
function Get-EventForm {
    param([datetime]$Since)

    $wanted = @{ LogName = $script:Management; StartTime = $Since }
    foreach ($one in @(Get-WinEvent -FilterHashtable $wanted -ErrorAction SilentlyContinue)) {
        $data = @(([xml]$one.ToXml()).GetElementsByTagName('Data'))
        $form = @($data | Where-Object { $_.GetAttribute('Name') -eq 'ProtectorGUID' } | ForEach-Object { $_.InnerText })
        [ordered]@{
            id = $one.Id; data = "$(@($data | ForEach-Object { $_.GetAttribute('Name') }))"
            protector = "$form" -creplace '[A-Z]', 'A' -creplace '[a-z]', 'a' -replace '[0-9]', '9'
        }
    }
}

function Get-Walk {
    $answer = [ordered]@{ before = Get-State }
    # XTS-AES with 256 bits, and only the space that is in use: what is tried is the way, not the disk.
    $answer['encrypt'] = Invoke-Method Encrypt @{ EncryptionMethod = [uint32]7; EncryptionFlags = [uint32]1 }
    $begun = Get-Date
    while ((Get-State).conversion -ne $script:Encrypted -and ((Get-Date) - $begun).TotalSeconds -lt $Wait) {
        Start-Sleep -Seconds 2
    }
    $answer['seconds'] = [int]((Get-Date) - $begun).TotalSeconds
    $answer['encrypted'] = Get-State
    $answer['suspend'] = Invoke-Method DisableKeyProtectors
    $answer['suspended'] = Get-State
    $answer['resume'] = Invoke-Method EnableKeyProtectors
    $answer['resumed'] = Get-State
    $answer['events'] = @(Get-EventForm $begun)
    return $answer
}

function Get-Part {
    param([string]$Part)

    switch ($Part) {
        'make' { Add-Disk; return [ordered]@{ volume = Get-VolumeName; state = Get-State } }
        'walk' { return Get-Walk }
        'state' { return Get-State }
        'remove' { Remove-Disk; return [ordered]@{ gone = -not (Test-Path -LiteralPath $script:File) } }
    }
}

try {
    $answer = Get-Part $Part
} catch {
    $answer = [ordered]@{ problem = "$($_.Exception.GetType().FullName): $($_.Exception.Message)" }
}
$json = ConvertTo-Json -InputObject $answer -Depth 6 -Compress
[regex]::Replace($json, '[^\x20-\x7e]', { param($found) '\u{0:x4}' -f [int][char]$found.Value })
exit 0  # without it the status would be that of the last program
