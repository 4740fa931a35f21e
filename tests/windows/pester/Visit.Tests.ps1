# One visit, with drivers that work, break, and are not there; and identity and facts.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'Native', 'RegistryKey', 'Enrolment', 'OsConfig', 'Registry', 'DefaultProfile', 'Profiles', 'RegistryUser', 'RegistryAcl', 'Identity', 'PrivateFolder', 'Armed', 'Status', 'Facts', 'Visit') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardVpnFact { New-LeeboardAbsent -Source fake }

    # Keys: {id: provider, state, discovery}; Accounts: ids of OMADM.
    function Use-Enrollment([hashtable]$Keys, [string[]]$Accounts) {
        Reset-LeeboardCache
        $global:LeeboardEnrolled = @{ Keys = $Keys; Accounts = $Accounts }
        Mock Get-LeeboardSubkeyName -ModuleName Enrolment -ParameterFilter { $Path -like '*\Enrollments' } { $LeeboardEnrolled.Keys.Keys }
        Mock Get-LeeboardSubkeyName -ModuleName Enrolment -ParameterFilter { $Path -like '*\OMADM\Accounts' } { $LeeboardEnrolled.Accounts }
        Mock Get-LeeboardMachineValue -ModuleName Enrolment {
            $at = 'ProviderID', 'EnrollmentState', 'DiscoveryServiceFullURL'
            $found = $LeeboardEnrolled.Keys[($Path -split '\\')[-1]][[array]::IndexOf($at, $Name)]
            if ($null -eq $found) { return @{ state = 'absent' } }
            @{ state = 'value'; value = $found }
        }
    }

    function Get-Reading($Observation, $Driver, $Address) {
        $Observation.readings | Where-Object { $_.driver -ceq $Driver -and $_.address -ceq $Address }
    }
    $global:LeeboardCim = @{}
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardVpnFact
    Remove-Variable -Name LeeboardCim, LeeboardEnrolled, LeeboardOsConfig -Scope Global -ErrorAction Ignore
}

