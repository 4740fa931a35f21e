# The driver power_policy, on output of `powercfg.exe /qh` as several public projects show it, in English and German.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'ToolFile', 'Registry', 'PowerPolicy') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # The driver asks for the owner by these two; GroupPolicy.Tests.ps1 is about them.
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) }

    $script:NoSubgroup = 'fea3413e-7e05-4911-9a71-700331f1c294'
    $script:ConsoleLock = '0e796bdb-100d-47d6-a2d5-f7d2daa51f51'
    $script:Sleep = '238c9fa8-0aad-41ed-83f4-97be242c8f20'
    $script:SleepAfter = '29f6c1db-86da-48c5-9fdb-f2b67b1f44da'
    $script:OnMains = "$NoSubgroup/$ConsoleLock/ac"
    $script:OnBattery = "$NoSubgroup/$ConsoleLock/dc"
    $script:Choices = @'
Power Scheme GUID: 381b4222-f694-41f0-9685-ff5bb260df2e  (Balanced)
  GUID Alias: SCHEME_BALANCED
  Subgroup GUID: fea3413e-7e05-4911-9a71-700331f1c294  (Settings belonging to no subgroup)
    GUID Alias: SUB_NONE
    Power Setting GUID: 0e796bdb-100d-47d6-a2d5-f7d2daa51f51  (Require a password on wakeup)
      GUID Alias: CONSOLELOCK
      Possible Setting Index: 000
      Possible Setting Friendly Name: No
      Possible Setting Index: 001
      Possible Setting Friendly Name: Yes
    Current AC Power Setting Index: 0x00000001
    Current DC Power Setting Index: 0x00000000

'@
    $script:Range = @'
GUID des Energieschemas: 381b4222-f694-41f0-9685-ff5bb260df2e  (Ausbalanciert)
  GUID der Untergruppe: 238c9fa8-0aad-41ed-83f4-97be242c8f20  (Energie sparen)
    GUID der Energieeinstellung: 29F6C1DB-86DA-48C5-9FDB-F2B67B1F44DA  (Deaktivierung nach)
      Minimale mögliche Einstellung: 0x00000000
      Maximale mögliche Einstellung: 0xffffffff
      Mögliche Einstellungsinkremente: 0x00000001
      Mögliche Einstellungseinheiten: Sekunden
    Index der aktuellen Wechselstromeinstellung: 0x00000708
    Index der aktuellen Gleichstromeinstellung: 0xffffffff
    GUID der Energieeinstellung: 94ac6d29-73ce-41a6-809f-6363ba21b47e  (Hybriden Standbymodus zulassen)
    Index der aktuellen Wechselstromeinstellung: 0x00000007
    Index der aktuellen Gleichstromeinstellung: 0x00000008
'@
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardPowerPolicy -Addresses $Address)[$Address]
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner
}

