# The driver bitlocker_volume: volumes, suspension and TPM as numbers, and what a part costs that cannot be read.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'ToolFile', 'EventLogSource', 'BitLockerVolume', 'BitLockerStart', 'BitLockerKept') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    if (-not (Get-Command Get-LeeboardKeyTime -ErrorAction SilentlyContinue)) {
        function global:Get-LeeboardKeyTime { param([object]$Key) }
        $script:Ours = $true
    }
    $script:Machine = @{}
    $script:Guid = '\\?\Volume{00000000-0000-0000-0000-100000000000}\'

    function Get-Volumes {
        $reading = (Read-LeeboardBitLocker -Addresses 'volumes')['volumes']
        return , @($reading.effective.value | ForEach-Object { ConvertFrom-Json $_ -AsHashtable })
    }

    function Read-One([string]$Address) {
        return (Read-LeeboardBitLocker -Addresses $Address)[$Address].effective
    }

    # An instance whose methods answer as given; one that is not given answers with failure 0x80041001.
    function New-Instance([uint32]$Kind, [string]$Letter, [hashtable]$Methods) {
        @{ DeviceID = $Guid; DriveLetter = $Letter; VolumeType = $Kind; Methods = $Methods }
    }

    function New-Methods([hashtable]$Changes = @{}) {
        $methods = @{
            GetLockStatus = @{ LockStatus = [uint32]0; ReturnValue = [uint32]0 }
            GetProtectionStatus = @{ ProtectionStatus = [uint32]1; ReturnValue = [uint32]0 }
            GetEncryptionMethod = @{ EncryptionMethod = [uint32]7; ReturnValue = [uint32]0 }
            GetConversionStatus = @{ ConversionStatus = [uint32]1; EncryptionPercentage = [uint32]100; ReturnValue = [uint32]0 }
            GetKeyProtectors = @{ VolumeKeyProtectorID = [string[]]('{A}', '{B}'); ReturnValue = [uint32]0 }
            GetKeyProtectorType = @{ '{A}' = 4; '{B}' = 3 }
            GetKeyProtectorPlatformValidationProfile = @{ PlatformValidationProfile = [byte[]](7, 11); ReturnValue = [uint32]0 }
            GetSuspendCount = @{ ReturnValue = [uint32]2147942450 }
            GetSecureBootBindingState = @{ BindingState = [uint32]3; ReturnValue = [uint32]0 }
        }
        foreach ($name in $Changes.Keys) { $methods[$name] = $Changes[$name] }
        $methods
    }
}

AfterAll {
    if (Get-Variable -Name Ours -Scope Script -ErrorAction SilentlyContinue) { Remove-Item -LiteralPath Function:\Get-LeeboardKeyTime }
}