Describe 'Get-LeeboardObservation' {
    BeforeAll {
        Mock Get-LeeboardFact -ModuleName Visit { [ordered]@{ windows_kind = New-LeeboardValue -Value client -Source x } }
        Mock Get-LeeboardIdentity -ModuleName Visit { [ordered]@{ serial = New-LeeboardAbsent -Source x } }
        Mock Read-LeeboardRegistry -ModuleName Visit {
            $answers = [ordered]@{}
            foreach ($address in $Addresses) {
                $aspect = New-LeeboardValue -Value $address.Length -Source x
                $answers[$address] = New-LeeboardReading -Driver registry -Address $address -Effective $aspect
            }
            $answers
        }
        InModuleScope Visit { $script:Drivers['not_loaded'] = 'Read-LeeboardNotLoaded' }
    }

    It 'is a list of readings by driver and address, each asked for once' {
        Mock Read-LeeboardRegistryUser -ModuleName Visit { throw 'not asked' }
        $seen = Get-LeeboardObservation @{ registry = @('b', 'a', 'B', 'b'); registry_user = @() }
        $seen.schema, $seen.platform | Should -Be 1, 'windows'
        $seen.observed_at | Should -Match '\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\z'
        @($seen.readings | ForEach-Object { $_.address }) | Should -Be 'B', 'a', 'b'
        $seen.facts.windows_kind.value, $seen.identity.serial.state | Should -Be 'client', 'absent'
        $seen.cost.Keys | Should -Be 'children', 'seconds', 'cpu_seconds'
        $seen.cost.children | Should -BeOfType [int]
        Should -Invoke Read-LeeboardRegistry -ModuleName Visit -Times 1 -Exactly
    }

    It 'echoes the challenge, and needs none' {
        $seen = Get-LeeboardObservation @{ registry = @('a') } -Challenge ('a1' * 32)
        $seen.challenge | Should -BeExactly ('a1' * 32)
        (Get-LeeboardObservation @{ registry = @('a') }).Contains('challenge') | Should -Be $false
    }

    It 'loads the default profile once for all drivers that read it, and lets it go before the others' {
        $global:LeeboardOrder = @()
        Mock Mount-LeeboardDefaultProfile -ModuleName Profiles {
            $global:LeeboardOrder += 'load'
            @{ Problem = $null; Root = $null; File = 'x'; Hive = 'x' }
        }
        Mock Open-People -ModuleName Profiles { @{ Note = ''; Open = @() } }
        Mock Dismount-LeeboardDefaultProfile -ModuleName Profiles {
            $global:LeeboardOrder += 'unload'
            'HKEY_USERS\x is still loaded: busy'
        }
        foreach ($driver in 'RegistryUser', 'RegistryAcl') {
            Mock "Read-Leeboard$driver" -ModuleName Visit {
                Read-LeeboardProfile -Driver registry_user -Addresses $Addresses -Look { @{ state = 'absent' } } -Source {}
            }
        }
        Mock Read-LeeboardRegistry -ModuleName Visit { $global:LeeboardOrder += 'registry' }
        $seen = Get-LeeboardObservation @{ registry_user = @('a'); registry_acl = @('b'); registry = @('c') }
        $LeeboardOrder | Should -Be 'load', 'unload', 'registry'
        @($seen.readings | ForEach-Object { $_.address }) | Should -Be 'c', 'b', 'a'
        $notes = @($seen.readings | Where-Object { $_.address -ne 'c' } | ForEach-Object { $_.effective.note })
        $notes | Should -Be 'HKEY_USERS\x is still loaded: busy', 'HKEY_USERS\x is still loaded: busy'
        Remove-Variable -Scope Global -Name LeeboardOrder
    }

    It 'loses no other reading when a driver <What>' -TestCases @(
        @{ What = 'throws'; Do = { throw 'broken' }; Why = 'RuntimeException: broken' }
        @{ What = 'gives nothing'; Do = { }; Why = 'the driver gave no reading' }
        @{ What = 'gives something else'; Do = { 'x', 3 }; Why = 'the driver gave no reading' }
        @{ What = 'forgets an address'; Do = { @{ other = @{} } }; Why = 'the driver gave no reading' }
        @{ What = 'gives no reading for it'; Do = { @{ x = 'text' } }; Why = 'the driver gave no reading' }
    ) {
        Mock Read-LeeboardRegistryUser -ModuleName Visit $Do
        $seen = Get-LeeboardObservation @{ registry = @('a'); registry_user = @('x') }
        (Get-Reading $seen registry a).effective.value | Should -Be 1
        $lost = (Get-Reading $seen registry_user x).effective
        $lost.state, $lost.code, $lost.why | Should -Be 'unreadable', 'driver_failed', $Why
    }

    It 'keeps the reason that a driver gives for all its addresses' {
        Mock Read-LeeboardRegistryUser -ModuleName Visit { throw (New-LeeboardProblem -Code timeout -Why 'it hangs') }
        $lost = (Get-Reading (Get-LeeboardObservation @{ registry_user = @('x') }) registry_user x).effective
        $lost.code, $lost.why | Should -Be 'timeout', 'it hangs'
    }

    It 'says that there is no such driver, or that it is not loaded' {
        $seen = Get-LeeboardObservation @{ tea = @('x'); not_loaded = @('y') }
        (Get-Reading $seen tea x).effective.why | Should -Be "this collection has no driver 'tea'"
        (Get-Reading $seen not_loaded y).effective.why | Should -Be "the functions of the driver 'not_loaded' are not loaded"
    }

    It 'can be written as JSON that keeps lists of one as lists' {
        $json = ConvertTo-Json -InputObject (Get-LeeboardObservation @{ registry = @('a') }) -Depth 10 -Compress
        $json | Should -BeLike '*"readings":`[{"driver":"registry","address":"a","effective":{*'
    }
}