Describe 'power_policy' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Text, $Machine.ExitCode, $Machine.Calls, $Machine.Policy = $Choices, 0, @(), @{}
        Mock Test-LeeboardAdministrator -ModuleName ToolFile { $true }
        Mock Invoke-LeeboardProgram -ModuleName ToolFile {
            $Machine.Calls += , $Arguments
            @{ ExitCode = $Machine.ExitCode; Output = $Machine.Text; ErrorOutput = '' }
        }
        Mock Get-LeeboardMachineValue -ModuleName PowerPolicy {
            if ($Machine.Policy.ContainsKey("$Path`:$Name")) { return $Machine.Policy["$Path`:$Name"] }
            @{ state = 'absent' }
        }
        Mock Resolve-LeeboardOwner -ModuleName PowerPolicy { @{ Owner = ''; Note = '' } }
    }

    Context 'reading' {
        It 'is the active plan where there is no policy, from one call for mains and battery' {
            $readings = Read-LeeboardPowerPolicy -Addresses $OnMains, $OnBattery
            $readings[$OnMains].effective.value | Should -Be 1
            $readings[$OnBattery].effective.value | Should -Be 0
            $readings[$OnMains].effective.type | Should -Be 'dword'
            $readings[$OnMains].configured.state | Should -Be 'absent'
            $Machine.Calls.Count | Should -Be 1
            ($Machine.Calls[0] -join ' ') | Should -Be "/qh SCHEME_CURRENT $NoSubgroup $ConsoleLock"
        }

        It 'is the policy where there is one, for its supply alone' {
            $key = "HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\$ConsoleLock"
            $Machine.Policy["${key}:DCSettingIndex"] = @{ state = 'value'; value = 1L; type = 'dword' }
            $readings = Read-LeeboardPowerPolicy -Addresses $OnBattery, $OnMains
            $readings[$OnBattery].effective.value | Should -Be 1
            $readings[$OnBattery].configured.value | Should -Be 1
            $readings[$OnBattery].effective.source | Should -Be "${key}:DCSettingIndex"
            $readings[$OnMains].configured.state | Should -Be 'absent'
            $readings[$OnMains].effective.value | Should -Be 1
        }

        It 'does not ask for the plan where the policy decides' {
            $key = "HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\$ConsoleLock"
            $Machine.Policy["${key}:ACSettingIndex"] = @{ state = 'value'; value = '1'; type = 'string' }
            $reading = Read-One $OnMains
            $reading.effective.value | Should -Be '1'
            $reading.effective.type | Should -Be 'string'
            $Machine.Calls.Count | Should -Be 0
        }

        It 'reads a setting with a range, in another language, whatever follows' {
            $Machine.Text = $Range
            (Read-One "$Sleep/$SleepAfter/ac").effective.value | Should -Be 1800
            (Read-One "$Sleep/$SleepAfter/dc").effective.value | Should -Be 4294967295
            $Machine.Calls.Count | Should -Be 1
        }

        It 'reads a setting of which Windows tells only the indexes' {
            $Machine.Text = $Range
            $other = '94ac6d29-73ce-41a6-809f-6363ba21b47e'
            (Read-One "$Sleep/$other/ac").effective.value | Should -Be 7
            (Read-One "$Sleep/$other/dc").effective.value | Should -Be 8
        }

        It 'is unreadable where there is no index' -ForEach @(
            @{ Text = '' }
            @{ Text = "Power Scheme GUID: 381b4222-f694-41f0-9685-ff5bb260df2e  (Balanced)" }
            @{ Text = "Power Setting GUID: 0e796bdb-100d-47d6-a2d5-f7d2daa51f51`n  Minimum: 0x00000000`n  Maximum: 0x00000001`n  Increment: 0x00000001" }
            @{ Text = "Power Setting GUID: 0e796bdb-100d-47d6-a2d5-f7d2daa51f51`n  Current AC Power Setting Index: 0x00000001" }
            @{ Text = "Power Setting GUID: 0e796bdb-100d-47d6-a2d5-f7d2daa51f52`n  AC: 0x00000001`n  DC: 0x00000001" }
        ) {
            $Machine.Text = $Text
            $reading = Read-One $OnMains
            $reading.effective.code | Should -Be 'malformed'
            $reading.effective.why | Should -BeLike "*$ConsoleLock"
            $reading.configured.state | Should -Be 'absent'
        }

        It 'is unreadable where powercfg fails, and not for want of rights' {
            $Machine.Text, $Machine.ExitCode = "Invalid Parameters -- try `"/?`" for help`r`n", 1
            Mock Test-LeeboardAdministrator -ModuleName ToolFile { $false }
            $reading = Read-One $OnMains
            $reading.effective.code | Should -Be 'failed'
            $reading.effective.why | Should -BeLike 'powercfg.exe /qh ended with status 1: Invalid Parameters*'
        }

        It 'knows its addresses' -ForEach @(
            '', 'SUB_NONE/CONSOLELOCK/ac', '0e796bdb-100d-47d6-a2d5-f7d2daa51f51/ac',
            'fea3413e-7e05-4911-9a71-700331f1c294/0e796bdb-100d-47d6-a2d5-f7d2daa51f51/AC',
            'fea3413e-7e05-4911-9a71-700331f1c294/0e796bdb-100d-47d6-a2d5-f7d2daa51f5/ac'
        ) {
            (Read-One $_).effective.code | Should -Be 'malformed'
        }

        It 'says who sets the policy, or why that is not known' {
            Mock Resolve-LeeboardOwner -ModuleName PowerPolicy { @{ Owner = 'the group policy "X"'; Note = '' } }
            (Read-One $OnMains).owner | Should -Be 'the group policy "X"'
            Mock Resolve-LeeboardOwner -ModuleName PowerPolicy { @{ Owner = ''; Note = 'not found out' } }
            (Read-One $OnMains).configured.note | Should -Be 'not found out'
        }
    }

    Context 'changing' {
        BeforeEach {
            Mock Get-LeeboardMachineValue -ModuleName Registry { @{ state = 'absent' } }
        }

        It 'writes the policy' {
            $edits = @(Get-LeeboardPowerPolicyChange -Changes @{ address = $OnMains; value = 1 },
                @{ address = $OnBattery; value = '1' })
            $key = "HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\$ConsoleLock"
            $edits.Target | Should -Be "${key}:ACSettingIndex", "${key}:DCSettingIndex"
            $edits[0].Before.state | Should -Be 'absent'
            $edits[1].After.value | Should -Be 1
            $edits[1].After.type | Should -Be 'dword'
        }

        It 'refuses what is no number, and other addresses' {
            { Get-LeeboardPowerPolicyChange -Changes @{ address = $OnMains; value = 'yes' } } | Should -Throw '*dword*'
            { Get-LeeboardPowerPolicyChange -Changes @{ address = "$OnMains\..\x"; value = 1 } } | Should -Throw '*no address*'
        }
    }
}
