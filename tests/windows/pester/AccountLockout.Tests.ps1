# The driver account_lockout, on templates as `secedit.exe /export` writes them ([MS-GPSB] section 2.2; the exports that
# several public projects show).

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'ToolFile', 'SecurityTemplate', 'SecurityExport', 'AccountLockout') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # The driver asks for the owner by these two; GroupPolicy.Tests.ps1 is about them.
    function global:Get-LeeboardSecurityOwner { param($Key) }
    function global:Resolve-LeeboardOwner { param($Find) }

    $script:Template = @'
[Unicode]
Unicode=yes
[System Access]
MinimumPasswordAge = 0
MaximumPasswordAge = 42
MinimumPasswordLength = 0
PasswordComplexity = 0
PasswordHistorySize = 0
LockoutBadCount = 10
ResetLockoutCount = 10
LockoutDuration = 10
AllowAdministratorLockout = 1
RequireLogonToChangePassword = 0
ForceLogoffWhenHourExpire = 0
NewAdministratorName = "Administrator"
NewGuestName = "Guest"
ClearTextPassword = 0
[Event Audit]
AuditSystemEvents = 0
[Registry Values]
MACHINE\Software\Microsoft\Windows\CurrentVersion\Policies\System\InactivityTimeoutSecs=4,900
[Version]
signature="$CHICAGO$"
Revision=1
'@
    # A server as it is installed, and an older one.
    $script:Never = $Template -replace 'LockoutBadCount = 10', 'LockoutBadCount = 0' `
        -replace '(ResetLockoutCount|LockoutDuration) = 10\r?\n'
    $script:Older = $Template -replace 'AllowAdministratorLockout = 1\r?\n'
    $script:All = 'LockoutBadCount', 'LockoutDuration', 'ResetLockoutCount', 'AllowAdministratorLockout'
    $script:Machine = @{}

    function Set-Key {
        param([string]$Key, [string]$Value)
        if ($Machine.Text -match "(?m)^$Key = ") {
            $Machine.Text = $Machine.Text -replace "(?m)^$Key = .*?(\r?)$", "$Key = $Value`$1"
        } else {
            $Machine.Text = $Machine.Text -replace '\[System Access\]', "[System Access]`n$Key = $Value"
        }
    }

    function Set-Lockout {
        param([hashtable[]]$Changes)
        $edits = @(Get-LeeboardAccountLockoutChange -Changes $Changes)
        Set-LeeboardAccountLockoutChange -Edits $edits
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardSecurityOwner, Function:\Resolve-LeeboardOwner
}

