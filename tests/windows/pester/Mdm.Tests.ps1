# What an MDM service sets, and what of it counts: the table and PolicyManager, read from a registry that is a hashtable.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Enrolment', 'MdmTable', 'OsConfig', 'Mdm') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Fve = 'HKLM\SOFTWARE\Policies\Microsoft\FVE'
    $script:System = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
    $script:Remote = 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
    $script:WinRm = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM'
    $script:Intune, $script:Other, $script:Gone = 'AAAAAAAA-0000-4000-8000-000000000001',
        'BBBBBBBB-0000-4000-8000-000000000002', 'CCCCCCCC-0000-4000-8000-000000000003'
    $script:Words = 'the MDM service MS DM Server (enrollment.example)'
    $script:Absent = @{ state = 'absent' }
    $script:Machine = @{ Current = @{}; Asked = @{}; Opened = @() }

    # What PolicyManager keeps: the result, and who it comes from.
    function Set-Policy([string]$Area, [string]$Policy, $Value, [string]$Winner = $Intune) {
        if ($Value -isnot [string]) { $Value = [long]$Value }  # a number on a command line remembers how it was written
        $Machine.Current[$Area] += @{ $Policy = $Value; "${Policy}_ProviderSet" = 1L; "${Policy}_WinningProvider" = $Winner }
    }
    function Set-Asked([string]$Id, [string]$Area, [string]$Policy, $Value) {
        $Machine.Asked["$Id\default\Device\$Area"] += @{ $Policy = $Value }
    }
    function Get-Dword([long]$Value) { @{ state = 'value'; type = 'dword'; value = $Value } }
    function Resolve([string]$Path, [string]$Name, $Found = $Absent) {
        Reset-LeeboardCache
        Resolve-LeeboardManaged -Path $Path -Name $Name -Found $Found
    }
    function Get-Problem([scriptblock]$Do) {
        try { & $Do | Out-Null } catch { return (ConvertTo-LeeboardProblem $_) }
        @{ Code = 'none'; Why = '' }
    }
}

