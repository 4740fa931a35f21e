# The driver bitlocker_policy: values count with the switch of their group only, and options that exclude each other.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    function global:Get-LeeboardPolicyOwner { param([string]$Path, [string]$Name) }
    function global:Resolve-LeeboardOwner { param([scriptblock]$Find) }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'BitLockerPolicy') {
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

    It 'knows its addresses' -ForEach '', 'startup/', 'UseTPM', 'Startup/UseTPM', 'startup/Use TPM' {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }
}