Describe 'account_lockout' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Text, $Machine.ExitCode, $Machine.Said, $Machine.Calls = $Template, 0, '', @()
        $Machine.Obeys, $Machine.Given = $true, ''
        $Machine.Folders = @()
        Mock New-LeeboardPrivateFolder -ModuleName ToolFile {
            $folder = (New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid()))).FullName
            $Machine.Folders += $folder
            $folder
        }
        Mock Test-LeeboardAdministrator -ModuleName ToolFile { $true }
        Mock Resolve-LeeboardOwner -ModuleName AccountLockout { @{ Owner = ''; Note = '' } }
        Mock Get-LeeboardMachineValue -ModuleName AccountLockout { @{ state = 'value'; value = 'WinNT'; type = 'string' } }
        Mock Invoke-LeeboardProgram -ModuleName ToolFile {
            $Machine.Calls += , $Arguments
            $file = $Arguments[$Arguments.IndexOf('/cfg') + 1]
            if ($Machine.ExitCode -in 0, 3 -and $Arguments[0] -eq '/export') {
                [System.IO.File]::WriteAllText($file, $Machine.Text, [System.Text.Encoding]::Unicode)
            } elseif ($Machine.ExitCode -in 0, 3 -and $Machine.Obeys) {
                $Machine.Bytes = [System.IO.File]::ReadAllBytes($file)
                $Machine.Given = [System.IO.File]::ReadAllText($file)
                foreach ($found in [regex]::Matches($Machine.Given, '(?m)^(\w+) = (-?\d+)')) {
                    Set-Key $found.Groups[1].Value $found.Groups[2].Value
                }
            }
            @{ ExitCode = $Machine.ExitCode; Output = $Machine.Said; ErrorOutput = '' }
        }
    }

    Context 'reading' {
        It 'gives the numbers, from one export for all' {
            $readings = Read-LeeboardAccountLockout -Addresses $All
            $All | ForEach-Object { $readings[$_].effective.value } | Should -Be 10, 10, 10, 1
            $readings['LockoutDuration'].effective.type | Should -Be 'int'
            $Machine.Calls.Count | Should -Be 1
            ($Machine.Calls[0] -join ' ') | Should -BeLike '/export /areas SECURITYPOLICY USER_RIGHTS /cfg *'
            Test-Path -LiteralPath $Machine.Folders[0] | Should -BeFalse
        }

        It 'gives -1 where an administrator has to unlock' {
            Set-Key LockoutDuration '-1'
            (Read-LeeboardAccountLockout -Addresses LockoutDuration)['LockoutDuration'].effective.value | Should -Be -1
        }

        It 'gives absent times where nobody is ever locked out' {
            $Machine.Text = $Never
            $readings = Read-LeeboardAccountLockout -Addresses $All
            $readings['LockoutBadCount'].effective.value | Should -Be 0
            foreach ($time in 'LockoutDuration', 'ResetLockoutCount') {
                $readings[$time].effective.state | Should -Be 'absent'
                $readings[$time].effective.note | Should -BeLike '*is 0, so nobody*'
            }
        }

        It 'gives absent what an older Windows does not have' {
            $Machine.Text = $Older
            $reading = (Read-LeeboardAccountLockout -Addresses AllowAdministratorLockout)['AllowAdministratorLockout']
            $reading.effective.state | Should -Be 'absent'
            $reading.effective.Contains('note') | Should -BeFalse
        }

        It 'is unreadable where the export makes no sense' -ForEach @(
            @{ Text = '' }
            @{ Text = 'rubbish' }
            @{ Text = "[System Access]`nLockoutBadCount = 10`nLockoutDuration = 10`nResetLockoutCount = 10" }
            @{ Text = "[Version]`nsignature=`"`$CHICAGO`$`"`n[System Access]`nPasswordComplexity = 1" }
            @{ Text = "[Version]`nsignature=`"`$CHICAGO`$`"`n[System Access]`nLockoutBadCount = ten" }
            @{ Text = "[Version]`nsignature=`"`$CHICAGO`$`"`n[System Access]`nLockoutBadCount = 10`nLockoutDuration = 5" }
        ) {
            $Machine.Text = $Text
            $reading = (Read-LeeboardAccountLockout -Addresses LockoutBadCount)['LockoutBadCount']
            $reading.effective.code | Should -Be 'malformed'
        }

        It 'is unreadable where secedit writes no file' {
            Mock Invoke-LeeboardProgram -ModuleName ToolFile { @{ ExitCode = 0; Output = ''; ErrorOutput = '' } }
            $reading = (Read-LeeboardAccountLockout -Addresses LockoutBadCount)['LockoutBadCount']
            $reading.effective.code | Should -Be 'malformed'
            $reading.effective.why | Should -Be 'secedit.exe /export wrote no file'
        }

        It 'is unreadable where secedit fails' {
            $Machine.ExitCode, $Machine.Said = 1, "`r`nAccess is denied.`r`n"
            $reading = (Read-LeeboardAccountLockout -Addresses LockoutBadCount)['LockoutBadCount']
            $reading.effective.code | Should -Be 'failed'
            $reading.effective.why | Should -Be 'secedit.exe /export ended with status 1: Access is denied.'
            Test-Path -LiteralPath $Machine.Folders[0] | Should -BeFalse
        }

        It 'reads what secedit exported with warnings' {
            $Machine.ExitCode, $Machine.Said = 3, 'The task has completed with warnings.'
            $reading = (Read-LeeboardAccountLockout -Addresses LockoutBadCount)['LockoutBadCount']
            $reading.effective.state | Should -Be 'value'
        }

        It 'says so where secedit asks for the rights of an administrator' {
            $Machine.ExitCode = 740
            $reading = (Read-LeeboardAccountLockout -Addresses LockoutBadCount)['LockoutBadCount']
            $reading.effective.code | Should -Be 'needs_root'
            $reading.effective.why | Should -Be 'secedit.exe /export asks for the full rights of an administrator (status 740)'
        }

        It 'knows its addresses' -ForEach 'PasswordComplexity', '', "LockoutBadCount`n" {
            (Read-LeeboardAccountLockout -Addresses $_)[$_].effective.code | Should -Be 'malformed'
        }

        It 'says who sets it, or why that is not known' {
            Mock Resolve-LeeboardOwner -ModuleName AccountLockout { @{ Owner = 'the group policy "X"'; Note = '' } }
            (Read-LeeboardAccountLockout -Addresses LockoutBadCount)['LockoutBadCount'].owner |
                Should -Be 'the group policy "X"'
            Mock Resolve-LeeboardOwner -ModuleName AccountLockout { @{ Owner = ''; Note = 'not found out' } }
            $Machine.Text = $Never
            Reset-LeeboardCache
            (Read-LeeboardAccountLockout -Addresses LockoutDuration)['LockoutDuration'].effective.note |
                Should -Be 'LockoutBadCount is 0, so nobody is locked out; not found out'
        }

        It 'reads on a domain controller' {
            Mock Get-LeeboardMachineValue -ModuleName AccountLockout {
                @{ state = 'value'; value = 'LanmanNT'; type = 'string' }
            }
            (Read-LeeboardAccountLockout -Addresses LockoutBadCount)['LockoutBadCount'].effective.value | Should -Be 10
        }
    }

    Context 'changing' {
        It 'writes one template with nothing else in it' {
            Set-Lockout @{ address = 'LockoutBadCount'; value = 5 }
            $Machine.Given | Should -Be (
                "[Unicode]`r`nUnicode=yes`r`n[Version]`r`nsignature=`"`$CHICAGO`$`"`r`nRevision=1`r`n" +
                "[System Access]`r`nLockoutBadCount = 5`r`n")
            $Machine.Bytes[0..1] | Should -Be 0xff, 0xfe
            $configure = @($Machine.Calls | Where-Object { $_[0] -eq '/configure' })
            $configure.Count | Should -Be 1
            ($configure[0] -join ' ') | Should -BeLike '/configure /db *.sdb /cfg *.inf /areas SECURITYPOLICY /quiet'
            $Machine.Folders | Where-Object { Test-Path -LiteralPath $_ } | Should -BeNullOrEmpty
        }

        It 'plans with what is there before' {
            $Machine.Text = $Never
            $edits = @(Get-LeeboardAccountLockoutChange -Changes @{ address = 'LockoutBadCount'; value = 10 },
                @{ address = 'LockoutDuration'; value = '15' }, @{ address = 'ResetLockoutCount'; value = 15 })
            $edits.Target | Should -Be 'LockoutBadCount', 'LockoutDuration', 'ResetLockoutCount'
            $edits[0].Before.value | Should -Be 0
            $edits[1].Before.state | Should -Be 'absent'
            $edits[1].After.value | Should -Be 15
            @($Machine.Calls | Where-Object { $_[0] -eq '/configure' }).Count | Should -Be 0
        }

        It 'takes the reset time along where it would be longer than the duration' {
            Set-Key ResetLockoutCount 30
            Set-Key LockoutDuration 30
            Set-Lockout @{ address = 'LockoutDuration'; value = 15 }
            $Machine.Given | Should -BeLike '*LockoutDuration = 15*ResetLockoutCount = 15*'
        }

        It 'takes the duration along where it would be shorter than the reset time' {
            Set-Lockout @{ address = 'ResetLockoutCount'; value = 15 }
            $Machine.Given | Should -BeLike '*LockoutDuration = 15*ResetLockoutCount = 15*'
        }

        It 'leaves the other time alone where it fits' {
            Set-Lockout @{ address = 'LockoutDuration'; value = 15 }
            $Machine.Given | Should -Not -BeLike '*ResetLockoutCount*'
            Set-Lockout @{ address = 'LockoutDuration'; value = -1 }
            $Machine.Given | Should -Not -BeLike '*ResetLockoutCount*'
            Set-Lockout @{ address = 'ResetLockoutCount'; value = 99 }
            $Machine.Given | Should -Not -BeLike '*LockoutDuration*'
        }

        It 'takes along a time that Windows does not show' {
            $Machine.Text = $Never
            Set-Lockout @{ address = 'LockoutBadCount'; value = 5 }, @{ address = 'LockoutDuration'; value = 15 }
            $Machine.Given | Should -BeLike '*LockoutDuration = 15*ResetLockoutCount = 15*'
        }

        It 'refuses what cannot be' -ForEach @(
            @{ Changes = @(@{ address = 'LockoutDuration'; value = 5 }, @{ address = 'ResetLockoutCount'; value = 9 }); Says = '*at least*' }
            @{ Changes = @(@{ address = 'LockoutBadCount'; value = 1000 }); Says = '*from 0 to 999*' }
            @{ Changes = @(@{ address = 'LockoutBadCount'; value = '' }); Says = '*from 0 to 999*' }
            @{ Changes = @(@{ address = 'LockoutBadCount'; value = '5; x' }); Says = '*from 0 to 999*' }
            @{ Changes = @(@{ address = 'LockoutDuration'; value = 0 }); Says = '*from 1 to 99999*' }
            @{ Changes = @(@{ address = 'ResetLockoutCount'; value = -1 }); Says = '*from 1 to 99999*' }
            @{ Changes = @(@{ address = 'AllowAdministratorLockout'; value = 2 }); Says = '*from 0 to 1*' }
            @{ Changes = @(@{ address = 'PasswordComplexity'; value = 1 }); Says = '*has no PasswordComplexity*' }
            @{ Changes = @(@{ address = 'LockoutBadCount'; value = 0 }, @{ address = 'LockoutDuration'; value = 9 }); Says = '*is 0*' }
        ) {
            { Get-LeeboardAccountLockoutChange -Changes $Changes } | Should -Throw $Says
        }

        It 'refuses times while nobody is ever locked out' {
            $Machine.Text = $Never
            { Get-LeeboardAccountLockoutChange -Changes @{ address = 'LockoutDuration'; value = 15 } } |
                Should -Throw '*set LockoutBadCount as well*'
        }

        It 'refuses what this Windows does not have' {
            $Machine.Text = $Older
            { Get-LeeboardAccountLockoutChange -Changes @{ address = 'AllowAdministratorLockout'; value = 1 } } |
                Should -Throw '*has no AllowAdministratorLockout*'
        }

        It 'refuses on a domain controller, before anything else' {
            Mock Get-LeeboardMachineValue -ModuleName AccountLockout {
                @{ state = 'value'; value = 'LanmanNT'; type = 'string' }
            }
            { Get-LeeboardAccountLockoutChange -Changes @{ address = 'LockoutBadCount'; value = 5 } } |
                Should -Throw '*domain controller*'
            $Machine.Calls.Count | Should -Be 0
        }

        It 'fails when secedit does' {
            $edits = @(Get-LeeboardAccountLockoutChange -Changes @{ address = 'LockoutBadCount'; value = 5 })
            $Machine.ExitCode = 1
            { Set-LeeboardAccountLockoutChange -Edits $edits } | Should -Throw '*status 1: it said nothing*'
            $Machine.Folders | Where-Object { Test-Path -LiteralPath $_ } | Should -BeNullOrEmpty
        }

        It 'goes by what took, and not by warnings: <Obeys>' -ForEach @{ Obeys = $true }, @{ Obeys = $false } {
            $edits = @(Get-LeeboardAccountLockoutChange -Changes @{ address = 'LockoutBadCount'; value = 5 })
            $Machine.ExitCode, $Machine.Obeys = 3, $Obeys
            Mock Resolve-LeeboardOwner -ModuleName AccountLockout { @{ Owner = ''; Note = '' } }
            if ($Obeys) { Set-LeeboardAccountLockoutChange -Edits $edits }
            else { { Set-LeeboardAccountLockoutChange -Edits $edits } | Should -Throw '*LockoutBadCount is not 5*' }
        }

        It 'fails when it did not take' {
            $edits = @(Get-LeeboardAccountLockoutChange -Changes @{ address = 'LockoutBadCount'; value = 5 })
            $Machine.Obeys = $false
            Mock Resolve-LeeboardOwner -ModuleName AccountLockout { @{ Owner = 'the group policy "X"'; Note = '' } }
            { Set-LeeboardAccountLockoutChange -Edits $edits } |
                Should -Throw '*LockoutBadCount is not 5: it is set by the group policy "X"*'
        }
    }
}
