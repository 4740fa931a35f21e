# platforms: linux
# Listeners of WinRM over HTTP that nobody is connected to: switched off, kept by a checkpoint, and put back by its script.
# The stand-in of WinRM's cmdlets keeps a service in a file; the whole script runs on a Windows machine (test_cut_off_ways.py).

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Registry', 'WinRm', 'OwnWay', 'WinRmListener', 'WinRmChange', 'Plan', 'PutBackScript') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    Import-Module (Join-Path $PSScriptRoot '../standins/Microsoft.WSMan.Management/Microsoft.WSMan.Management.psm1') -Global -Force
    $script:Machine = @{}
    $wsman = Get-Module Microsoft.WSMan.Management
    & $wsman { $script:path = $args[0] } (Join-Path $TestDrive 'winrm.json')
    & $wsman { function script:Write-Call {}; function script:Get-Policy {} }
    $ast = [Management.Automation.Language.Parser]::ParseInput((Get-LeeboardPutBackScript), [ref]$null, [ref]$null)
    $functions = $ast.FindAll({ $args[0] -is [Management.Automation.Language.FunctionDefinitionAst] }, $false)
    $texts = foreach ($one in $functions | Where-Object { $_.Name -in 'Get-Place', 'Get-Line', 'Get-Text', 'Restore-Listener', 'Get-ListenerState' }) { $one.Extent.Text }
    $script:Text = 'function Get-It($folder) {', ($texts -join "`n"), 'Restore-Listener }' -join "`n"

    function Save-State { [IO.File]::WriteAllText((Join-Path $TestDrive 'winrm.json'), (ConvertTo-Json $Machine.State -Depth 6)) }
    function Get-On {
        $state = [IO.File]::ReadAllText((Join-Path $TestDrive 'winrm.json')) | ConvertFrom-Json -AsHashtable
        $state.listeners | Where-Object { $_.Enabled } | ForEach-Object { "$($_.Transport) $($_.Address)" }
    }
    function Get-Edit { Reset-LeeboardCache; @(Get-LeeboardWinRmChange -Changes @(@{ address = 'listeners'; value = @() })) }
    function Get-Cover { Reset-LeeboardCache; Get-LeeboardWinRmCover -Changes @(@{ address = 'listeners'; value = @() }) }
    function Write-Plan {
        $whole = @{ Values = @(); Firewall = @(); Entries = @(); Services = @(); Restart = @(); Listeners = (Get-Cover).Listeners }
        [IO.File]::WriteAllLines((Join-Path $TestDrive 'plan'), [string[]]@(Get-LeeboardPlan -Covers @($whole)))
    }
    function Restore { & ([scriptblock]::Create("$Text`nGet-It '$TestDrive'")) }
}

AfterAll { Remove-Module Microsoft.WSMan.Management }

