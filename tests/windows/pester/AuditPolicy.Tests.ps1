# The driver audit_policy and the CSV form it reads, on files written after the examples of [MS-GPAC] section 4.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'ToolFile', 'AuditCsv', 'AuditPolicy') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # The driver asks for the owner by these two; GroupPolicy.Tests.ps1 is about them.
    function global:Get-LeeboardAuditOwner { param($Guid) }
    function global:Resolve-LeeboardOwner { param($Find) }

    $script:Logon = '{0CCE9215-69AE-11D9-BED3-505054503030}'
    $script:Integrity = '{0CCE9212-69AE-11D9-BED3-505054503030}'
    $script:Driver = '{0CCE9213-69AE-11D9-BED3-505054503030}'
    $script:Files = '{0CCE921D-69AE-11D9-BED3-505054503030}'
    $script:Lines = @'
Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,Setting Value
TEST-MACHINE,System,IPsec Driver,{0CCE9213-69AE-11D9-BED3-505054503030},No Auditing,,0
TEST-MACHINE,System,System Integrity,{0CCE9212-69AE-11D9-BED3-505054503030},Success,,1
TEST-MACHINE,System,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},Success and Failure,,3
TEST-MACHINE,S-1-5-21-2127521184-1604012920-1887927527-1001,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},Success,,1
TEST-MACHINE,Guest,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},Success,,1
TEST-MACHINE,S-1-5-21-2127521184-1604012920-1887927527-1001,File System,{0CCE921D-69AE-11D9-BED3-505054503030},Success,Failure,9
TEST-MACHINE,,Option:CrashOnAuditFail,,Enabled,,1
TEST-MACHINE,,Option:AuditBaseObjects,,Disabled,,0
TEST-MACHINE,,RegistryGlobalSacl,,,,S:(AU;SA;FA;;;WD)
'@
    # What auditpol.exe answers to /backup, and how the file is written.
    $script:Backup = @{ Text = ''; Encoding = [System.Text.Encoding]::Unicode; ExitCode = 0; Said = ''; Calls = @() }

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardAuditPolicy -Addresses $Address)[$Address]
    }
}

AfterAll {
    Remove-Item -LiteralPath Function:\Get-LeeboardAuditOwner, Function:\Resolve-LeeboardOwner
}

