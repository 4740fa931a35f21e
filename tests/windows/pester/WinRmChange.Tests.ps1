# What the driver winrm writes, and what it refuses so that nobody shuts themselves out.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Registry', 'WinRmListener', 'WinRmChange') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardOwnWay { $Machine.Way }
    $global:Machine = @{}
    $script:Policies = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM'

    function Get-Change {
        param([string]$Address, [object]$Value)
        return Get-LeeboardWinRmChange -Changes @(@{ address = $Address; value = $Value })
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardOwnWay
    Remove-Variable -Name Machine -Scope Global
}

Describe 'winrm, changing' {
    BeforeEach {
        $global:Machine = @{ Way = @{ Basic = $false; Transports = @('HTTPS') }; Plugins = @{} }
        Mock Get-LeeboardMachineValue -ModuleName Registry { @{ state = 'absent' } }
        Mock Get-LeeboardSubkeyName -ModuleName WinRmChange { $Machine.Plugins.Keys }
        Mock Get-LeeboardMachineValue -ModuleName WinRmChange {
            @{ state = 'value'; type = 'string'; value = $Machine.Plugins[$Path.Split('\')[-1]] }
        }
    }

    It 'writes the policy' -ForEach @(
        @{ Address = 'Client:AllowBasic'; Value = 0 }, @{ Address = 'Client:AllowDigest'; Value = 0 }
        @{ Address = 'Client:AllowUnencryptedTraffic'; Value = 0 }, @{ Address = 'Service:AllowBasic'; Value = '0' }
        @{ Address = 'Service:AllowUnencryptedTraffic'; Value = 0 }, @{ Address = 'Service:DisableRunAs'; Value = 1 }
    ) {
        $edit = Get-Change $Address $Value
        $edit.Target | Should -Be "$Policies\$($Address.Replace(':', '|').Split('|')[0]):$($Address.Split(':')[1])"
        $edit.Before.state, $edit.After.value, $edit.After.type | Should -Be 'absent', ([long]$Value), 'dword'
    }

    It 'refuses to switch Basic off while we come by it' {
        $Machine.Way.Basic = $true
        { Get-Change 'Service:AllowBasic' 0 } | Should -Throw '*may have come by Basic authentication*let it come by Kerberos or NTLM*'
    }

    It 'refuses it where Windows does not say how we signed in' {
        $Machine.Way.Basic = $null
        { Get-Change 'Service:AllowBasic' 0 } | Should -Throw '*does not say how Leeboard signed in*'
    }

    It 'lets Basic be switched on, and a client''s off, however we come' {
        $Machine.Way.Basic = $true
        (Get-Change 'Service:AllowBasic' 1).After.value | Should -Be 1
        (Get-Change 'Client:AllowBasic' 0).After.value | Should -Be 0
    }

    It 'refuses encryption alone to whoever comes by Basic over HTTP, and to nobody else' {
        $Machine.Way = @{ Basic = $true; Transports = @('HTTP') }
        { Get-Change 'Service:AllowUnencryptedTraffic' 0 } | Should -Throw '*may have come by Basic*'
        $Machine.Way = @{ Basic = $false; Transports = @('HTTP') }
        (Get-Change 'Service:AllowUnencryptedTraffic' 0).After.value | Should -Be 0
        $Machine.Way = @{ Basic = $true; Transports = @('HTTPS') }
        (Get-Change 'Service:AllowUnencryptedTraffic' 0).After.value | Should -Be 0
    }

    It 'refuses to let stored credentials be forgotten, and names whose they are' {
        $Machine.Plugins = @{ Plain = '<PlugInConfiguration RunAsUser="" RunAsPassword="">'; Exams = '<PlugInConfiguration RunAsUser="SCHOOL\exams" Name="x">' }
        { Get-Change 'Service:DisableRunAs' 1 } | Should -Throw '*the session configuration Exams has credentials*'
        $Machine.Plugins.Remove('Exams')
        (Get-Change 'Service:DisableRunAs' 1).After.value | Should -Be 1
    }

    It 'never touches what it does not know: <_>' -ForEach 'Listeners', '', 'Service:AllowKerberos', "Client:AllowBasic`n" {
        { Get-Change $_ 0 } | Should -Throw '*cannot be changed by the driver winrm*'
    }

    It 'takes 0 and 1 alone: <_>' -ForEach 2, '', 'no', $true {
        { Get-Change 'Client:AllowBasic' $_ } | Should -Throw '*it is 0 or 1*'
    }

    It 'covers the values, and starts WinRM anew where people are let in by them' {
        $cover = Get-LeeboardWinRmCover -Changes @(@{ address = 'Client:AllowDigest'; value = 0 })
        $cover.Values | Should -Be "$Policies\Client:AllowDigest"
        $cover.Services | Should -Be 'WinRM'
        $cover.Restart.Count | Should -Be 0
        $both = Get-LeeboardWinRmCover -Changes @(@{ address = 'Client:AllowDigest' }, @{ address = 'Service:AllowBasic' })
        $both.Restart | Should -Be 'WinRM'
    }
}
