# The driver service_state.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'ServiceState') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # Linux has no services; on Windows the real one is replaced just the same.
    if (-not (Get-Command Get-Service -ErrorAction SilentlyContinue)) {
        function global:Get-Service { [CmdletBinding()] param([string]$Name) }
    }
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardServiceState -Addresses $Address)[$Address]
    }
}

AfterAll {
    if (Test-Path -LiteralPath Function:\Get-Service) { Remove-Item -LiteralPath Function:\Get-Service }
}

Describe 'service_state' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Start = @{ state = 'value'; value = 2L; type = 'dword' }
        $Machine.Status = 'Running'
        Mock Get-LeeboardMachineValue -ModuleName ServiceState { $Machine.Start }
        Mock Get-Service -ModuleName ServiceState { [pscustomobject]@{ Name = $Name; Status = $Machine.Status } }
    }

    It 'gives the start mode' -ForEach @(
        @{ Start = 0; Mode = 'Boot' }, @{ Start = 1; Mode = 'System' }, @{ Start = 2; Mode = 'Auto' }
        @{ Start = 3; Mode = 'Manual' }, @{ Start = 4; Mode = 'Disabled' }
    ) {
        $Machine.Start.value = [long]$Start
        $Machine.Status = 'Stopped'
        $reading = Read-One 'W32Time:StartMode'
        $reading.effective.value | Should -Be $Mode
        $reading.Contains('running') | Should -Be ($Mode -eq 'Auto')
        Should -Invoke Get-LeeboardMachineValue -ModuleName ServiceState -ParameterFilter {
            $Path -eq 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time' -and $Name -eq 'Start'
        }
    }

    It 'says nothing more of a service that runs, or is about to' -ForEach 'Running', 'StartPending', 'ContinuePending' {
        $Machine.Status = $_
        (Read-One 'W32Time:StartMode').Contains('running') | Should -BeFalse
    }

    It 'says Stopped of one that should run and does not' -ForEach 'Stopped', 'StopPending', 'Paused', 'PausePending' {
        $Machine.Status = $_
        $running = (Read-One 'W32Time:StartMode').running
        $running.value | Should -Be 'Stopped'
        $running.source | Should -BeLike "*$_"
    }

    It 'is unknown where Windows does not say' {
        Mock Get-Service -ModuleName ServiceState { throw 'Cannot find any service' }
        $reading = Read-One 'W32Time:StartMode'
        $reading.effective.value | Should -Be 'Auto'
        $reading.running.code | Should -Be 'failed'
    }

    It 'is absent where there is no such service' {
        $Machine.Start = @{ state = 'absent' }
        $reading = Read-One 'SCPolicySvc:StartMode'
        $reading.effective.state | Should -Be 'absent'
        $reading.effective.source | Should -BeLike '*no such service'
    }

    It 'is unreadable where the start mode makes no sense' -ForEach @(
        @{ Start = @{ state = 'value'; value = 5L; type = 'dword' } }
        @{ Start = @{ state = 'value'; value = 4294967295L; type = 'dword' } }
        @{ Start = @{ state = 'value'; value = '2'; type = 'string' } }
    ) {
        $Machine.Start = $Start
        (Read-One 'W32Time:StartMode').effective.code | Should -Be 'malformed'
    }

    It 'is unreadable where Windows refuses' {
        Mock Get-LeeboardMachineValue -ModuleName ServiceState { throw [System.Security.SecurityException]'no way in' }
        Mock Test-LeeboardAdministrator -ModuleName Reading { $false }
        (Read-One 'W32Time:StartMode').effective.code | Should -Be 'needs_root'
    }

    It 'knows its addresses' -ForEach '', 'W32Time', 'W32*:StartMode', 'a\b:StartMode', "W32Time:StartMode`n" {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }
}
