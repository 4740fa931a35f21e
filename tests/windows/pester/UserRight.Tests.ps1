# The driver user_right, on exports as `secedit.exe /export` writes them; names of local accounts stand among the SIDs.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'ToolFile', 'SecurityTemplate', 'SecurityExport', 'UserRight', 'UserRightChange') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    function global:Get-LeeboardSecurityOwner { param($Key) }
    function global:Resolve-LeeboardOwner { param($Find) }
    function global:Get-LeeboardAccountName { param($Sid) }

    $script:Template = @'
[Unicode]
Unicode=yes
[System Access]
LockoutBadCount = 10
[Privilege Rights]
SeNetworkLogonRight = *S-1-1-0,*S-1-5-32-544,*S-1-5-32-545,*S-1-5-32-551
SeAuditPrivilege = *S-1-5-19,*S-1-5-20
SeInteractiveLogonRight = __vmware__,Guest,*S-1-5-32-544,*S-1-5-32-545,*S-1-5-32-551
SeSecurityPrivilege = *S-1-5-32-544
[Version]
signature="$CHICAGO$"
Revision=1
'@
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardUserRight -Addresses $Address)[$Address]
    }

    function Set-Right {
        param([hashtable[]]$Changes)
        $edits = @(Get-LeeboardUserRightChange -Changes $Changes)
        Set-LeeboardUserRightChange -Edits $edits
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardSecurityOwner, Function:\Resolve-LeeboardOwner,
        Function:\Get-LeeboardAccountName
}

Describe 'user_right' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Text, $Machine.ExitCode, $Machine.Calls, $Machine.Given, $Machine.Obeys = $Template, 0, @(), '', $true
        Mock New-LeeboardPrivateFolder -ModuleName ToolFile {
            (New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid()))).FullName
        }
        Mock Test-LeeboardAdministrator -ModuleName ToolFile { $true }
        Mock Resolve-LeeboardOwner -ModuleName UserRight { @{ Owner = ''; Note = '' } }
        Mock Resolve-LeeboardOwner -ModuleName UserRightChange { @{ Owner = ''; Note = '' } }
        Mock Get-LeeboardAccountName -ModuleName UserRight { "NAME OF $Sid" }
        Mock Find-Sid -ModuleName UserRight { if ($Name -eq 'Guest') { 'S-1-5-21-1-501' } else { $Name } }
        Mock Invoke-LeeboardProgram -ModuleName ToolFile {
            $Machine.Calls += , $Arguments
            $file = $Arguments[$Arguments.IndexOf('/cfg') + 1]
            if ($Machine.ExitCode -eq 0 -and $Arguments[0] -eq '/export') {
                [System.IO.File]::WriteAllText($file, $Machine.Text, [System.Text.Encoding]::Unicode)
            } elseif ($Machine.ExitCode -eq 0 -and $Machine.Obeys) {
                $Machine.Given = [System.IO.File]::ReadAllText($file)
                foreach ($found in [regex]::Matches($Machine.Given, '(?m)^(Se\w+) = (\S*)')) {
                    $Machine.Text = $Machine.Text -replace "(?m)^$($found.Groups[1].Value) = .*", $found.Value
                }
            }
            @{ ExitCode = $Machine.ExitCode; Output = ''; ErrorOutput = '' }
        }
    }

    It 'is a list of SIDs, from one export for all, with names in its source' {
        $readings = Read-LeeboardUserRight -Addresses 'SeSecurityPrivilege', 'SeAuditPrivilege'
        $readings['SeSecurityPrivilege'].effective.value | Should -Be 'S-1-5-32-544'
        $readings['SeAuditPrivilege'].effective.value | Should -Be 'S-1-5-19', 'S-1-5-20'
        $readings['SeSecurityPrivilege'].effective.source | Should -BeLike '*NAME OF S-1-5-32-544'
        $Machine.Calls.Count | Should -Be 1
    }

    It 'turns names of local accounts into SIDs, where Windows knows them' {
        $found = [string[]](Read-One SeInteractiveLogonRight).effective.value
        [array]::Sort($found, [StringComparer]::Ordinal)
        $found | Should -Be 'S-1-5-21-1-501', 'S-1-5-32-544', 'S-1-5-32-545', 'S-1-5-32-551', '__vmware__'
    }

    It 'is an empty list for a right that nobody has' {
        $reading = Read-One SeTcbPrivilege
        , $reading.effective.value | Should -BeOfType [array]
        $reading.effective.value.Length | Should -Be 0
        $reading.effective.source | Should -BeLike '*nobody'
    }

    It 'is unreadable where the export makes no sense' -ForEach 'rubbish', '', "[Privilege Rights]`nSeSecurityPrivilege = x",
        "[Version]`nsignature=`"`$CHICAGO`$`"" {
        $Machine.Text = $_
        (Read-One SeSecurityPrivilege).effective.code | Should -Be 'malformed'
    }

    It 'is unreadable for an account without rights' {
        $Machine.ExitCode = 1
        Mock Test-LeeboardAdministrator -ModuleName ToolFile { $false }
        (Read-One SeSecurityPrivilege).effective.code | Should -Be 'needs_root'
    }

    It 'knows its addresses' -ForEach '', 'Security', 'SeSecurity', "SeSecurityPrivilege`n", 'seSecurityPrivilege' {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }

    Context 'changing' {
        It 'writes a template with that right alone, and looks whether it took' {
            $Machine.Text = $Template -replace '(SeSecurityPrivilege = \S+)', '$1,*S-1-5-21-9'
            Set-Right @{ address = 'SeSecurityPrivilege'; value = @('S-1-5-32-544') }
            $Machine.Given | Should -Match '(?ms)^\[Privilege Rights\]\r\nSeSecurityPrivilege = \*S-1-5-32-544\r\n\z'
            (Read-One SeSecurityPrivilege).effective.value | Should -Be 'S-1-5-32-544'
            $Machine.Calls[1] -join ' ' | Should -BeLike '/configure /db *.sdb /cfg *.inf /areas USER_RIGHTS /quiet'
        }

        It 'is the same in another order' {
            $edit = Get-LeeboardUserRightChange -Changes @{ address = 'SeAuditPrivilege'; value = @('S-1-5-20', 'S-1-5-19') }
            $edit.After.value | Should -Be $edit.Before.value
        }

        It 'fails where Windows did not do it' {
            $Machine.Obeys = $false
            $Machine.Text = $Template -replace '(SeSecurityPrivilege = \S+)', '$1,*S-1-5-21-9'
            { Set-Right @{ address = 'SeSecurityPrivilege'; value = @('S-1-5-32-544') } } | Should -Throw '*reported no error*'
        }

        It 'refuses <Address> for <Value>' -ForEach @(
            @{ Address = 'SeNetworkLogonRight'; Value = @('S-1-5-32-544') }
            @{ Address = 'SeSecurityPrivilege'; Value = @() }, @{ Address = 'SeSecurityPrivilege'; Value = @('S-1-5-11') }
            @{ Address = 'SeAuditPrivilege'; Value = @('S-1-5-19') }
            @{ Address = 'SeSecurityPrivilege'; Value = @('Administrators', 'S-1-5-32-544') }
        ) {
            $code = 'none'
            try { Get-LeeboardUserRightChange -Changes @{ address = $Address; value = $Value } }
            catch { $code = (ConvertTo-LeeboardProblem $_).Code }
            $code | Should -Be 'refused'
            $Machine.Calls.Count | Should -Be 0
        }
    }
}