Describe 'bitlocker_volume' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Cim = @{
            Win32_EncryptableVolume = @(New-Instance 0 'C:' (New-Methods))
            Win32_PageFileUsage = @(@{ Name = 'c:\pagefile.sys' })
            Win32_Tpm = @(@{ SpecVersion = '2.0, 0, 1.59' })
            MSFT_Partition = @(@{ AccessPaths = @('X:\', $Guid); GptType = '{DE94BBA4-06D1-4D40-A16A-BFD50179D6AC}' })
        }
        foreach ($module in 'BitLockerVolume', 'BitLockerStart') {
            Mock Get-LeeboardCim -ModuleName $module { $Machine.Cim[$ClassName] }
            Mock Invoke-LeeboardCimMethod -ModuleName $module {
                if ($MethodName -like 'Is*') { return @{ ReturnValue = 0; IsEnabled = $true; IsActivated = $true; IsOwned = $false; Information = 4L } }
                $answer = $Instance.Methods[$MethodName]
                if ($answer -is [System.Management.Automation.ErrorRecord] -or $answer -is [System.Exception]) { throw $answer }
                if ($MethodName -eq 'GetKeyProtectorType') {
                    return @{ KeyProtectorType = [uint32]$answer[$Arguments.VolumeKeyProtectorID]; ReturnValue = [uint32]0 }
                }
                $answer
            }
        }
        Mock Get-LeeboardMachineValue -ModuleName BitLockerStart { @{ state = 'absent' } }
        Mock Get-LeeboardSubkeyName -ModuleName BitLockerStart { }
        Mock Get-LeeboardKept -ModuleName BitLockerVolume { @{ joined = @('ad'); backups = @() } }
    }

    It 'gives a volume in numbers, with its protectors and their PCRs' {
        $volume = (Get-Volumes)[0]
        $volume.letter, $volume.kind, $volume.conversion, $volume.percentage, $volume.protection, $volume.method, $volume.lock |
            Should -Be 'C:', 0, 1, 100, 1, 7, 0
        $volume.protectors.Count | Should -Be 2
        $volume.protectors[0].id, $volume.protectors[0].type, ($volume.protectors[0].pcrs -join ' ') | Should -Be '{A}', 4, '7 11'
        $volume.protectors[1].ContainsKey('pcrs') | Should -BeFalse
        $volume.page_files | Should -Be 'c:\pagefile.sys'
        $volume.kept.joined | Should -Be 'ad'
        $volume.troubles.Count | Should -Be 0
        $volume.start.tpm.present, $volume.start.tpm.owned, $volume.start.tpm.needs | Should -Be $true, $false, 4
        Should -Invoke Invoke-LeeboardCimMethod -ModuleName BitLockerVolume -Times 0 -ParameterFilter { $MethodName -like '*NumericalPassword*' }
    }

    It 'keeps lists as lists, whatever their length' {
        $Machine.Cim.Win32_EncryptableVolume[0].Methods.GetKeyProtectors.VolumeKeyProtectorID = [string[]]'{B}'
        (Read-One 'volumes').value[0] | Should -BeLike '*"protectors":[[]{"id":"{B}","type":3}]*'
        Reset-LeeboardCache
        $Machine.Cim.Win32_EncryptableVolume[0].Methods.GetKeyProtectors = @{ ReturnValue = [uint32]2150694920 }
        (Read-One 'volumes').value[0] | Should -BeLike '*"protectors":[[]]*'
    }

    It 'asks for the suspension only of a volume that may have one' {
        [void](Get-Volumes)
        Should -Invoke Invoke-LeeboardCimMethod -ModuleName BitLockerVolume -Times 0 -ParameterFilter { $MethodName -eq 'GetSuspendCount' }
        Read-One 'suspend-count' | ForEach-Object { $_.state } | Should -Be 'absent'
    }

    It 'gives restarts left: <Given> is <Count>' -ForEach @(
        @{ Given = @(2); Count = 2 }, @{ Given = @(0); Count = 0 }, @{ Given = @(1, 3); Count = 3 }, @{ Given = @(3, 0); Count = 0 }
    ) {
        $Machine.Cim.Win32_EncryptableVolume = @(foreach ($one in $Given) {
                New-Instance 0 "$([char](67 + $one)):" (New-Methods @{
                        GetProtectionStatus = @{ ProtectionStatus = [uint32]0; ReturnValue = [uint32]0 }
                        GetSuspendCount = @{ SuspendCount = [uint32]$one; ReturnValue = [uint32]0 }
                    })
            })
        $aspect = Read-One 'suspend-count'
        $aspect.value, $aspect.type | Should -Be $Count, 'dword'
        $aspect.note | Should -BeLike 'suspended: *:*'
    }

    It 'says that a suspended data volume has no end, without asking for one' {
        $methods = New-Methods @{ GetProtectionStatus = @{ ProtectionStatus = [uint32]0; ReturnValue = [uint32]0 } }
        $Machine.Cim.Win32_EncryptableVolume = @(New-Instance 1 'D:' $methods)
        (Read-One 'suspend-count').value | Should -Be 0
    }

    It 'takes a volume whose count is not supported for one that is not suspended by a count: <Code>' -ForEach @(
        @{ Code = 50 }, @{ Code = 2147942450 }
    ) {
        $methods = New-Methods @{
            GetProtectionStatus = @{ ProtectionStatus = [uint32]0; ReturnValue = [uint32]0 }
            GetSuspendCount = @{ ReturnValue = [uint32]$Code }
        }
        $Machine.Cim.Win32_EncryptableVolume = @(New-Instance 0 'C:' $methods)
        (Get-Volumes)[0].suspended | Should -BeNullOrEmpty
        (Get-Volumes)[0].troubles.Count | Should -Be 0
    }

    It 'loses one part only where <Method> fails' -ForEach @(
        @{ Method = 'GetProtectionStatus'; Part = 'protection' }, @{ Method = 'GetConversionStatus'; Part = 'conversion' }
        @{ Method = 'GetEncryptionMethod'; Part = 'method' }, @{ Method = 'GetLockStatus'; Part = 'lock' }
        @{ Method = 'GetKeyProtectors'; Part = 'protectors' }
    ) {
        $Machine.Cim.Win32_EncryptableVolume[0].Methods[$Method] = @{ ReturnValue = [uint32]2150694929 }
        $volume = (Get-Volumes)[0]
        $volume[$Part] | Should -BeNullOrEmpty
        $volume.troubles.Keys | Should -Be $Part
        $volume.troubles[$Part].code | Should -Be 'failed'
        $volume.troubles[$Part].why | Should -Be "Win32_EncryptableVolume.$Method failed with 0x80310011"
        @('protection', 'conversion', 'method', 'lock' | Where-Object { $null -eq $volume[$_] }).Count | Should -BeLessThan 2
    }

    It 'keeps a protector whose PCRs are not told' {
        $Machine.Cim.Win32_EncryptableVolume[0].Methods.GetKeyProtectorPlatformValidationProfile = @{ ReturnValue = [uint32]2147942487 }
        $volume = (Get-Volumes)[0]
        $volume.protectors.Count, $volume.protectors[0].ContainsKey('pcrs'), $volume.troubles.Count | Should -Be 2, $false, 0
    }

    It 'calls a refusal one: <Code> for an administrator is <Reason>' -ForEach @(
        @{ Code = 5; Admin = $true; Reason = 'denied' }, @{ Code = 2147942405; Admin = $false; Reason = 'needs_root' }
    ) {
        Mock Test-LeeboardAdministrator -ModuleName Reading { $Admin }
        $Machine.Cim.Win32_EncryptableVolume[0].Methods.GetKeyProtectors = @{ ReturnValue = [uint32]$Code }
        (Get-Volumes)[0].troubles.protectors.code | Should -Be $Reason
    }

    It 'is a time-out where a method does not come back, for that part' {
        $Machine.Cim.Win32_EncryptableVolume[0].Methods.GetEncryptionMethod = New-LeeboardProblem -Code timeout -Why 'CIM did not answer'
        $volume = (Get-Volumes)[0]
        $volume.troubles.method.code, $volume.protection | Should -Be 'timeout', 1
    }

    It 'does not take a locked volume for a broken one' {
        $Machine.Cim.Win32_EncryptableVolume += New-Instance 1 'D:' (New-Methods @{
                GetLockStatus = @{ LockStatus = [uint32]1; ReturnValue = [uint32]0 }
                GetProtectionStatus = @{ ProtectionStatus = [uint32]2; ReturnValue = [uint32]0 }
                GetConversionStatus = @{ ReturnValue = [uint32]2150694912 }
            })
        $volume = (Get-Volumes)[1]
        $volume.lock, $volume.protection, $volume.conversion, $volume.troubles.Count | Should -Be 1, 2, $null, 0
    }

    It 'asks on what a data volume without a letter lies' {
        $methods = New-Methods @{ GetConversionStatus = @{ ConversionStatus = [uint32]0; ReturnValue = [uint32]0; EncryptionPercentage = [uint32]0 } }
        $Machine.Cim.Win32_EncryptableVolume += New-Instance 1 '' $methods
        (Get-Volumes)[1].partition | Should -Be '{de94bba4-06d1-4d40-a16a-bfd50179d6ac}'
        Reset-LeeboardCache
        $Machine.Cim.MSFT_Partition = @(@{ AccessPaths = $null; GptType = $null }, @{ AccessPaths = @($Guid); GptType = $null; MbrType = 39 })
        (Get-Volumes)[1].partition | Should -Be 'mbr-39'
    }

    It 'names a page file on a drive that BitLocker does not know' {
        $Machine.Cim.Win32_PageFileUsage = @(@{ Name = 'E:\pagefile.sys' })
        $volumes = Get-Volumes
        $volumes[0].ContainsKey('page_files') | Should -BeFalse
        $volumes[1].letter, $volumes[1].page_files | Should -Be 'E:', 'E:\pagefile.sys'
    }

    It 'says why page files are not known, and nothing else is lost' {
        Mock Get-LeeboardCim -ModuleName BitLockerVolume -ParameterFilter { $ClassName -eq 'Win32_PageFileUsage' } {
            throw (New-LeeboardProblem -Code denied -Why 'refused')
        }
        $volume = (Get-Volumes)[0]
        $volume.troubles.page_files.code, $volume.protection | Should -Be 'denied', 1
    }

    It 'is absent with the reason where this Windows has no BitLocker, and unreadable where it may not ask' {
        Mock Get-LeeboardCim -ModuleName BitLockerVolume { throw (New-LeeboardProblem -Code missing_tool -Why 'no namespace') }
        foreach ($address in 'volumes', 'suspend-count') {
            $aspect = Read-One $address
            $aspect.state | Should -Be 'absent'
            $aspect.note | Should -BeLike 'this Windows has no BitLocker*'
        }
        Reset-LeeboardCache
        Mock Get-LeeboardCim -ModuleName BitLockerVolume { throw (New-LeeboardProblem -Code needs_root -Why 'refused') }
        foreach ($address in 'volumes', 'suspend-count') { (Read-One $address).code | Should -Be 'needs_root' }
    }

    It 'knows its addresses' -ForEach '', 'Volumes', 'tpm', 'volumes ' {
        (Read-One $_).code | Should -Be 'malformed'
    }

    It 'reads the TPM by its methods' {
        (Read-One 'tpm-version').value | Should -Be 2
        (Read-One 'tpm-enabled').value | Should -BeTrue
        (Read-One 'tpm-owned').value | Should -BeFalse
        $Machine.Cim.Win32_Tpm = @(@{ SpecVersion = '1.2, 2, 0' })
        (Read-One 'tpm-version').value | Should -Be 1
        $Machine.Cim.Win32_Tpm = @(@{ SpecVersion = 'Not Supported' })
        (Read-One 'tpm-version').code | Should -Be 'malformed'
        $Machine.Cim.Win32_Tpm = @()
        foreach ($one in 'tpm-version', 'tpm-enabled') { (Read-One $one).note | Should -Be 'Windows sees no TPM' }
        (Get-Volumes)[0].start.tpm.present | Should -BeFalse
    }
}

Describe 'the next start' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Registry, $Machine.Keys, $Machine.Times, $Machine.Event = @{}, @{}, @{}, 0
        Mock Get-LeeboardEvent -ModuleName BitLockerStart {
            if ($Machine.Event) { [xml]"<Event><System><EventID>$($Machine.Event)</EventID></System></Event>" }
        }
        Mock Get-LeeboardMachineValue -ModuleName BitLockerStart {
            if ($Machine.Registry.ContainsKey("$Path`:$Name")) { return @{ state = 'value'; type = 'dword'; value = $Machine.Registry["$Path`:$Name"] } }
            @{ state = 'absent' }
        }
        Mock Get-LeeboardSubkeyName -ModuleName BitLockerStart { $Machine.Keys[$Path] }
        Mock Get-LeeboardCim -ModuleName BitLockerStart { @() }
        $script:Control = 'HKLM\SYSTEM\CurrentControlSet\Control'
    }

    It 'says what Secure Boot is: <Value>' -ForEach @(@{ Value = 1; Word = 'on' }, @{ Value = 0; Word = 'off' }, @{ Value = $null; Word = 'none' }) {
        if ($null -ne $Value) { $Machine.Registry["$Control\SecureBoot\State:UEFISecureBootEnabled"] = $Value }
        (Get-LeeboardStart).secure_boot | Should -Be $Word
    }

    It 'names firmware that waits, and none that is done' {
        $Machine.Keys["$Control\FirmwareResources"] = '{A}', '{B}', '{C}'
        $Machine.Registry["$Control\FirmwareResources\{A}:Phase"] = 2
        $Machine.Registry["$Control\FirmwareResources\{B}:Phase"] = 1
        $Machine.Registry["$Control\FirmwareResources\{B}:Version"] = 801
        $coming = (Get-LeeboardStart).coming
        $coming.Count, $coming[0].kind, $coming[0].what | Should -Be 1, 'firmware', 'an update of the firmware {B} to version 801 waits for the next start'
    }

    It 'names updates of Secure Boot by their bits: <Mask> is <Count>' -ForEach @(
        @{ Mask = 0; Count = 0 }, @{ Mask = 0x4000; Count = 0 }, @{ Mask = 0x5944; Count = 1 }
    ) {
        $Machine.Registry["$Control\SecureBoot:AvailableUpdates"] = [long]$Mask
        (Get-LeeboardStart).coming.Count | Should -Be $Count
    }

    It 'says what an update of Secure Boot waits for: 0x<Mask>, event <Event>, <Status>' -ForEach @(
        @{ Mask = 0x4004; Event = 1803; Status = 'InProgress'; Coming = 0; Note = '*the maker of this machine has to sign (event 1803)*' }
        @{ Mask = 0x5944; Event = 1803; Status = 'InProgress'; Coming = 1; Note = $null }
        @{ Mask = 0x4004; Event = 1808; Status = 'InProgress'; Coming = 1; Note = $null }
        @{ Mask = 0x4004; Event = 0; Status = 'NotStarted'; Coming = 1; Note = $null }
        @{ Mask = 0x5944; Event = 1032; Status = 'InProgress'; Coming = 1; Note = '*(event 1032): suspend BitLocker for two restarts' }
        @{ Mask = 0x5944; Event = 1802; Status = 'InProgress'; Coming = 1; Note = '*(event 1802, which says why): look for newer firmware' }
        @{ Mask = 0x0; Event = 1803; Status = 'NotStarted'; Coming = 0; Note = '*certificates of Secure Boot are not in its firmware yet*' }
        @{ Mask = 0x4000; Event = 1032; Status = 'Updated'; Coming = 0; Note = $null }
        @{ Mask = 0x0; Event = 1032; Status = $null; Coming = 0; Note = $null }
    ) {
        $Machine.Registry["$Control\SecureBoot:AvailableUpdates"] = [long]$Mask
        if ($Status) { $Machine.Registry["$Control\SecureBoot\Servicing:UEFICA2023Status"] = $Status }
        $Machine.Event = $Event
        $start = Get-LeeboardStart
        $start.coming.Count | Should -Be $Coming
        $start.troubles.Count | Should -Be 0
        if ($Note) { $start.notes.Count, ($start.notes[0] -like $Note) | Should -Be 1, $true } else { $start.notes.Count | Should -Be 0 }
    }

    It 'names an update of Secure Boot that failed' {
        $Machine.Registry["$Control\SecureBoot\Servicing:UEFICA2023Error"] = [long]2147942402
        (Get-LeeboardStart).notes | Should -Be 'the last update of the certificates of Secure Boot failed with 0x80070002'
    }

    It 'counts an update as under way where the events are refused' {
        Mock Get-LeeboardEvent -ModuleName BitLockerStart { throw (New-LeeboardProblem -Code denied -Why 'refused') }
        $Machine.Registry["$Control\SecureBoot:AvailableUpdates"] = [long]0x5944
        $start = Get-LeeboardStart
        $start.coming.Count, $start.troubles.notes.code | Should -Be 1, 'denied'
    }

    Context 'the boot configuration' {
        BeforeEach {
            $script:Store = 'HKLM\BCD00000000\Objects'
            $script:BootManager = "$Store\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\Elements"
            $Machine.Registry["$BootManager\23000003:Element"] = '{W}'
            $Machine.Keys["$BootManager"] = '16000010', '25000004'
            $Machine.Keys["$Store\{W}\Elements"] = '16000049', '12000004'
            $Machine.Times = @{}
            Mock Open-LeeboardKey -ModuleName BitLockerStart {
                [pscustomobject]@{ Name = $Path } | Add-Member ScriptMethod Dispose { } -PassThru
            }
            Mock Get-LeeboardKeyTime -ModuleName BitLockerStart {
                if ($Machine.Times.ContainsKey($Key.Name)) { $Machine.Times[$Key.Name] } else { [datetime]'2026-11-01' }
            }
            Mock Get-LeeboardBootTime -ModuleName BitLockerStart { [datetime]'2026-11-02' }
        }

        It 'is as it was at the last start' {
            (Get-LeeboardStart).coming.Count | Should -Be 0
        }

        It 'was changed since, in what BitLocker checks' {
            $Machine.Times["$Store\{W}\Elements\16000049"] = [datetime]'2026-11-03'
            $coming = (Get-LeeboardStart).coming
            $coming.Count, $coming[0].kind | Should -Be 1, 'boot_configuration'
            $coming[0].what | Should -BeLike '*0x16000049 of {W}*'
        }

        It 'was changed since, in what BitLocker passes over' {
            $Machine.Times["$Store\{W}\Elements\12000004"] = [datetime]'2026-11-03'
            $Machine.Times["$BootManager\25000004"] = [datetime]'2026-11-03'
            (Get-LeeboardStart).coming.Count | Should -Be 0
        }

        It 'could not be read, and the rest could' {
            Mock Get-LeeboardBootTime -ModuleName BitLockerStart { throw (New-LeeboardProblem -Code failed -Why 'no start') }
            $start = Get-LeeboardStart
            $start.troubles.coming.code, $start.secure_boot | Should -Be 'failed', 'none'
            $start.coming | Should -BeNullOrEmpty
        }
    }
}
