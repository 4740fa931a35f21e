# The driver bitlocker_policy: values count with the switch of their group only, and options that exclude each other.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    function global:Get-LeeboardPolicyOwner { param([string]$Path, [string]$Name) }
    function global:Resolve-LeeboardOwner { param([scriptblock]$Find) }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Registry', 'BitLockerPolicy', 'BitLockerPolicyChange') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Machine = @{}

    function Read-One([string]$Address) {
        return (Read-LeeboardBitLockerPolicy -Addresses $Address)[$Address]
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner, Function:\Resolve-LeeboardManaged
}

Describe 'bitlocker_policy' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Policy = @{}
        Mock Get-LeeboardMachineValue -ModuleName BitLockerPolicy {
            if ($Path -ne 'HKLM\SOFTWARE\Policies\Microsoft\FVE' -or -not $Machine.Policy.ContainsKey($Name)) { return @{ state = 'absent' } }
            $value = $Machine.Policy[$Name]
            @{ state = 'value'; value = $value; type = if ($value -is [string]) { 'string' } else { 'dword' } }
        }
        Mock Resolve-LeeboardOwner -ModuleName BitLockerPolicy { @{ Owner = ''; Note = '' } }
    }

    It 'counts where the switch is 1, as a number or as text: <Switch>' -ForEach @(@{ Switch = 1L }, @{ Switch = '1' }) {
        $Machine.Policy = @{ UseAdvancedStartup = $Switch; UseTPMPIN = 1L }
        $reading = Read-One 'startup/UseTPMPIN'
        $reading.effective.value, $reading.configured.value | Should -Be 1, 1
    }

    It 'is configured, and not in effect, where the switch is <Switch>' -ForEach @(@{ Switch = $null }, @{ Switch = 0L }, @{ Switch = 'yes' }) {
        $Machine.Policy = @{ UseTPMPIN = 1L }
        if ($null -ne $Switch) { $Machine.Policy.UseAdvancedStartup = $Switch }
        $reading = Read-One 'startup/UseTPMPIN'
        $reading.configured.value, $reading.effective.state | Should -Be 1, 'absent'
        $reading.effective.note | Should -BeLike 'configured as 1, but UseAdvancedStartup is not 1*'
    }

    It 'has a switch for each group' {
        $Machine.Policy = @{ UseAdvancedStartup = 1L; OSRecoveryPassword = 1L }
        (Read-One 'os-recovery/OSRecoveryPassword').effective.state | Should -Be 'absent'
        $Machine.Policy.OSRecovery = 1L
        (Read-One 'os-recovery/OSRecoveryPassword').effective.value | Should -Be 1
    }

    It 'is absent where it was deleted, and half of a policy is a conflict that names what is missing' {
        $Machine.Policy = @{ UseAdvancedStartup = 1L; OSRecovery = 1L; UseTPM = 0L; UseTPMPIN = 1L; UseTPMKey = 0L; UseTPMKeyPIN = 0L }
        foreach ($address in 'startup/EnableBDEWithNoTPM', 'os-recovery/OSRecoveryPassword') {
            $effective = (Read-One $address).effective
            $effective.state | Should -Be 'absent'
            $effective.note | Should -BeLike 'although * is 1'
            $effective.Contains('value') | Should -BeFalse
        }
        (Read-One 'startup-conflict').effective.value | Should -Be 'EnableBDEWithNoTPM is not set, although UseAdvancedStartup is 1'
        $Machine.Policy.EnableBDEWithNoTPM = 'no number'
        @((Read-One 'startup-conflict').effective.value).Count | Should -Be 0
    }

    It 'knows which options exclude each other: <Options> give <Count>' -ForEach @(
        @{ Options = '1 0 0 0'; Count = 0 }, @{ Options = '2 2 0 0'; Count = 0 }, @{ Options = '2 2 2 2'; Count = 0 }
        @{ Options = '1 1 0 0'; Count = 2 }, @{ Options = '1 2 0 0'; Count = 1 }, @{ Options = '0 1 0 0'; Count = 0 }
    ) {
        $Machine.Policy = @{ UseAdvancedStartup = 1L; EnableBDEWithNoTPM = 0L }
        $names = 'UseTPM', 'UseTPMPIN', 'UseTPMKey', 'UseTPMKeyPIN'
        foreach ($index in 0..3) { $Machine.Policy[$names[$index]] = [long]($Options -split ' ')[$index] }
        @((Read-One 'startup-conflict').effective.value).Count | Should -Be $Count
        $Machine.Policy.UseAdvancedStartup = 0L
        @((Read-One 'startup-conflict').effective.value).Count | Should -Be 0
    }

    It 'takes what an MDM service sets where the key has nothing, switch and conflicts included' {
        $Machine.Service = @{ UseAdvancedStartup = 1L; UseTPM = 1L; UseTPMPIN = 1L; UseTPMKey = 0L; UseTPMKeyPIN = 0L; EnableBDEWithNoTPM = 0L }
        Mock Resolve-LeeboardManaged -ModuleName BitLockerPolicy {
            if ($Found.state -eq 'value') { return $Found }
            @{ state = 'value'; type = 'dword'; value = $Machine.Service[$Name]; Source = 'PolicyManager'; Note = 'so it is' }
        }
        $reading = Read-One 'startup/UseTPM'
        $reading.effective.value, $reading.effective.source, $reading.effective.note | Should -Be 1, 'PolicyManager', 'so it is'
        @((Read-One 'startup-conflict').effective.value).Count | Should -Be 2
        $Machine.Policy = @{ UseTPM = 0L }
        (Read-One 'startup/UseTPM').effective.value | Should -Be 0
    }

    It 'says who sets it' {
        Mock Resolve-LeeboardOwner -ModuleName BitLockerPolicy { @{ Owner = 'the group policy "X"'; Note = '' } }
        (Read-One 'startup/UseTPM').owner | Should -Be 'the group policy "X"'
    }

    It 'knows recovery of data drives as a group of its own' {
        $Machine.Policy = @{ FDVRequireActiveDirectoryBackup = 1L; OSRecovery = 1L }
        (Read-One 'data-recovery/FDVRequireActiveDirectoryBackup').effective.state | Should -Be 'absent'
        $Machine.Policy.FDVRecovery = 1L
        (Read-One 'data-recovery/FDVRequireActiveDirectoryBackup').effective.value | Should -Be 1
    }

    It 'knows its addresses' -ForEach '', 'startup/', 'UseTPM', 'Startup/UseTPM', 'startup/Use TPM' {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }

    Context 'changing' {
        BeforeEach {
            $Machine.Type = 'dword'
            foreach ($module in 'BitLockerPolicy', 'BitLockerPolicyChange', 'Registry') {
                Mock Get-LeeboardMachineValue -ModuleName $module {
                    if (-not $Machine.Policy.ContainsKey($Name)) { return @{ state = 'absent' } }
                    @{ state = 'value'; value = $Machine.Policy[$Name]; type = $Machine.Type }
                }
            }
            Mock Resolve-LeeboardOwner -ModuleName BitLockerPolicyChange { & $Find; @{ Owner = $Machine.Owners[$Machine.Asked] } }
            Mock Get-LeeboardPolicyOwner -ModuleName BitLockerPolicyChange { $Machine.Asked = $Name }
            Mock Set-LeeboardRegistryChange -ModuleName BitLockerPolicyChange { $Machine.Written = $Edits }
            $Machine.Owners = @{}

            # What the edits come to, as NAME=VALUE in their order.
            function Get-Change([hashtable]$Wanted) {
                $changes = @($Wanted.Keys | Sort-Object | ForEach-Object { @{ address = $_; value = $Wanted[$_] } })
                $edits = @(Get-LeeboardBitLockerPolicyChange -Changes $changes)
                $edits | ForEach-Object { $_.After.type | Should -Be 'dword' }
                [string]::Join(' ', @($edits | ForEach-Object { "$(($_.Target -split ':')[-1])=$($_.After.value)" } | Sort-Object))
            }
        }

        It 'writes the switch of the group, and what the group lacks as it is without a policy' {
            Get-Change @{ 'startup/UseTPM' = 0; 'startup/UseTPMPIN' = 1 } |
                Should -Be 'EnableBDEWithNoTPM=0 UseAdvancedStartup=1 UseTPM=0 UseTPMKey=0 UseTPMKeyPIN=0 UseTPMPIN=1'
            Get-Change @{ 'os-recovery/OSRecoveryPassword' = 1 } | Should -Be (
                'OSActiveDirectoryBackup=0 OSActiveDirectoryInfoToStore=1 OSHideRecoveryPage=0 OSManageDRA=1 OSRecovery=1 ' +
                'OSRecoveryKey=2 OSRecoveryPassword=1 OSRequireActiveDirectoryBackup=0')
            Get-Change @{ 'data-recovery/FDVRequireActiveDirectoryBackup' = 0 } | Should -Be (
                'FDVActiveDirectoryBackup=0 FDVActiveDirectoryInfoToStore=1 FDVHideRecoveryPage=0 FDVManageDRA=1 FDVRecovery=1 ' +
                'FDVRecoveryKey=2 FDVRecoveryPassword=2 FDVRequireActiveDirectoryBackup=0')
        }

        It 'changes nothing else where the group is whole' {
            $Machine.Policy = @{ UseAdvancedStartup = 1L; UseTPM = 2L; UseTPMPIN = 1L; UseTPMKey = 0L; UseTPMKeyPIN = 0L; EnableBDEWithNoTPM = 1L }
            Get-Change @{ 'startup/UseTPM' = 0 } | Should -Be 'UseTPM=0'
        }

        It 'forbids what stands beside an option that is required: <Now> becomes <Then>' -ForEach @(
            @{ Now = '1 2 0 0'; Then = 'UseTPMPIN=0' }, @{ Now = '0 1 2 2'; Then = 'UseTPMKey=0 UseTPMKeyPIN=0' }
            @{ Now = '2 2 0 0'; Then = '' }, @{ Now = '1 0 0 0'; Then = '' }
        ) {
            $Machine.Policy = @{ UseAdvancedStartup = 1L; EnableBDEWithNoTPM = 0L }
            $names = 'UseTPM', 'UseTPMPIN', 'UseTPMKey', 'UseTPMKeyPIN'
            foreach ($index in 0..3) { $Machine.Policy[$names[$index]] = [long]($Now -split ' ')[$index] }
            Get-Change @{ 'startup-conflict' = @() } | Should -Be $Then
        }

        It 'takes no default beside an option that is required' {
            Get-Change @{ 'startup/UseTPMPIN' = '1' } |
                Should -Be 'EnableBDEWithNoTPM=0 UseAdvancedStartup=1 UseTPM=0 UseTPMKey=0 UseTPMKeyPIN=0 UseTPMPIN=1'
        }

        It 'takes what is no number for none, as reading does: a <Type>' -ForEach @{ Type = 'qword' }, @{ Type = 'multi_string' }, @{ Type = 'binary' } {
            $Machine.Type = $Type
            $Machine.Policy = @{ UseAdvancedStartup = '1'; UseTPM = '1'; UseTPMPIN = '2'; UseTPMKey = '0'; UseTPMKeyPIN = '0'; EnableBDEWithNoTPM = '0' }
            (Read-One 'startup/UseTPM').effective.state | Should -Be 'absent'
            $edits = Get-LeeboardBitLockerPolicyChange -Changes @(@{ address = 'startup/UseTPMPIN'; value = 1 })
            @($edits | Where-Object { $_.Target -like '*:UseAdvancedStartup' }).Count | Should -Be 1
            $Machine.Type = 'dword'
            $edits = Get-LeeboardBitLockerPolicyChange -Changes @(@{ address = 'startup/UseTPMPIN'; value = 2 })
            @($edits | Where-Object { $_.Target -like '*:UseAdvancedStartup' }).Count | Should -Be 0
        }

        It 'refuses two options that are both required' {
            $Machine.Policy = @{ UseAdvancedStartup = 1L; UseTPM = 1L }
            { Get-Change @{ 'startup/UseTPMPIN' = 1 } } | Should -Throw '*UseTPM and UseTPMPIN are both required*'
        }

        It 'leaves to a group policy what that sets, and does not write against its switch' {
            $Machine.Owners = @{ UseTPMKey = 'the group policy "X"' }
            Get-Change @{ 'startup/UseTPM' = 0 } | Should -Not -BeLike '*UseTPMKey=*'
            $Machine.Owners = @{ UseAdvancedStartup = 'the group policy "X"' }
            { Get-Change @{ 'startup/UseTPM' = 0 } } | Should -Throw '*the group policy "X" sets UseAdvancedStartup*'
            $Machine.Policy = @{ UseAdvancedStartup = 1L }
            Get-Change @{ 'startup/UseTPM' = 0 } | Should -BeLike '*UseTPM=0*'
        }

        It 'adds nothing to a group that an MDM service has switched on' {
            Mock Resolve-LeeboardManaged -ModuleName BitLockerPolicy {
                if ($Name -eq 'UseAdvancedStartup') { return @{ state = 'value'; value = 1L; type = 'dword' } }
                $Found
            }
            Get-Change @{ 'startup/UseTPM' = 0 } | Should -Be 'UseTPM=0'
        }

        It 'refuses what is no value of a group, and a conflict that somebody wants' -ForEach @(
            @{ Address = 'startup/UseAdvancedStartup'; Value = 1 }, @{ Address = 'startup/OSManageDRA'; Value = 1 }
            @{ Address = 'startup/../x'; Value = 1 }, @{ Address = 'startup-conflict'; Value = @('x') }
            @{ Address = 'startup/UseTPM'; Value = 'no' }
        ) {
            { Get-Change @{ $Address = $Value } } | Should -Throw
        }

        It 'writes values of the registry' {
            Set-LeeboardBitLockerPolicyChange -Edits @(@{ Target = 'x' })
            $Machine.Written[0].Target | Should -Be 'x'
        }
    }
}