Describe 'audit_policy' {
    BeforeEach {
        Reset-LeeboardCache
        $Backup.Text, $Backup.Encoding, $Backup.ExitCode = $Lines, [System.Text.Encoding]::Unicode, 0
        $Backup.Said, $Backup.Calls, $Backup.HasFile = '', @(), $true
        $Backup.Folder = Join-Path $TestDrive ([guid]::NewGuid())
        Mock New-LeeboardPrivateFolder -ModuleName ToolFile { (New-Item -ItemType Directory -Path $Backup.Folder -ErrorAction Stop).FullName }
        Mock Test-LeeboardAdministrator -ModuleName ToolFile { $true }
        Mock Invoke-LeeboardProgram -ModuleName ToolFile {
            $Backup.Calls += , $Arguments
            if ($Arguments[0] -eq '/backup' -and $Backup.HasFile) {
                [System.IO.File]::WriteAllText($Arguments[1].Substring('/file:'.Length), $Backup.Text, $Backup.Encoding)
            }
            @{ ExitCode = $Backup.ExitCode; Output = $Backup.Said; ErrorOutput = '' }
        }
        Mock Get-LeeboardMachineValue -ModuleName AuditPolicy { @{ state = 'absent' } }
        Mock Resolve-LeeboardOwner -ModuleName AuditPolicy { @{ Owner = ''; Note = '' } }
    }

    Context 'reading' {
        It 'gives each subcategory its mask, from one backup for all' {
            $readings = Read-LeeboardAuditPolicy -Addresses $Driver, $Integrity, $Logon
            $readings[$Driver].effective.value | Should -Be 0
            $readings[$Integrity].effective.value | Should -Be 1
            $readings[$Logon].effective.value | Should -Be 3
            $readings[$Logon].effective.type | Should -Be 'audit_mask'
            $readings[$Logon].effective.value | Should -BeOfType long
            $Backup.Calls.Count | Should -Be 1
        }

        It 'leaves no file behind' {
            [void](Read-One $Logon)
            Test-Path -LiteralPath $Backup.Folder | Should -BeFalse
        }

        It 'does not take a single user''s line for the system''s' {
            (Read-One $Files).effective.code | Should -Be 'malformed'
        }

        It 'reads every encoding' -ForEach @(
            @{ How = 'UTF-16'; Encoding = [System.Text.Encoding]::Unicode }
            @{ How = 'UTF-16 without a mark'; Encoding = (New-Object System.Text.UnicodeEncoding $false, $false) }
            @{ How = 'UTF-8 with a mark'; Encoding = (New-Object System.Text.UTF8Encoding $true) }
            @{ How = 'one byte a character'; Encoding = [System.Text.Encoding]::GetEncoding(28591) }
        ) {
            $Backup.Encoding = $Encoding
            (Read-One $Logon).effective.value | Should -Be 3 -Because $How
        }

        It 'reads a file in another language, with and without a header' {
            $Backup.Text = @'
Nom de l'ordinateur,Cible de stratégie,Sous-catégorie,GUID de sous-catégorie,Paramètre d'inclusion,Paramètre d'exclusion,Valeur de paramètre
PC-ÉCOLE,Système,"Ouvrir la session, fermer",{0CCE9215-69AE-11D9-BED3-505054503030},Succès et échec,,3
PC-ÉCOLE,ÉCOLE\élève,Ouvrir la session,{0CCE9215-69AE-11D9-BED3-505054503030},Succès,,1
PC-ÉCOLE,élève,Fichiers,{0CCE921D-69AE-11D9-BED3-505054503030},Succès,Échec,2
'@
            (Read-One $Logon).effective.value | Should -Be 3
            (Read-One $Files).effective.code | Should -Be 'malformed'
            Reset-LeeboardCache
            $Backup.Text = $Backup.Text -replace '^[^\n]*\n'
            (Read-One $Logon).effective.value | Should -Be 3
        }

        It 'is unreadable where the backup has no line for a subcategory, never absent' {
            $reading = Read-One '{0CCE924B-69AE-11D9-BED3-505054503030}'
            $reading.effective.state | Should -Be 'unreadable'
            $reading.effective.code | Should -Be 'malformed'
            $reading.effective.why | Should -BeLike '*no line*'
        }

        It 'is unreadable where the value is no mask' -ForEach 'x', '', '4', '-1', '33' {
            $Backup.Text = $Lines -replace 'Success and Failure,,3', "Success and Failure,,$_"
            (Read-One $Logon).effective.code | Should -Be 'malformed'
            (Read-One $Integrity).effective.value | Should -Be 1
        }

        It 'is unreadable where two lines of the system disagree' {
            $Backup.Text = "$Lines`nTEST-MACHINE,System,Logon,$($Logon.ToLower()),Failure,,2"
            (Read-One $Logon).effective.why | Should -BeLike '*3 and 2*'
        }

        It 'takes a line that is there twice' {
            $Backup.Text = "$Lines`nTEST-MACHINE,System,Logon,$Logon,Success and Failure,,3"
            (Read-One $Logon).effective.value | Should -Be 3
        }

        It 'is unreadable where auditpol gives rubbish, nothing, or no file' {
            $Backup.Text = "MZ$([char]0)$([char]0)rubbish"
            (Read-One $Logon).effective.code | Should -Be 'malformed'
            Reset-LeeboardCache
            $Backup.Text = ''
            (Read-One $Logon).effective.code | Should -Be 'malformed'
            Reset-LeeboardCache
            $Backup.HasFile = $false
            (Read-One $Logon).effective.why | Should -BeLike '*no file*'
        }

        It 'says what auditpol said when it fails, and deletes the file all the same' {
            $Backup.ExitCode = 87
            $Backup.Said = "`r`nError 0x00000057 occurred:`r`nThe parameter is incorrect.`r`n"
            $aspect = (Read-One $Logon).effective
            $aspect.code | Should -Be 'failed'
            $aspect.why | Should -Be 'auditpol.exe /backup ended with status 87: Error 0x00000057 occurred:'
            Test-Path -LiteralPath $Backup.Folder | Should -BeFalse
        }

        It 'asks for an administrator where the account is none' {
            $Backup.ExitCode = 1314
            Mock Test-LeeboardAdministrator -ModuleName ToolFile { $false }
            (Read-One $Logon).effective.code | Should -Be 'needs_root'
        }

        It 'passes on what stops the program' {
            Mock Invoke-LeeboardProgram -ModuleName ToolFile {
                throw (New-LeeboardProblem -Code timeout -Why 'auditpol.exe was still running after 60 seconds')
            }
            $readings = Read-LeeboardAuditPolicy -Addresses $Logon, $Integrity
            $readings[$Logon].effective.code | Should -Be 'timeout'
            $readings[$Integrity].effective.code | Should -Be 'timeout'
            Should -Invoke Invoke-LeeboardProgram -ModuleName ToolFile -Times 1 -Exactly
            Test-Path -LiteralPath $Backup.Folder | Should -BeFalse
        }

        It 'knows its addresses' -ForEach @(
            'Logon', '', '0CCE9215-69AE-11D9-BED3-505054503030', '{69979849-797A-11D9-BED3-505054503030}',
            "{0CCE9215-69AE-11D9-BED3-505054503030}`n", '{0CCE9215-69AE-11D9-BED3-505054503030},{0CCE9212}'
        ) {
            (Read-One $_).effective.code | Should -Be 'malformed'
            $Backup.Calls.Count | Should -Be 0
        }

        It 'says who sets it' {
            Mock Resolve-LeeboardOwner -ModuleName AuditPolicy { @{ Owner = 'the group policy "School baseline"'; Note = '' } }
            (Read-One $Logon).owner | Should -Be 'the group policy "School baseline"'
        }

        It 'says when that could not be found out' {
            Mock Resolve-LeeboardOwner -ModuleName AuditPolicy { @{ Owner = ''; Note = 'it could not be found out' } }
            (Read-One $Logon).effective.note | Should -Be 'it could not be found out'
        }

        It 'warns of an audit policy by category only where that counts' {
            (Read-One $Logon).effective.Contains('note') | Should -BeFalse
            Reset-LeeboardCache
            Mock Get-LeeboardMachineValue -ModuleName AuditPolicy { @{ state = 'value'; value = 1L; type = 'dword' } }
            (Read-One $Logon).effective.Contains('note') | Should -BeFalse
            Reset-LeeboardCache
            Mock Get-LeeboardMachineValue -ModuleName AuditPolicy { @{ state = 'value'; value = 0L; type = 'dword' } }
            (Read-One $Logon).effective.note | Should -BeLike '*SCENoApplyLegacyAuditPolicy is 0*'
        }
    }

    Context 'changing' {
        BeforeAll {
            # A machine that does as it is told: /set changes what the next /backup gives.
            function Set-Line {
                param([string]$Guids, [string]$Value)
                foreach ($guid in $Guids.Split(',')) {
                    $Backup.Text = $Backup.Text -replace "(?m)^([^,]*,System,[^{]*$([regex]::Escape($guid)),.*,,)\d", "`${1}$Value"
                }
            }
        }

        BeforeEach {
            Mock Invoke-LeeboardProgram -ModuleName ToolFile {
                $Backup.Calls += , $Arguments
                if ($Arguments[0] -eq '/backup') {
                    [System.IO.File]::WriteAllText($Arguments[1].Substring('/file:'.Length), $Backup.Text)
                } elseif ($Backup.ExitCode -eq 0) {
                    $mask = 0
                    if ($Arguments[2] -eq '/success:enable') { $mask += 1 }
                    if ($Arguments[3] -eq '/failure:enable') { $mask += 2 }
                    Set-Line $Arguments[1].Substring('/subcategory:'.Length) $mask
                }
                @{ ExitCode = $Backup.ExitCode; Output = $Backup.Said; ErrorOutput = '' }
            }
        }

        It 'plans each change with what is there before' {
            $edits = @(Get-LeeboardAuditPolicyChange -Changes @{ address = $Integrity; value = 3 }, @{ address = $Logon; value = '2' })
            $edits.Count | Should -Be 2
            $edits[0].Target | Should -Be $Integrity
            $edits[0].Before.value | Should -Be 1
            $edits[0].After.value | Should -Be 3
            $edits[1].After.value | Should -BeOfType long
            @($Backup.Calls | Where-Object { $_[0] -eq '/set' }).Count | Should -Be 0
        }

        It 'refuses what is no mask' -ForEach 4, -1, 'Success', '', $true, '3 ' {
            { Get-LeeboardAuditPolicyChange -Changes @{ address = $Logon; value = $_ } } | Should -Throw '*from 0 to 3*'
        }

        It 'plans nothing for what it cannot read' {
            { Get-LeeboardAuditPolicyChange -Changes @{ address = $Files; value = 1 } } | Should -Throw '*no line*'
            { Get-LeeboardAuditPolicyChange -Changes @{ address = 'Logon'; value = 1 } } | Should -Throw '*no subcategory*'
        }

        It 'sets what gets the same mask in one call' {
            $edits = Get-LeeboardAuditPolicyChange -Changes @{ address = $Driver; value = 3 },
                @{ address = $Integrity; value = 3 }, @{ address = $Logon; value = 2 }
            Set-LeeboardAuditPolicyChange -Edits $edits
            $set = @($Backup.Calls | Where-Object { $_[0] -eq '/set' })
            $set.Count | Should -Be 2
            $said = $set | ForEach-Object { $_ -join ' ' }
            $said | Should -Contain "/set /subcategory:$Driver,$Integrity /success:enable /failure:enable"
            $said | Should -Contain "/set /subcategory:$Logon /success:disable /failure:enable"
            (Read-One $Driver).effective.value | Should -Be 3
            (Read-One $Logon).effective.value | Should -Be 2
        }

        It 'switches a subcategory off' {
            Set-LeeboardAuditPolicyChange -Edits (Get-LeeboardAuditPolicyChange -Changes @{ address = $Logon; value = 0 })
            (Read-One $Logon).effective.value | Should -Be 0
        }

        It 'fails when auditpol does, and reads anew after that' {
            $edits = Get-LeeboardAuditPolicyChange -Changes @{ address = $Integrity; value = 3 }
            $Backup.ExitCode, $Backup.Said = 1314, 'Error 0x00000522 occurred:'
            { Set-LeeboardAuditPolicyChange -Edits $edits } | Should -Throw '*0x00000522*'
            $Backup.ExitCode = 0
            $Backup.Text = $Lines -replace 'Success,,1', 'Success,,0'
            (Read-One $Integrity).effective.value | Should -Be 0
        }

        It 'fails when it did not take, and says who sets it' {
            $edits = Get-LeeboardAuditPolicyChange -Changes @{ address = $Integrity; value = 3 }
            Mock Invoke-LeeboardProgram -ModuleName ToolFile -ParameterFilter { $Arguments[0] -eq '/set' } {
                @{ ExitCode = 0; Output = ''; ErrorOutput = '' }
            }
            Mock Resolve-LeeboardOwner -ModuleName AuditPolicy { @{ Owner = 'the group policy "School baseline"'; Note = '' } }
            { Set-LeeboardAuditPolicyChange -Edits $edits } |
                Should -Throw "*$Integrity is still 1, not 3: it is set by the group policy*"
        }
    }
}