Describe 'a listener over HTTP' {
    BeforeEach {
        Reset-LeeboardCache
        $http = @{ Address = '*'; Transport = 'HTTP'; Port = 5985; Hostname = ''; Enabled = $true; URLPrefix = 'wsman'; CertificateThumbprint = ''; Source = '' }
        $https = $http.Clone()
        $https.Transport, $https.Port, $https.CertificateThumbprint = 'HTTPS', 5986, 'AB'
        $Machine.State = @{ running = $true; policy = 'applied'; behaviour = @{}; listeners = @($http, $https); config = @{ Client = @{}; Service = @{} } }
        $Machine.Connections = @(@{ Port = 5986; From = '10.20.0.9' }, @{ Port = 445; From = '10.20.0.200' })
        Save-State
        Mock Get-Connection -ModuleName OwnWay { $Machine.Connections }
        Mock Get-SshConnection -ModuleName OwnWay { $Machine.Ssh }
        Mock Test-Basic -ModuleName OwnWay { $false }
        # The cmdlets of the stand-in, in this runspace.
        $run = { $shell = [powershell]::Create('CurrentRunspace'); & $Add $shell; $shell.Invoke() }
        Mock Invoke-LeeboardBounded -ModuleName WinRm $run
        Mock Invoke-LeeboardBounded -ModuleName WinRmListener $run
        $Machine.Ssh = ''
    }

    It 'is switched off, and the one over HTTPS is left alone' {
        $edits = @(Get-Edit)
        $edits.Count, $edits[0].Target, $edits[0].Before.value, $edits[0].After.value | Should -Be 1, 'listener:HTTP:*', 1, 0
        Set-LeeboardWinRmChange -Edits $edits
        Get-On | Should -Be 'HTTPS *'
        @(Get-Edit).Count | Should -Be 0 -Because 'twice changes nothing'
        Reset-LeeboardCache
        (Read-LeeboardWinRm -Addresses listeners)['listeners'].effective.value | Should -Be '{"address":"*","transport":"HTTPS","port":5986,"certificate":"AB"}'
        (Read-LeeboardListenerPlace -Addresses 'listener:HTTP:*')['listener:HTTP:*'].effective.value | Should -Be 0
    }

    It 'comes back with an undo' {
        $edits = @(Get-Edit)
        Set-LeeboardWinRmChange -Edits $edits
        Set-LeeboardListenerChange -Edits @(@{ Target = $edits[0].Target; After = $edits[0].Before })
        Get-On | Should -Be 'HTTP *', 'HTTPS *'
    }

    It 'stays, with its reason: <Why>' -ForEach @(
        @{ Why = 'somebody is connected to it, and that may be Leeboard*'; Connections = @(@{ Port = 5985; From = '10.20.0.9' }) }
        @{ Why = 'somebody is connected to it*'; Connections = @(@{ Port = 5986; From = '10.20.0.9' }, @{ Port = 5985; From = '10.20.0.77' }) }
        @{ Why = 'Windows does not show by which connection Leeboard came*'; Connections = @(@{ Port = 445; From = '10.20.0.9' }) }
        @{ Why = 'somebody is connected to it*'; Connections = @(@{ Port = 5985; From = '10.20.0.77' }); Ssh = '10.20.0.9 50000 10.20.0.5 22' }
    ) {
        $Machine.Connections = $Connections
        if ($_.ContainsKey('Ssh')) { $Machine.Ssh = $Ssh }
        { Get-Edit } | Should -Throw "the listener of WinRM over HTTP on port 5985: $Why"
        Get-On | Should -Be 'HTTP *', 'HTTPS *'
    }

    It 'goes where we come by SSH and nobody is connected to it' {
        $Machine.Connections, $Machine.Ssh = @(), '10.20.0.9 50000 10.20.0.5 22'
        (Get-Edit).Target | Should -Be 'listener:HTTP:*'
    }

    It 'stays where a policy makes it' {
        $Machine.State.listeners[0].Source = 'GPO'
        Save-State
        { Get-Edit } | Should -Throw "*is not the machine's own (GPO makes it)*"
    }

    It 'stays where somebody connects to it between the look and the change' {
        $edits = @(Get-Edit)
        $Machine.Connections += @{ Port = 5985; From = '10.20.0.9' }
        { Set-LeeboardWinRmChange -Edits $edits } | Should -Throw '*somebody is connected to it*'
        Get-On | Should -Be 'HTTP *', 'HTTPS *'
    }

    It 'is a failure where WinRM takes the change and does nothing' {
        $edits = @(Get-Edit)
        $Machine.State.behaviour = @{ mode = 'deaf to switches' }
        Save-State
        { Set-LeeboardWinRmChange -Edits $edits } | Should -Throw '*does not have the listener over HTTP on `* as it was set'
    }

    It 'is not asked for by anything but an empty list: <_>' -ForEach 'none', '', @(, @('HTTP')), 0 {
        $value = $_
        { Get-LeeboardWinRmChange -Changes @(@{ address = 'listeners'; value = $value }) } | Should -Throw 'of the listeners of WinRM none without TLS stays*'
    }

    It 'is no other place: <_>' -ForEach 'listener:HTTPS:*', 'listener:HTTP:', "listener:HTTP:*`n", 'listener:HTTP:a b' {
        $target = $_
        { Set-LeeboardListenerChange -Edits @(@{ Target = $target; After = @{ state = 'value'; value = 0 } }) } | Should -Throw '*is no listener of WinRM over HTTP'
    }

    It 'has a cover, by address and by place for an undo' {
        $cover = Get-Cover
        $cover.Listeners[0].Target, $cover.Listeners[0].Address, [string]$cover.Services, @($cover.Values).Count | Should -Be 'listener:HTTP:*', '*', 'WinRM', 0
        $cover = Get-LeeboardWinRmCover -Changes @(@{ address = 'listeners'; value = $null }, @{ address = 'listener:HTTP:*'; value = $null })
        @($cover.Listeners).Count, $cover.Listeners.Target | Should -Be 1, 'listener:HTTP:*'
    }

    It 'is put back by the script as it was: <Was>' -ForEach @{ Was = $true }, @{ Was = $false } {
        Write-Plan
        if (-not $Was) {
            $Machine.State.listeners[0].Enabled = $false
            $plan = [IO.File]::ReadAllText((Join-Path $TestDrive 'plan'))
            [IO.File]::WriteAllText((Join-Path $TestDrive 'plan'), $plan.Replace("`ttrue", "`tfalse"))
        }
        $Machine.State.listeners[0].Enabled = -not $Was
        Save-State
        Restore | Should -BeNullOrEmpty
        Get-On | Should -Be $(if ($Was) { 'HTTP *', 'HTTPS *' } else { 'HTTPS *' })
        $before = (Get-Item (Join-Path $TestDrive 'winrm.json')).LastWriteTimeUtc
        Restore | Should -BeNullOrEmpty
        (Get-Item (Join-Path $TestDrive 'winrm.json')).LastWriteTimeUtc | Should -Be $before -Because 'what is as it was is not written again'
    }

    It 'that is not back yet is named, and why: <Mode>' -ForEach @(
        @{ Mode = 'deaf to switches'; Says = '*over HTTP on `* is not as it was' }, @{ Mode = 'fail'; Says = '*over HTTP on `*: *cannot process*' }
    ) {
        Write-Plan
        $Machine.State.listeners[0].Enabled = $false
        $Machine.State.behaviour = @{ mode = $Mode }
        Save-State
        Restore | Should -BeLike $Says
        $Machine.State.behaviour = @{}
        Save-State
        Restore | Should -BeNullOrEmpty
        Get-On | Should -Be 'HTTP *', 'HTTPS *'
    }

    It 'that went before it could be kept means no checkpoint' {
        { Get-LeeboardPlan -Covers @(@{ Values = @(); Firewall = @(); Entries = @(); Services = @(); Restart = @(); Listeners = @(@{ Transport = 'HTTP'; Address = '10.0.0.1'; Target = 'x' }) }) } |
            Should -Throw 'WinRM has 0 listeners over HTTP on 10.0.0.1, which could not be brought back'
    }
}