Describe 'Get-LeeboardIdentity' {
    BeforeEach {
        $global:LeeboardCim = @{
            Win32_BIOS = @(@{ SerialNumber = ' 5CG1234XYZ ' })
            Win32_ComputerSystemProduct = @(@{ UUID = '4C4C4544-0051-3510-8031-B7C04F4E4A32' })
            Win32_OperatingSystem = @(@{ Version = '10.0.26100'; ProductType = [uint32]1 })
        }
        Mock Get-LeeboardCim -ModuleName Identity { $LeeboardCim[$ClassName] }
        Mock Get-LeeboardMachineValue -ModuleName Identity {
            @{ state = 'value'; type = 'string'; value = '23BB52B0-0e25-4cf5-9355-d6a21dfb03b2' }
        }
    }

    It 'is serial, UUID, MachineGuid and the system in numbers' {
        $identity = Get-LeeboardIdentity
        $identity.Keys | Should -Be 'serial', 'uuid', 'machine_id', 'os'
        @($identity.Values | ForEach-Object { $_.value }) | Should -BeExactly @(
            '5CG1234XYZ', '4c4c4544-0051-3510-8031-b7c04f4e4a32', '23bb52b00e254cf59355d6a21dfb03b2'
            'Windows 10.0.26100 client')
    }

    It 'calls a domain controller a server' {
        $LeeboardCim.Win32_OperatingSystem = @(@{ Version = '10.0.20348'; ProductType = [uint32]2 })
        (Get-LeeboardIdentity).os.value | Should -BeExactly 'Windows 10.0.20348 server'
    }

    It 'is absent where there is nothing' {
        $LeeboardCim.Win32_BIOS = @(@{ SerialNumber = $null })
        $LeeboardCim.Win32_ComputerSystemProduct = @()
        $LeeboardCim.Win32_OperatingSystem = @()
        Mock Get-LeeboardMachineValue -ModuleName Identity { @{ state = 'absent' } }
        @((Get-LeeboardIdentity).Values | ForEach-Object { $_.state } | Sort-Object -Unique) | Should -Be @('absent')
    }

    It 'loses one part only when one cannot be read' {
        Mock Get-LeeboardCim -ModuleName Identity -ParameterFilter { $ClassName -eq 'Win32_BIOS' } {
            throw (New-LeeboardProblem -Code timeout -Why 'no answer')
        }
        $identity = Get-LeeboardIdentity
        $identity.serial.code, $identity.uuid.state | Should -Be 'timeout', 'value'
    }
}

