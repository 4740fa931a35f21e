# The driver windows_time: policies, the service's own key behind them, and what the service says of itself.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'EventLogSource', 'WindowsTime') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) }

    $script:Services = 'HKLM\SYSTEM\CurrentControlSet\Services'
    $script:Own = "$Services\W32Time"
    $script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\W32Time'
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        Reset-LeeboardCache
        return (Read-LeeboardWindowsTime -Addresses $Address)[$Address]
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner
}

Describe 'windows_time' {
    BeforeEach {
        # A clean Windows 11.
        $Machine.Values = @{
            "$Own`:Start" = 3L; "$Own\Parameters:Type" = 'NTP'; "$Own\Parameters:NtpServer" = 'time.windows.com,0x9'
            "$Own\TimeProviders\NtpClient:Enabled" = 1L
        }
        $Machine.Member, $Machine.Status = $false, @{ LeapIndicator = '0'; Stratum = '4'; ReferenceId = '0x287B7F0E (source IP)' }
        Mock Resolve-LeeboardOwner -ModuleName WindowsTime { @{ Owner = ''; Note = '' } }
        Mock Get-LeeboardCim -ModuleName WindowsTime { [pscustomobject]@{ PartOfDomain = $Machine.Member } }
        Mock Get-LeeboardMachineValue -ModuleName WindowsTime {
            $found = $Machine.Values["$Path`:$Name"]
            if ($null -eq $found) { return @{ state = 'absent' } }
            @{ state = 'value'; type = $(if ($found -is [string]) { 'string' } else { 'dword' }); value = $found }
        }
        Mock Get-LeeboardEvent -ModuleName WindowsTime {
            if ($null -eq $Machine.Status) { return }
            $data = foreach ($name in $Machine.Status.Keys) { "<Data Name=`"$name`">$($Machine.Status[$name])</Data>" }
            [xml]('<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><TimeCreated ' +
                "SystemTime=`"2026-11-25T02:00:00.1000000Z`"/></System><EventData>$data</EventData></Event>")
        }
    }

    It 'has one service: <Start>, beside it <Other>' -ForEach @(
        @{ Start = 2; Other = $null; Word = 'W32Time' }, @{ Start = 3; Other = 4; Word = 'W32Time' }
        @{ Start = 3; Other = 2; Word = 'W32Time and NTP' }, @{ Start = 4; Other = 2; Word = 'NTP' }
    ) {
        $Machine.Values["$Own`:Start"] = [long]$Start
        if ($null -ne $Other) { $Machine.Values["$Services\NTP:Start"] = [long]$Other }
        (Read-One service).effective.value | Should -Be $Word
    }

    It 'has no service where all are disabled' {
        $Machine.Values["$Own`:Start"] = 4L
        (Read-One service).effective.state | Should -Be 'absent'
    }

    It 'asks <Word> where Type is <Type> and the machine is a member: <Member>' -ForEach @(
        @{ Type = 'NTP'; Member = $false; Word = 'servers' }, @{ Type = 'NTP'; Member = $true; Word = 'servers' }
        @{ Type = 'NT5DS'; Member = $true; Word = 'domain' }, @{ Type = 'nt5ds '; Member = $false; Word = 'none' }
        @{ Type = 'AllSync'; Member = $true; Word = 'domain' }, @{ Type = 'AllSync'; Member = $false; Word = 'servers' }
        @{ Type = 'NoSync'; Member = $true; Word = 'none' }, @{ Type = 'Sometimes'; Member = $true; Word = 'Sometimes' }
    ) {
        $Machine.Values["$Own\Parameters:Type"], $Machine.Member = $Type, $Member
        $reading = Read-One source
        $reading.effective.value | Should -Be $Word
        $reading.effective.source | Should -Be "$Own\Parameters:Type is $Type"
        $reading.Contains('configured') | Should -BeFalse
    }

    It 'goes by the policy where there is one, and names what the service itself has' {
        $Machine.Values["$Policy\Parameters:Type"] = 'NoSync'
        $reading = Read-One source
        $reading.effective.value, $reading.configured.value | Should -Be 'none', 'none'
        $reading.effective.source | Should -Be "$Policy\Parameters:Type is NoSync"
        $reading.effective.note | Should -Be "$Own\Parameters:Type is NTP, but the policy counts"
        (Read-One servers).effective.state | Should -Be 'absent'
        $Machine.Values.Remove("$Own\Parameters:Type")
        (Read-One source).effective.note | Should -Be "$Own\Parameters:Type is not set, but the policy counts"
        $Machine.Values.Remove("$Policy\Parameters:Type")
        (Read-One source).effective.state | Should -Be 'absent'
    }

    It 'goes by a policy that puts right what the service itself has' {
        $Machine.Values["$Own\Parameters:Type"] = 'NoSync'
        $Machine.Values["$Policy\Parameters:Type"] = 'NTP'
        $Machine.Values["$Policy\Parameters:NtpServer"] = 'ntp.school.example,0x9'
        (Read-One source).effective.value | Should -Be 'servers'
        $servers = (Read-One servers).effective
        $servers.value, $servers.source | Should -Be 'ntp.school.example', "$Policy\Parameters:NtpServer is ntp.school.example,0x9"
    }

    It 'names a client that is switched off by <Place>, whoever is to be asked' -ForEach @(@{ Place = 'Policy' }, @{ Place = 'Own' }) {
        $where = if ($Place -eq 'Policy') { $Policy } else { $Own }
        $Machine.Values["$where\TimeProviders\NtpClient:Enabled"] = 0L
        $source = (Read-One source).effective
        $source.value | Should -Be 'servers'
        $source.note | Should -Be "$where\TimeProviders\NtpClient:Enabled is 0, so the service asks no time server"
    }

    It 'names the servers without their flags, where they are asked' {
        (Read-One servers).effective.value | Should -Be 'time.windows.com'
        $Machine.Values["$Own\Parameters:NtpServer"] = ' a.example,0x1  b.example '
        (Read-One servers).effective.value | Should -Be 'a.example', 'b.example'
        $Machine.Values["$Own\Parameters:Type"] = 'NT5DS'
        (Read-One servers).effective.state | Should -Be 'absent'
    }

    It 'has an empty list where servers are asked and none is named' {
        $Machine.Values.Remove("$Own\Parameters:NtpServer")
        , (Read-One servers).effective.value | Should -BeOfType [array]
        $Machine.Values["$Own\Parameters:NtpServer"] = ' '
        (Read-One servers).effective.value.Length | Should -Be 0
    }

    It 'says whether the service may ask' {
        (Read-One client).effective.value | Should -Be 1
        $Machine.Values["$Policy\TimeProviders\NtpClient:Enabled"] = 0L
        $reading = Read-One client
        $reading.effective.value, $reading.configured.value | Should -Be 0, 0
        $reading.effective.note | Should -Be "$Own\TimeProviders\NtpClient:Enabled is 1, but the policy counts"
    }

    It 'is synchronised: <Good> with leap <Leap>, stratum <Stratum>, <Id>' -ForEach @(
        @{ Leap = 0; Stratum = 4; Id = '0x287B7F0E (source IP:  40.119.6.228)'; Good = $true }
        @{ Leap = 1; Stratum = 15; Id = '0xC0A80001'; Good = $true }
        @{ Leap = 3; Stratum = 0; Id = '0x00000000 (unspecified)'; Good = $false }
        @{ Leap = 0; Stratum = 16; Id = '0xC0A80001'; Good = $false }
        @{ Leap = 0; Stratum = 1; Id = '0x4C4F434C (source name:  "LOCL")'; Good = $false }
    ) {
        $Machine.Status = @{ LeapIndicator = $Leap; Stratum = $Stratum; ReferenceId = [Security.SecurityElement]::Escape($Id) }
        $reading = Read-One synchronised
        $reading.effective.value | Should -Be $Good
        # What moves each night though nothing is wrong is told only of a clock that is.
        $told = if ($Good) { '' } else { ": leap indicator $Leap, stratum $Stratum, $Id" }
        $reading.effective.source | Should -Be "Microsoft-Windows-Time-Service/Operational, its newest event 260$told"
    }

    It 'is absent where the service has said nothing lately, and unreadable where it makes no sense' {
        $Machine.Status = $null
        (Read-One synchronised).effective.state | Should -Be 'absent'
        $Machine.Status = @{ LeapIndicator = 'none' }
        (Read-One synchronised).effective.code | Should -Be 'malformed'
    }

    It 'is unreadable where Windows does not say what it is a member of' {
        $Machine.Values["$Own\Parameters:Type"] = 'NT5DS'
        Mock Get-LeeboardCim -ModuleName WindowsTime { }
        (Read-One source).effective.code | Should -Be 'failed'
    }

    It 'knows its addresses' -ForEach '', 'Service', 'NtpServer' {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }
}
