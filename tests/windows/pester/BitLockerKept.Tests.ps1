# What BitLocker's events say of recovery passwords that were given away or used, by numbers and ids.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Get-LeeboardEvent { param([string]$Log, [string]$Provider, [int[]]$Id, [datetime]$Since) }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'BitLockerVolume', 'BitLockerKept') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Machine = @{}

    function New-Event([int]$Number, [string]$Id, [string]$At) {
        $data = if ($Id) { "<Data Name='VolumeMountPoint'>C:</Data><Data Name='ProtectorGUID'>$Id</Data>" } else { "<Data Name='ErrorCode'>1</Data>" }
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-BitLocker-API'/>" +
            "<EventID>$Number</EventID><TimeCreated SystemTime='$At'/></System><EventData>$data</EventData></Event>"
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardEvent
}

Describe 'Get-LeeboardKept' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Logs, $Machine.Asked, $Machine.Policy = @{ System = @(); Management = @() }, @(), @{}
        Mock Get-LeeboardEvent -ModuleName BitLockerKept {
            $Machine.Asked += "$Log, ${Provider}: $Id"
            foreach ($text in $Machine.Logs[($Log -replace '.* ')]) { [xml]$text }
        }
        Mock Get-LeeboardCim -ModuleName BitLockerKept { @{ PartOfDomain = $false } }
        Mock Open-LeeboardKey -ModuleName BitLockerKept { }
        Mock Get-LeeboardMachineValue -ModuleName BitLockerKept {
            if ($Machine.Policy.ContainsKey($Name)) { return @{ state = 'value'; value = $Machine.Policy[$Name] } }
            @{ state = 'absent' }
        }
    }

    It 'knows event <Number>: <Where>, <Done>' -ForEach @(
        @{ Number = 513; Where = 'ad'; Done = $true }, @{ Number = 514; Where = 'ad'; Done = $false }
        @{ Number = 515; Where = 'ad'; Done = $true }, @{ Number = 783; Where = 'ad'; Done = $true }
        @{ Number = 784; Where = 'ad'; Done = $true }, @{ Number = 785; Where = 'ad'; Done = $false }
        @{ Number = 845; Where = 'entra'; Done = $true }, @{ Number = 828; Where = 'microsoft_account'; Done = $true }
        @{ Number = 829; Where = 'microsoft_account'; Done = $false }
    ) {
        $Machine.Logs.Management = @(New-Event $Number '{A-B}' '2026-09-01T10:00:00.1234567Z')
        $one = (Get-LeeboardKept).backups[0]
        $one.id, $one.where, $one.done | Should -Be '{A-B}', $Where, $Done
        $one.Contains('at') | Should -BeFalse
    }

    It 'says the last of each protector, whichever log tells of it, and the same when it is tried again' {
        $Machine.Logs.System = @((New-Event 514 '{B}' '2026-09-03T10:00:00Z'), (New-Event 513 '{A}' '2026-09-01T10:00:00Z'))
        $Machine.Logs.Management = @((New-Event 784 '{B}' '2026-09-02T10:00:00Z'))
        $before = (Get-LeeboardKept).backups
        @($before | ForEach-Object { "$($_.id) $($_.where) $($_.done)" }) | Should -Be '{A} ad True', '{B} ad False'
        $Machine.Logs.System = @(New-Event 515 '{A}' '2026-09-04T10:00:00.5Z') + $Machine.Logs.System
        ConvertTo-Json (Get-LeeboardKept).backups | Should -Be (ConvertTo-Json $before)
    }

    It 'has no id for a failure that names none' {
        $Machine.Logs.Management = @(New-Event 846 '' '2026-09-01T10:00:00Z')
        $kept = Get-LeeboardKept
        $kept.backups.Count, $kept.backups[0].id, $kept.backups[0].done | Should -Be 1, '', $false
    }

    It 'asks each log once of a provider, for numbers' {
        [void](Get-LeeboardKept)
        $Machine.Asked | Should -Be @(
            'System, Microsoft-Windows-BitLocker-API: 513 514 515'
            'Microsoft-Windows-BitLocker/BitLocker Management, Microsoft-Windows-BitLocker-API: 783 784 785 828 829 845 846'
            'System, Microsoft-Windows-BitLocker-Driver: 24652'
            'Microsoft-Windows-BitLocker/BitLocker Management, Microsoft-Windows-BitLocker-API: 782')
    }

    It 'names the passwords that started Windows or opened a volume, each once, and no other protector' {
        $Machine.Uses = @{
            24652 = (New-Event 24652 '{aaaaaaaa-0001}' '2026-09-01T10:00:00Z').Replace('ProtectorGUID', 'OptionalGUID')
            782 = (New-Event 782 '{BBBBBBBB-0002}' '2026-09-01T11:00:00Z')
        }
        Mock Get-LeeboardEvent -ModuleName BitLockerKept { if ($Machine.Uses[$Id[0]]) { [xml]$Machine.Uses[$Id[0]] } }
        $passwords = '{CCCCCCCC-0003}', '{BBBBBBBB-0002}', '{AAAAAAAA-0001}'
        (Get-LeeboardKept -Protectors $passwords).used | Should -Be '{AAAAAAAA-0001}', '{BBBBBBBB-0002}'
        @((Get-LeeboardKept -Protectors '{CCCCCCCC-0003}').used).Count | Should -Be 0
        $Machine.Uses.Remove(24652)
        (Get-LeeboardKept -Protectors $passwords).used | Should -Be '{BBBBBBBB-0002}'
    }

    It 'says why it cannot tell which were used, and what it can tell all the same' {
        Mock Get-LeeboardEvent -ModuleName BitLockerKept {
            if ($Id -contains 24652) { throw (New-LeeboardProblem -Code timeout -Why 'no answer') }
        }
        $kept = Get-LeeboardKept -Protectors '{A}'
        $kept.troubles.Keys, $kept.troubles.used.code, $kept.troubles.used.why | Should -Be 'used', 'timeout', 'no answer'
    }

    It 'says who could keep them, and what policy asks' {
        $kept = Get-LeeboardKept
        @($kept.joined).Count, $kept.asked, $kept.required, @($kept.backups).Count | Should -Be 0, $false, $false, 0
        Mock Get-LeeboardCim -ModuleName BitLockerKept { @{ PartOfDomain = $true } }
        $Machine.Policy = @{ OSRecovery = 1L; OSActiveDirectoryBackup = '1'; OSRequireActiveDirectoryBackup = 1L }
        $kept = Get-LeeboardKept
        $kept.joined, $kept.asked, $kept.required | Should -Be 'ad', $true, $true
        $Machine.Policy.OSRecovery = 0L
        (Get-LeeboardKept).asked | Should -BeFalse
    }

    It 'says why it cannot tell' {
        Mock Get-LeeboardEvent -ModuleName BitLockerKept { throw (New-LeeboardProblem -Code denied -Why 'refused') }
        $kept = Get-LeeboardKept
        $kept.troubles.backups.code | Should -Be 'denied'
        $kept.backups | Should -BeNullOrEmpty
    }
}