Describe 'Get-LeeboardFact' {
    BeforeEach {
        $global:LeeboardCim = @{
            Win32_OperatingSystem = @(@{ ProductType = [uint32]1; OperatingSystemSKU = [uint32]121 })
            Win32_SystemEnclosure = @(@{ ChassisTypes = [uint16[]]10 })
            Win32_EncryptableVolume = @(
                @{ VolumeType = [uint32]1; ProtectionStatus = [uint32]1 }
                @{ VolumeType = [uint32]0; ProtectionStatus = [uint32]0 })
            Win32_ComputerSystem = @(@{ PartOfDomain = $true; Domain = 'school.example' })
        }
        Mock Get-LeeboardCim -ModuleName Facts { $LeeboardCim[$ClassName] }
        Mock Invoke-LeeboardCimMethod -ModuleName Facts -ParameterFilter {
            $MethodName -eq 'GetProtectionStatus' -and $Instance.VolumeType -eq 0
        } { $LeeboardCim.Answer }
        Reset-LeeboardCache
        Mock Get-LeeboardSubkeyName -ModuleName Facts { }
        Mock Get-LeeboardSubkeyName -ModuleName Enrolment { }
        Mock Test-LeeboardModernStandby -ModuleName Facts { $false }
        $global:LeeboardOsConfig = @()
        Mock Get-LeeboardOsConfig -ModuleName Facts { @{ Scenarios = [string[]]$LeeboardOsConfig; Owners = @{} } }
    }

    It 'names every fact' {
        (Get-LeeboardFact).Keys | Should -Be @(
            'windows_kind', 'edition', 'chassis', 'smart_cards', 'bitlocker_os_volume', 'mdm_enrolled', 'configured_by',
            'modern_standby', 'domain', 'shared_folders', 'checkpoint', 'vpn')
    }

    It 'calls product type <Number> <Kind>' -TestCases @(
        @{ Number = 1; Kind = 'client' }, @{ Number = 2; Kind = 'domain_controller' }, @{ Number = 3; Kind = 'server' }
    ) {
        $LeeboardCim.Win32_OperatingSystem = @(@{ ProductType = [uint32]$Number })
        (Get-LeeboardFact).windows_kind.value | Should -Be $Kind
    }

    It 'calls the edition with the number <Number> <Edition>' -TestCases @(
        @{ Number = 101; Kind = 1; Edition = 'home' }, @{ Number = 100; Kind = 1; Edition = 'home' }
        @{ Number = 48; Kind = 1; Edition = 'pro' }, @{ Number = 164; Kind = 1; Edition = 'pro' }
        @{ Number = 121; Kind = 1; Edition = 'education' }, @{ Number = 4; Kind = 1; Edition = 'enterprise' }
        @{ Number = 125; Kind = 1; Edition = 'enterprise' }, @{ Number = 7; Kind = 3; Edition = 'server' }
        @{ Number = 8; Kind = 2; Edition = 'server' }, @{ Number = 2882382797; Kind = 1; Edition = 'other' }
        @{ Number = 203; Kind = 1; Edition = 'other' }
    ) {
        $LeeboardCim.Win32_OperatingSystem = @(@{ ProductType = [uint32]$Kind; OperatingSystemSKU = [uint32]$Number })
        $fact = (Get-LeeboardFact).edition
        $fact.value, $fact.source | Should -Be $Edition, "Win32_OperatingSystem.OperatingSystemSKU: $Number"
    }

    It 'does not guess an edition that Windows does not say' {
        $LeeboardCim.Win32_OperatingSystem = @(@{ ProductType = [uint32]1; OperatingSystemSKU = $null })
        (Get-LeeboardFact).edition.code | Should -Be 'failed'
    }

    It 'calls chassis <Codes> <Kind>' -TestCases @(
        @{ Codes = 10; Kind = 'portable' }, @{ Codes = 31; Kind = 'portable' }, @{ Codes = 3; Kind = 'desktop' }
        @{ Codes = 23; Kind = 'server' }, @{ Codes = 1; Kind = 'other' }, @{ Codes = 10, 12; Kind = 'portable' }
    ) {
        $LeeboardCim.Win32_SystemEnclosure = @(@{ ChassisTypes = [uint16[]]$Codes })
        (Get-LeeboardFact).chassis.value | Should -Be $Kind
    }

    It 'does not guess a chassis' -TestCases @(@{ Found = @() }, @{ Found = @(@{ ChassisTypes = $null }) }) {
        $LeeboardCim.Win32_SystemEnclosure = $Found
        (Get-LeeboardFact).chassis.state | Should -Be 'absent'
    }

    It 'asks the volume of Windows for BitLocker by its method, whatever a property says: status <Status> is <Value>' -TestCases @(
        @{ Status = 1; Value = $true }, @{ Status = 0; Value = $false }
    ) {
        $LeeboardCim.Win32_EncryptableVolume[1].ProtectionStatus = [uint32](1 - $Status)
        $LeeboardCim.Answer = @{ ReturnValue = [uint32]0; ProtectionStatus = [uint32]$Status }
        $fact = (Get-LeeboardFact).bitlocker_os_volume
        $fact.value | Should -Be $Value
        $fact.source | Should -BeLike '*: GetProtectionStatus'
    }

    It 'does not know about BitLocker when <What>' -TestCases @(
        @{ What = 'the status is unknown'; Kind = 0; Answer = @{ ReturnValue = [uint32]0; ProtectionStatus = [uint32]2 } }
        @{ What = 'the method fails'; Kind = 0; Answer = @{ ReturnValue = [uint32]2150694912; ProtectionStatus = $null } }
        @{ What = 'the method says nothing'; Kind = 0; Answer = $null }
        @{ What = 'no volume is that of Windows'; Kind = 1; Answer = @{ ReturnValue = [uint32]0; ProtectionStatus = [uint32]1 } }
        @{ What = 'there is no volume'; Kind = $null; Answer = @{ ReturnValue = [uint32]0; ProtectionStatus = [uint32]1 } }
    ) {
        $LeeboardCim.Win32_EncryptableVolume = @(if ($null -ne $Kind) { @{ VolumeType = [uint32]$Kind; ProtectionStatus = [uint32]1 } })
        $LeeboardCim.Answer = $Answer
        (Get-LeeboardFact).bitlocker_os_volume.code | Should -Be 'failed'
    }

    It 'says no where this Windows has no BitLocker, and that it may not ask where it may not' {
        Mock Get-LeeboardCim -ModuleName Facts -ParameterFilter { $ClassName -eq 'Win32_EncryptableVolume' } {
            throw (New-LeeboardProblem -Code missing_tool -Why 'no namespace')
        }
        $fact = (Get-LeeboardFact).bitlocker_os_volume
        $fact.value, $fact.source | Should -Be $false, (
            'Win32_EncryptableVolume in root\CIMV2\Security\MicrosoftVolumeEncryption: this Windows has no BitLocker')
        Mock Get-LeeboardCim -ModuleName Facts -ParameterFilter { $ClassName -eq 'Win32_EncryptableVolume' } {
            throw (New-LeeboardProblem -Code needs_root -Why 'access denied')
        }
        (Get-LeeboardFact).bitlocker_os_volume.code | Should -Be 'needs_root'
    }

    It 'has a domain only for a member' {
        (Get-LeeboardFact).domain.value | Should -Be 'school.example'
        $LeeboardCim.Win32_ComputerSystem = @(@{ PartOfDomain = $false; Domain = 'WORKGROUP' })
        (Get-LeeboardFact).domain.state | Should -Be 'absent'
    }

    It 'takes an enrolment for one where state, discovery and account agree: <What>' -TestCases @(
        @{ What = 'all three'; Keys = @{ '{A}' = 'MS DM Server', 1, 'https://x' }; Accounts = '{a}'; Value = $true }
        @{ What = 'nothing'; Keys = @{}; Accounts = @(); Value = $false }
        @{ What = 'an account that is left'; Keys = @{}; Accounts = '{A}'; Value = $false }
        @{ What = 'a key that is left'; Keys = @{ '{A}' = 'MS DM Server', 2, 'https://x' }; Accounts = '{B}'; Value = $false }
        @{ What = 'a name and a state'; Keys = @{ '{A}' = 'Some Server', 1, '' }; Accounts = @(); Value = $false }
        @{ What = 'what Windows ships'; Accounts = '{L}', '{W}'; Value = $false; Keys = @{
                '{L}' = 'Local Authority', 1, ''; '{C}' = 'Cloud Authority', 1, ''; '{D}' = 'Deploy Authority', 1, ''
                '{W}' = 'WMI_Bridge_SCCM_Server', 1, ''; Context = $null, $null, $null } }
        @{ What = 'one that disagrees beside a real one'; Accounts = '{B}'; Value = $true; Keys = @{
                '{A}' = 'Some Server', 1, 'https://x'; '{B}' = 'MS DM Server', 1, 'https://x' } }
    ) {
        Use-Enrollment $Keys $Accounts
        (Get-LeeboardFact).mdm_enrolled.value | Should -Be $Value
    }

    It 'does not know about an enrolment where two of the three stand: <What>' -TestCases @(
        @{ What = 'no account'; Keys = @{ '{A}' = 'MS DM Server', 1, 'https://x' }; Accounts = @() }
        @{ What = 'no discovery'; Keys = @{ '{A}' = 'MS DM Server', 1, '' }; Accounts = '{A}' }
        @{ What = 'another state'; Keys = @{ '{A}' = 'MS DM Server', 3, 'https://x' }; Accounts = '{A}' }
        @{ What = 'no state'; Keys = @{ '{A}' = $null, $null, 'https://x' }; Accounts = '{A}' }
        @{ What = 'a shipped name with a discovery'; Keys = @{ '{A}' = 'Local Authority', 1, 'https://x' }; Accounts = @() }
    ) {
        Use-Enrollment $Keys $Accounts
        $fact = (Get-LeeboardFact).mdm_enrolled
        $fact.state, $fact.code | Should -Be 'unreadable', 'malformed'
        $fact.why | Should -BeLike '*Enrollments\{A}*'
    }

    It 'names who else keeps the machine to a configuration: <What>' -TestCases @(
        @{ What = 'nobody'; Scenarios = @(); File = ''; Found = @() }
        @{ What = 'OSConfig'; Scenarios = 'A/B', 'C'; File = ''; Found = 'osconfig: A/B', 'osconfig: C' }
        @{ What = 'DSC'; Scenarios = @(); File = 'Current.mof'; Found = @('dsc') }
        @{ What = 'DSC that has not begun'; Scenarios = @(); File = 'Pending.mof'; Found = @('dsc') }
        @{ What = 'DSC that was taken away'; Scenarios = @(); File = 'Previous.mof'; Found = @() }
        @{ What = 'both'; Scenarios = @('A/B'); File = 'Current.mof'; Found = 'dsc', 'osconfig: A/B' }
    ) {
        $global:LeeboardOsConfig = $Scenarios
        $before = $env:SystemRoot
        try {
            $env:SystemRoot = [string]$TestDrive
            $folder = [System.IO.Path]::Combine([string]$TestDrive, 'System32', 'Configuration')
            Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
            [void][System.IO.Directory]::CreateDirectory($folder)
            if ($File) { [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, $File), 'x') }
            $fact = (Get-LeeboardFact).configured_by
        } finally {
            $env:SystemRoot = $before
        }
        $fact.state, $fact.type | Should -Be 'value', 'list'
        @($fact.value) | Should -Be $Found
    }

    It 'says how the machine sleeps, or that Windows does not say' {
        Mock Test-LeeboardModernStandby -ModuleName Facts { $true }
        (Get-LeeboardFact).modern_standby.value | Should -BeTrue
        Mock Test-LeeboardModernStandby -ModuleName Facts { throw (New-LeeboardProblem -Code failed -Why 'no') }
        (Get-LeeboardFact).modern_standby.code | Should -Be 'failed'
    }

    It 'sees smart cards by the readers that Windows knows' {
        (Get-LeeboardFact).smart_cards.value | Should -BeFalse
        Mock Get-LeeboardSubkeyName -ModuleName Facts -ParameterFilter { $Path -like '*\Readers' } { 'Reader 0' }
        (Get-LeeboardFact).smart_cards.value | Should -BeTrue
    }

    It 'loses one fact only when one cannot be read' {
        Mock Get-LeeboardSubkeyName -ModuleName Facts { throw [System.IO.IOException]::new('broken') }
        Mock Get-LeeboardSubkeyName -ModuleName Enrolment { throw [System.IO.IOException]::new('broken') }
        $facts = Get-LeeboardFact
        $facts.mdm_enrolled.code, $facts.smart_cards.code, $facts.chassis.state |
            Should -Be 'driver_failed', 'driver_failed', 'value'
    }
}