Describe 'what an MDM service sets' {
    BeforeEach {
        $Machine.Current, $Machine.Asked, $Machine.Opened = @{}, @{}, @()
        $Machine.Live = @{
            $Intune = @{ Path = 'E'; Provider = 'MS DM Server'; Words = $Words }
            $Other = @{ Path = 'E'; Provider = 'Other'; Words = 'the MDM service Other' }
        }
        Reset-LeeboardCache
        Mock Get-LeeboardEnrolment -ModuleName Mdm { @{ Live = $Machine.Live; Doubts = @(); Source = 'E' } }
        $Machine.OsConfig = @{}
        Mock Get-LeeboardOsConfig -ModuleName Mdm { @{ Scenarios = @(); Owners = $Machine.OsConfig } }
        Mock Open-LeeboardKey -ModuleName Mdm {
            $Machine.Opened += $Path
            $values = $null
            if ($Path -match '\\current\\device\\(?<area>[^\\]+)$') { $values = $Machine.Current[$Matches['area']] }
            if ($Path -match '\\providers\\(?<below>.+)$') { $values = $Machine.Asked[$Matches['below']] }
            if ($null -eq $values) { return }
            $key = [pscustomobject]@{ Values = $values }
            $key | Add-Member ScriptMethod GetValueNames { $this.Values.Keys }
            $key | Add-Member ScriptMethod Dispose { }
            $key
        }
        Mock Get-LeeboardRegistryValue -ModuleName Mdm -RemoveParameterType Key {
            $value = $Key.Values[$Name]
            @{ state = 'value'; value = $value; type = if ($value -is [string]) { 'string' } else { 'dword' } }
        }
    }

    It 'is <Expected> for <Name>, since <Policy> is <Value>' -TestCases @(
        # An element of an enabled template, and a switch as a word.
        @{ Key = '$Fve'; Name = 'EncryptionMethodWithXtsOs'; Policy = 'BitLocker/EncryptionMethodByDriveType'; Expected = 7
            Value = '<enabled/><data id="EncryptionMethodWithXtsOsDropDown_Name" value="7"/><data id="EncryptionMethodWithXtsFdvDropDown_Name" value="4"/>' }
        @{ Key = '$Fve'; Name = 'OSManageDRA'; Policy = 'BitLocker/SystemDrivesRecoveryOptions'; Expected = 0
            Value = "<enabled/>`n<data id='OSAllowDRA_Name' value='false'/>" }
        @{ Key = '$Fve'; Name = 'OSHideRecoveryPage'; Policy = 'BitLocker/SystemDrivesRecoveryOptions'; Expected = 1
            Value = '<data value="true" id="OSHideRecoveryPage_Name"/><Enabled/>' }
        @{ Key = '$Fve'; Name = 'IdentificationFieldString'; Policy = 'BitLocker/IdentificationField'; Expected = 'A & B'
            Value = '<enabled/><data id="IdentificationField" value="A &amp; B"/>' }
        # Switches, one of them the other way round.
        @{ Key = '$WinRm\Service'; Name = 'AllowBasic'; Policy = 'RemoteManagement/AllowBasicAuthentication_Service'; Value = '<disabled/>'; Expected = 0 }
        @{ Key = '$WinRm\Client'; Name = 'AllowDigest'; Policy = 'RemoteManagement/DisallowDigestAuthentication'; Value = '<enabled/>'; Expected = 0 }
        @{ Key = '$WinRm\Client'; Name = 'AllowDigest'; Policy = 'RemoteManagement/DisallowDigestAuthentication'; Value = '<disabled/>'; Expected = 1 }
        @{ Key = '$Remote'; Name = 'fDenyTSConnections'; Policy = 'RemoteDesktopServices/AllowUsersToConnectRemotely'; Value = '<enabled/>'; Expected = 0 }
        @{ Key = '$Remote'; Name = 'fDenyTSConnections'; Policy = 'RemoteDesktopServices/AllowUsersToConnectRemotely'; Value = '<disabled/>'; Expected = 1 }
        # A limit that is switched off.
        @{ Key = '$Remote'; Name = 'MaxDisconnectionTime'; Policy = 'ADMX_TerminalServer/TS_SESSIONS_Disconnected_Timeout_2'; Value = '<disabled/>'; Expected = 0 }
        # Integers: as they are, the other way round, in another unit.
        @{ Key = '$System'; Name = 'InactivityTimeoutSecs'; Policy = 'LocalPoliciesSecurityOptions/InteractiveLogon_MachineInactivityLimit'; Value = 600L; Expected = 600 }
        @{ Key = '$Fve'; Name = 'DisableExternalDMAUnderLock'; Policy = 'DataProtection/AllowDirectMemoryAccess'; Value = 0L; Expected = 1 }
        @{ Key = '$Fve'; Name = 'DisableExternalDMAUnderLock'; Policy = 'DataProtection/AllowDirectMemoryAccess'; Value = 1L; Expected = 0 }
        @{ Key = '$System'; Name = 'LegalNoticeText'; Policy = 'LocalPoliciesSecurityOptions/InteractiveLogon_MessageTextForUsersAttemptingToLogOn'; Value = ' Mind this '; Expected = ' Mind this ' }
        # A word where a number is meant stays one, for the verdict to say so.
        @{ Key = '$System'; Name = 'InactivityTimeoutSecs'; Policy = 'LocalPoliciesSecurityOptions/InteractiveLogon_MachineInactivityLimit'; Value = 'never'; Expected = 'never' }
    ) {
        $area, $policy = $Policy -split '/'
        Set-Policy $area $policy $Value
        $found = Resolve $ExecutionContext.InvokeCommand.ExpandString($Key) $Name
        $found.value | Should -BeExactly $Expected
        $found.type | Should -Be $(if ($Expected -is [string]) { 'string' } else { 'dword' })
        $found.Source | Should -Be "HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\$area`:$policy"
    }

    It 'counts minutes as seconds, only while a password is asked for, and the shorter of two times' {
        Set-Policy DeviceLock MaxInactivityTimeDeviceLock 15
        (Resolve $System InactivityTimeoutSecs).state | Should -Be 'absent'
        (Resolve $System InactivityTimeoutSecs).Note | Should -BeLike '*has no effect, since DevicePasswordEnabled is not 0'
        Set-Policy DeviceLock DevicePasswordEnabled 0
        (Resolve $System InactivityTimeoutSecs).value | Should -Be 900
        (Resolve $System InactivityTimeoutSecs (Get-Dword 600)).value | Should -Be 600
        (Resolve $System InactivityTimeoutSecs (Get-Dword 1800)).value | Should -Be 900
        (Resolve $System InactivityTimeoutSecs (Get-Dword 0)).value | Should -Be 900
        Set-Policy LocalPoliciesSecurityOptions InteractiveLogon_MachineInactivityLimit 300
        (Resolve $System InactivityTimeoutSecs).value | Should -Be 300
    }

    It 'is OSConfig where one of its authorities set it, on a machine without any service too, and whoever won of both' {
        Set-Policy DmaGuard DeviceEnumerationPolicy 0 $Gone
        $dma = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\Kernel DMA Protection'
        (Get-LeeboardMdmPolicy "$dma`:DeviceEnumerationPolicy").Owner | Should -Be ''
        $Machine.OsConfig = @{ $Gone = @{ Words = 'OSConfig (S)' } }
        Reset-LeeboardCache
        (Get-LeeboardMdmPolicy "$dma`:DeviceEnumerationPolicy").Owner | Should -Be 'OSConfig (S)'
        (Resolve $dma DeviceEnumerationPolicy).value | Should -Be 0
        $Machine.Live = @{}
        (Resolve $dma DeviceEnumerationPolicy).value | Should -Be 0
        $Machine.OsConfig = @{}
        (Resolve $dma DeviceEnumerationPolicy).state | Should -Be 'absent'
    }

    It 'does not beat the registry, which Windows reads, unless MDM wins; in BitLocker it never does' {
        Set-Policy RemoteDesktopServices PromptForPasswordUponConnection '<disabled/>'
        Set-Policy BitLocker SystemDrivesEnhancedPIN '<disabled/>'
        $found = Resolve $Remote fPromptForPassword (Get-Dword 1)
        $found.value, $found.ContainsKey('Source') | Should -Be 1, $false
        $found.Note | Should -BeLike "*PromptForPasswordUponConnection is 0, but $Remote`:fPromptForPassword counts"
        Set-Policy ControlPolicyConflict MDMWinsOverGP 1
        $found = Resolve $Remote fPromptForPassword (Get-Dword 1)
        $found.value, $found.Note | Should -Be 0, (
            "$Remote`:fPromptForPassword is 1, but $($found.Source) counts")
        (Resolve $Fve UseEnhancedPin (Get-Dword 1)).value | Should -Be 1
        (Get-LeeboardMdmPolicy "$Fve`:UseEnhancedPin").Wins, (Get-LeeboardMdmPolicy "$Remote`:fPromptForPassword").Wins |
            Should -Be $false, $true
    }

    It 'says nothing of a value that is the same in the registry' {
        Set-Policy BitLocker SystemDrivesEnhancedPIN '<enabled/>'
        $found = Resolve $Fve UseEnhancedPin (Get-Dword 1)
        $found.value, $found.Note, $found.ContainsKey('Source') | Should -Be 1, '', $false
    }

    It 'stands only with the service that asks for it' {
        $Machine.Current.BitLocker = @{ FixedDrivesRequireEncryption_ProviderSet = 1L; FixedDrivesRequireEncryption_WinningProvider = "{$Intune}" }
        Set-Asked $Intune BitLocker FixedDrivesRequireEncryption '<enabled/>'
        $found = Resolve 'HKLM\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE' FDVDenyWriteAccess
        $found.value, $found.Source | Should -Be 1, (
            "HKLM\SOFTWARE\Microsoft\PolicyManager\providers\$Intune\default\Device\BitLocker:FixedDrivesRequireEncryption")
    }

    It 'has an owner and no value where nobody tells the value' {
        $Machine.Current.BitLocker = @{ SystemDrivesEnhancedPIN_ProviderSet = 1L; SystemDrivesEnhancedPIN_WinningProvider = $Intune }
        $found = Resolve $Fve UseEnhancedPin
        $found.state, $found.Note | Should -Be 'absent', "$Words sets BitLocker/SystemDrivesEnhancedPIN, and has no value for this"
        (Get-LeeboardMdmPolicy "$Fve`:UseEnhancedPin").Owner | Should -Be $Words
    }

    It 'is that of the service that won, and the other one is named' {
        Set-Policy WindowsLogon DisableLockScreenAppNotifications '<enabled/>' $Other
        Set-Asked $Other WindowsLogon DisableLockScreenAppNotifications '<enabled/>'
        Set-Asked $Intune WindowsLogon DisableLockScreenAppNotifications '<disabled/>'
        $said = Get-LeeboardMdmPolicy 'HKLM\SOFTWARE\Policies\Microsoft\Windows\System:DisableLockScreenAppNotifications'
        $said.Owner, $said.Found.value, $said.Note | Should -Be 'the MDM service Other', 1, "$Words asks for something else in vain"
    }

    It 'is nobody''s where the enrolment has ended, or where a default stands' {
        Set-Policy BitLocker SystemDrivesEnhancedPIN '<enabled/>' $Gone
        $Machine.Current.DmaGuard = @{ DeviceEnumerationPolicy = 0L }
        $found = Resolve $Fve UseEnhancedPin
        $found.state | Should -Be 'absent'
        $found.Note | Should -BeLike "*SystemDrivesEnhancedPIN is of $Gone, which is no enrolment of this machine*"
        (Get-LeeboardMdmPolicy "$Fve`:UseEnhancedPin").Owner | Should -Be ''
        Get-LeeboardMdmPolicy 'HKLM\SOFTWARE\Policies\Microsoft\Windows\Kernel DMA Protection:DeviceEnumerationPolicy' | Should -BeNullOrEmpty
        Set-Asked $Other BitLocker SystemDrivesEnhancedPIN '<disabled/>'
        $found = Resolve $Fve UseEnhancedPin
        $found.value, $found.Note | Should -Be 0, (
            "HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker:SystemDrivesEnhancedPIN is of $Gone, which is no enrolment of this machine, so it does not count")
    }

    It 'cannot be told of <Value>' -TestCases @(
        @{ Value = 'yes' }, @{ Value = '' }, @{ Value = '<enabled/><disabled/>' }, @{ Value = '<data id="x" value="1"/>' }
        @{ Value = '<enabled' }, @{ Value = '<!DOCTYPE a [<!ENTITY b "c">]><enabled/>' }
    ) {
        Set-Policy BitLocker SystemDrivesEnhancedPIN $Value
        (Get-Problem { Resolve $Fve UseEnhancedPin }).Code | Should -Be 'malformed'
        $found = Resolve $Fve UseEnhancedPin (Get-Dword 1)
        $found.value | Should -Be 1
        $found.Note | Should -BeLike 'what an MDM service says of it cannot be told: *'
    }

    It 'cannot be told of a number without a documented meaning' {
        Set-Policy DataProtection AllowDirectMemoryAccess 2
        (Get-Problem { Resolve $Fve DisableExternalDMAUnderLock }).Why | Should -BeLike '*is 2, which has no documented meaning'
    }

    It 'owns what Windows itself is asked about: <Subject>' -TestCases @(
        @{ Subject = 'audit:{0CCE9215-69AE-11D9-BED3-505054503030}'; Policy = 'Audit/AccountLogonLogoff_AuditLogon' }
        @{ Subject = 'security:SeSecurityPrivilege'; Policy = 'UserRights/ManageAuditingAndSecurityLog' }
        @{ Subject = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager:7'; Policy = 'ADMX_EventForwarding/SubscriptionManager' }
    ) {
        Get-LeeboardMdmPolicy $Subject | Should -BeNullOrEmpty
        $area, $policy = $Policy -split '/'
        Set-Policy $area $policy 3L
        Reset-LeeboardCache
        $said = Get-LeeboardMdmPolicy $Subject
        $said.Owner, $said.Found | Should -Be $Words, $null
    }

    It 'is not looked for on a machine that no service manages, and each area is read once' {
        Set-Policy BitLocker SystemDrivesRecoveryOptions '<enabled/>'
        $null = Resolve $Fve OSRecovery
        foreach ($name in 'OSManageDRA', 'OSRecoveryKey', 'UseEnhancedPin') {
            $null = Resolve-LeeboardManaged -Path $Fve -Name $name -Found $Absent
        }
        ($Machine.Opened | Group-Object | Where-Object Count -GT 1).Name | Should -BeNullOrEmpty
        $Machine.Live, $Machine.Opened = @{}, @()
        (Resolve $Fve OSRecovery).state | Should -Be 'absent'
        $Machine.Opened | Should -BeNullOrEmpty
    }
}
