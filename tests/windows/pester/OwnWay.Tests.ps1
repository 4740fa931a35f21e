# How whoever changes a machine came to it.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'OwnWay') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardWinRmListener { @{ Listeners = $Machine.Listeners } }
    $global:Machine = @{}
    $script:Http = @{ address = '*'; transport = 'HTTP'; port = 5985; certificate = '' }
    $script:Https = @{ address = '*'; transport = 'HTTPS'; port = 5986; certificate = 'AB' }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardWinRmListener
    Remove-Variable -Name Machine -Scope Global
}

Describe 'Get-LeeboardOwnWay' {
    BeforeEach {
        Reset-LeeboardCache
        $global:Machine = @{
            Listeners = @($Http, $Https); Ssh = ''; Sessions = @{ '77' = 3 }
            Connections = @(@{ Port = 5986; From = '10.20.0.9' }, @{ Port = 445; From = '10.20.0.200' })
        }
        Mock Get-SshConnection -ModuleName OwnWay { $Machine.Ssh }
        Mock Get-Connection -ModuleName OwnWay { $Machine.Connections }
        Mock Get-OwnName -ModuleName OwnWay { 'SCHOOL\leeboard' }
        Mock Get-LeeboardCim -ModuleName OwnWay {
            if ($Machine.Deaf) { throw (New-LeeboardProblem -Code timeout -Why 'CIM did not answer') }
            if ($ClassName -eq 'Win32_LogonSession') {
                [pscustomobject]@{ LogonId = '999'; LogonType = 8 }
                foreach ($id in $Machine.Sessions.Keys) { [pscustomobject]@{ LogonId = $id; LogonType = $Machine.Sessions[$id] } }
                return
            }
            $who = @(@{ Id = '999'; Name = 'other' }) + @($Machine.Sessions.Keys | ForEach-Object { @{ Id = $_; Name = 'LEEBOARD' } })
            foreach ($one in $who) {
                [pscustomobject]@{
                    Antecedent = [pscustomobject]@{ Domain = 'SCHOOL'; Name = $one.Name }
                    Dependent = [pscustomobject]@{ LogonId = $one.Id }
                }
            }
        }
    }

    It 'is the connections to ports on which WinRM listens' {
        $way = Get-LeeboardOwnWay
        $way.Ports | Should -Be 5986
        $way.From | Should -Be '10.20.0.9'
        $way.Transports | Should -Be 'HTTPS'
        $way.Basic | Should -BeFalse
    }

    It 'is all that it may be where two are there' {
        $Machine.Connections += @{ Port = 5985; From = '10.20.0.8' }
        $way = Get-LeeboardOwnWay
        $way.Ports | Should -Be 5985, 5986
        $way.From | Should -Be '10.20.0.8', '10.20.0.9'
        $way.Transports | Should -Be 'HTTP', 'HTTPS'
    }

    It 'is Basic where a session of our own account was opened in clear' {
        $Machine.Sessions = @{ '77' = 3; '78' = 8 }
        (Get-LeeboardOwnWay).Basic | Should -BeTrue
    }

    It 'does not know how we signed in where our account has no session' {
        $Machine.Sessions = @{}
        (Get-LeeboardOwnWay).Basic | Should -Be $null
    }

    It 'is not Basic where nobody came by WinRM, and asks for no session' {
        $Machine.Connections, $Machine.Deaf = @(), $true
        $way = Get-LeeboardOwnWay
        $way.Ports.Count, $way.Basic | Should -Be 0, $false
    }

    It 'is SSH where that says so, whatever session it opened' {
        $Machine.Ssh, $Machine.Sessions = '10.20.0.7 50123 10.20.0.1 22', @{ '77' = 8 }
        $way = Get-LeeboardOwnWay
        $way.Ports, $way.From, $way.Basic | Should -Be 22, '10.20.0.7', $false
    }

    It 'is nobody where WinRM does not run' {
        $Machine.Listeners = $null
        (Get-LeeboardOwnWay).From.Count | Should -Be 0
    }

    It 'is not known where Windows does not answer' {
        $Machine.Deaf = $true
        { Get-LeeboardOwnWay } | Should -Throw 'CIM did not answer'
    }
}
