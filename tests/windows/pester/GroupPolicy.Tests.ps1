# Who sets a value: files of group policies, written here byte by byte after [MS-GPREG], [MS-GPSB] and [MS-GPAC], and the
# resultant set as its classes are documented.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Get-LeeboardMdmPolicy { param($Subject) }
    function global:Get-LeeboardOsConfigOwner { param($Path, $Name) '' }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'ToolFile', 'AuditCsv', 'SecurityTemplate', 'RegistryPol',
        'GroupPolicySource', 'GroupPolicy') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }

    . (Join-Path $PSScriptRoot 'PolFile.ps1')

    $script:Policy = 'Software\Policies\Microsoft\FVE'
    $script:One = [byte[]](1, 0, 0, 0)
    $script:Baseline = '{11111111-2222-3333-4444-555555555555}'
    $script:Old = '{AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE}'
    $script:Domain = '{31B2F340-016D-11D2-945F-00C04FB984F9}'
    $script:RegistryExtension = '{35378EAC-683F-11D2-A89A-00C04FBBCFA2}'
    $script:SecurityExtension = '{827D319E-6EAC-11D2-A4EA-00C04F79F83A}'
    $script:AuditExtension = '{F3CCC681-B74C-4060-9F26-CD84525DCA2A}'
    $script:Names = @{ $Baseline = 'School baseline'; $Domain = 'Default Domain Policy'; $Old = '' }
    $script:Machine = @{}

    # A group policy's file in the cache, or the local one's.
    function Add-PolicyFile {
        param([string]$Guid, [string]$Name, [byte[]]$Bytes)
        $folder = Join-Path $Machine.Folder 'Machine'
        if ($Guid) { $folder = Join-Path $Machine.Folder "DataStore/0/SysVol/school.example/Policies/$Guid/Machine" }
        $path = Join-Path $folder $Name
        [void](New-Item -ItemType Directory -Path (Split-Path $path) -Force)
        [System.IO.File]::WriteAllBytes($path, $Bytes)
    }

    function Add-Template {
        param([string]$Guid, [string]$Text)
        $bytes = [byte[]](0xff, 0xfe) + [System.Text.Encoding]::Unicode.GetBytes($Text)
        Add-PolicyFile $Guid 'Microsoft/Windows NT/SecEdit/GptTmpl.inf' $bytes
    }

    function Add-Audit {
        param([string]$Guid, [string]$Text)
        Add-PolicyFile $Guid 'Microsoft/Windows NT/Audit/audit.csv' ([System.Text.Encoding]::UTF8.GetBytes($Text))
    }

    function Get-FveOwner {
        param([string]$Name = 'MinimumPIN')
        return Get-LeeboardPolicyOwner -Path 'HKLM\SOFTWARE\Policies\Microsoft\FVE' -Name $Name
    }
}

AfterAll { Remove-Item -LiteralPath Function:\Get-LeeboardMdmPolicy, Function:\Get-LeeboardOsConfigOwner }

Describe 'the owner' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Folder = Join-Path $TestDrive ([guid]::NewGuid())
        $Machine.History = @{}  # extension -> GUIDs in the order in which they were applied
        $Machine.Cim = @{}      # class -> instances
        $Machine.Share = 'C:\Windows\system32\GroupPolicy\DataStore\0\sysvol\school.example'
        Mock Get-LeeboardPolicyFolder -ModuleName GroupPolicySource { $Machine.Folder }
        Mock Get-LeeboardSubkeyName -ModuleName GroupPolicySource {
            $extension = $Path.Split('\')[-1]
            # Numbers are sorted as numbers, and other keys are left alone.
            if ($Machine.History.ContainsKey($extension)) {
                @(0..($Machine.History[$extension].Count - 1) | ForEach-Object { [string]$_ } | Sort-Object) + 'Other'
            }
        }
        Mock Get-LeeboardMachineValue -ModuleName GroupPolicySource {
            $extension, $number = $Path.Split('\')[-2, -1]
            $guid = $Machine.History[$extension][[int]$number]
            $value = if ($Name -eq 'DisplayName') { $Names[$guid] } else { "$($Machine.Share)\Policies\$guid\Machine" }
            if ($guid -eq 'local') {
                $value = if ($Name -eq 'DisplayName') { 'Local Group Policy' } else { 'C:\Windows\System32\GroupPolicy\Machine' }
            }
            if (-not $value) { return @{ state = 'absent' } }
            @{ state = 'value'; value = $value; type = 'string' }
        }
        Mock Get-LeeboardCim -ModuleName GroupPolicySource {
            if (-not $Machine.Cim.ContainsKey($ClassName)) {
                throw (New-LeeboardProblem -Code missing_tool -Why "CIM gave no $ClassName in $Namespace")
            }
            $Machine.Cim[$ClassName]
        }
    }

    Context 'without a domain' {
        It 'is nobody, and CIM is not asked' {
            Get-FveOwner | Should -Be ''
            Get-LeeboardSecurityOwner LockoutBadCount | Should -Be ''
            Get-LeeboardAuditOwner '{0CCE9215-69AE-11D9-BED3-505054503030}' | Should -Be ''
            Should -Invoke Get-LeeboardCim -ModuleName GroupPolicySource -Times 0 -Exactly
        }

        It 'is the local group policy where its file says so' {
            $Machine.History[$RegistryExtension] = @('local')
            Add-PolicyFile '' 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Get-FveOwner | Should -Be 'the local group policy'
            Get-FveOwner 'Other' | Should -Be ''
            Should -Invoke Get-LeeboardCim -ModuleName GroupPolicySource -Times 0 -Exactly
        }

        It 'is OSConfig where nobody else has it, and where the policies cannot be read' {
            Mock Get-LeeboardOsConfigOwner -ModuleName GroupPolicy { if ($Name -eq 'MinimumPIN') { 'OSConfig (S)' } else { '' } }
            Get-FveOwner | Should -Be 'OSConfig (S)'
            Get-FveOwner 'Other' | Should -Be ''
            $Machine.History[$RegistryExtension] = @('local')
            Add-PolicyFile '' 'Registry.pol' ([byte[]](1, 2, 3))
            Reset-LeeboardCache
            Get-FveOwner | Should -Be 'OSConfig (S)'
            { Get-FveOwner 'Other' } | Should -Throw
            Add-PolicyFile '' 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Reset-LeeboardCache
            Get-FveOwner | Should -Be 'the local group policy'
        }

        It 'is an MDM service where no group policy has it, where that wins, and where the policies cannot be read' {
            $Machine.Service = @{ Owner = 'the MDM service X'; Wins = $false }
            Mock Get-LeeboardMdmPolicy -ModuleName GroupPolicy {
                if ($Subject -in 'HKLM\SOFTWARE\Policies\Microsoft\FVE:MinimumPIN', 'security:LockoutBadCount', 'audit:{0}') {
                    $Machine.Service
                }
            }
            Get-FveOwner | Should -Be 'the MDM service X'
            Get-FveOwner 'Other' | Should -Be ''
            Get-LeeboardSecurityOwner LockoutBadCount | Should -Be 'the MDM service X'
            Get-LeeboardAuditOwner '{0}' | Should -Be 'the MDM service X'
            $Machine.History[$RegistryExtension] = @('local')
            Add-PolicyFile '' 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Reset-LeeboardCache
            Get-FveOwner | Should -Be 'the local group policy'
            $Machine.Service.Wins = $true
            Get-FveOwner | Should -Be 'the MDM service X'
            $Machine.Service.Wins = $false
            Add-PolicyFile '' 'Registry.pol' ([byte[]](1, 2, 3))
            Reset-LeeboardCache
            Get-FveOwner | Should -Be 'the MDM service X'
            { Get-FveOwner 'Other' } | Should -Throw
            $Machine.Service = @{ Owner = ''; Wins = $false }
            { Get-FveOwner } | Should -Throw
        }

        It 'is the local group policy for an audit policy of its own, and for what that clears' {
            Add-Audit '' "Machine Name,Policy Target,Subcategory,Subcategory GUID`r`n,System,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},Success,,1"
            Get-LeeboardAuditOwner '{0cce9215-69ae-11d9-bed3-505054503030}' | Should -Be 'the local group policy'
            Get-LeeboardAuditOwner '{0CCE9216-69AE-11D9-BED3-505054503030}' |
                Should -Be 'the local group policy, which clears what it does not name'
        }

        It 'is nobody for an audit.csv that sets no subcategory' {
            Add-Audit '' "Machine Name,Policy Target,Subcategory,Subcategory GUID`r`n,,Option:CrashOnAuditFail,,Disabled,,0"
            Get-LeeboardAuditOwner '{0CCE9215-69AE-11D9-BED3-505054503030}' | Should -Be ''
        }

        It 'is nobody for values of users' {
            Add-PolicyFile '' 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Get-LeeboardPolicyOwner -Path 'HKCU\SOFTWARE\Policies\Microsoft\FVE' -Name MinimumPIN | Should -Be ''
        }
    }

    Context 'by the files' {
        It 'is named after the domain''s group policy' {
            $Machine.History[$RegistryExtension] = @($Baseline)
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Get-FveOwner | Should -Be 'the group policy "School baseline"'
            Get-FveOwner 'minimumpin' | Should -Be 'the group policy "School baseline"'
        }

        It 'is found where Windows only noted the share, which is not looked at' {
            $Machine.Share = '\\school.example\SysVol\school.example'
            $Machine.History[$RegistryExtension] = @($Baseline)
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Get-FveOwner | Should -Be 'the group policy "School baseline"'
        }

        It 'is its GUID where it has no name' {
            $Machine.History[$RegistryExtension] = @($Old)
            Add-PolicyFile $Old 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Get-FveOwner | Should -Be "the group policy $Old"
        }

        It 'is no group policy that is only left in the cache' {
            $Machine.History[$RegistryExtension] = @($Baseline)
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @())
            Add-PolicyFile $Old 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Get-FveOwner | Should -Be ''
        }

        It 'is the one that was applied last, and the local one is the first' {
            # Eleven, so that 10 has to come after 9.
            $Machine.History[$RegistryExtension] = @($Domain) + @($Old) * 9 + @($Baseline)
            foreach ($guid in '', $Domain, $Old, $Baseline) {
                Add-PolicyFile $guid 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            }
            Get-FveOwner | Should -Be 'the group policy "School baseline"'
        }

        It 'also owns what it deletes' {
            $Machine.History[$RegistryExtension] = @($Domain, $Baseline)
            Add-PolicyFile $Domain 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @(, @($Policy, '**del.MinimumPIN', 1, (Get-Text ' '))))
            Get-FveOwner | Should -Be 'the group policy "School baseline", which deletes it'
        }

        It 'owns all values of a key that it empties, but for those that it sets after that' {
            $Machine.History[$RegistryExtension] = @($Domain, $Baseline)
            Add-PolicyFile $Domain 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'Other', 4, $One)))
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @($Policy, 'MinimumPIN', 4, $One),
                @($Policy, '**delvals.', 1, (Get-Text ' ')), @($Policy, 'UseTPM', 4, $One))
            Get-FveOwner 'UseTPM' | Should -Be 'the group policy "School baseline"'
            Get-FveOwner 'Other' | Should -Be 'the group policy "School baseline", which deletes it'
            Get-FveOwner 'MinimumPIN' | Should -Be 'the group policy "School baseline", which deletes it'
            Get-LeeboardPolicyOwner -Path 'HKLM\SOFTWARE\Policies\Microsoft\FVE\Sub' -Name Other | Should -Be ''
        }

        It 'owns everything below a key that it deletes' {
            $Machine.History[$RegistryExtension] = @($Baseline)
            $bytes = ConvertTo-Pol @(, @('Software\Policies\Microsoft', '**DeleteKeys', 1, (Get-Text 'FVE;Other')))
            Add-PolicyFile $Baseline 'Registry.pol' $bytes
            Get-FveOwner | Should -Be 'the group policy "School baseline", which deletes it'
            Get-LeeboardPolicyOwner -Path 'HKLM\SOFTWARE\Policies\Microsoft\FVE\Sub' -Name x | Should -BeLike '*deletes it'
            Get-LeeboardPolicyOwner -Path 'HKLM\SOFTWARE\Policies\Microsoft\FVEX' -Name x | Should -Be ''
        }

        It 'is found for security options and for the lock-out policy' {
            $Machine.History[$SecurityExtension] = @($Domain)
            Add-Template $Domain @'
[Unicode]
Unicode=yes
[System Access]
LockoutBadCount = 10
[Registry Values]
MACHINE\Software\Microsoft\Windows\CurrentVersion\Policies\System\InactivityTimeoutSecs=4,900
MACHINE\Software\Microsoft\Windows\CurrentVersion\Policies\System\LegalNoticeText=7,a = b,c
"MACHINE\Software\With = Sign\Name"=4,1
[Privilege Rights]
SeSecurityPrivilege = *S-1-5-32-544
[Version]
signature="$CHICAGO$"
Revision=1
'@
            $system = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
            $words = 'the group policy "Default Domain Policy"'
            Get-LeeboardPolicyOwner -Path $system -Name InactivityTimeoutSecs | Should -Be $words
            Get-LeeboardSecurityOwner SeSecurityPrivilege | Should -Be $words
            Get-LeeboardPolicyOwner -Path $system -Name LegalNoticeText | Should -Be $words
            Get-LeeboardPolicyOwner -Path 'HKLM\SOFTWARE\With = Sign' -Name Name | Should -Be $words
            Get-LeeboardPolicyOwner -Path $system -Name MaxDevicePasswordFailedAttempts | Should -Be ''
            Get-LeeboardSecurityOwner LockoutBadCount | Should -Be $words
            Get-LeeboardSecurityOwner LockoutDuration | Should -Be ''
        }

        It 'is found for the audit policy' {
            $Machine.History[$AuditExtension] = @($Domain, $Baseline)
            Add-Audit $Domain ",System,Anmelden,{0cce9215-69ae-11d9-bed3-505054503030},Erfolg,,1`r`n,System,x,{0CCE9212-69AE-11D9-BED3-505054503030},x,,3"
            Add-Audit $Baseline ",System,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},No Auditing,,0"
            Get-LeeboardAuditOwner '{0CCE9215-69AE-11D9-BED3-505054503030}' | Should -Be 'the group policy "School baseline"'
            Get-LeeboardAuditOwner '{0CCE9212-69AE-11D9-BED3-505054503030}' | Should -Be 'the group policy "Default Domain Policy"'
            Get-LeeboardAuditOwner '{0CCE9216-69AE-11D9-BED3-505054503030}' |
                Should -Be 'the group policy "School baseline", which clears what it does not name'
        }

        It 'cannot be found out where a file makes no sense, but for what the others say' {
            $Machine.History[$RegistryExtension] = @($Domain, $Baseline)
            Add-PolicyFile $Domain 'Registry.pol' ([byte[]](1..40))
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            (Resolve-LeeboardOwner { Get-FveOwner }).Owner | Should -Be 'the group policy "School baseline"'
            $found = Resolve-LeeboardOwner { Get-FveOwner 'Other' }
            $found.Owner | Should -Be ''
            $found.Note | Should -Be ('which group policy sets this could not be found out: Registry.pol of the group ' +
                'policy "Default Domain Policy": it does not begin like a registry.pol file')
            (Resolve-LeeboardOwner { Get-LeeboardSecurityOwner LockoutBadCount }).Note | Should -Be ''
        }

        It 'cannot be found out where Windows keeps no copy' {
            $Machine.History[$AuditExtension] = @($Baseline)
            (Resolve-LeeboardOwner { Get-LeeboardAuditOwner '{0CCE9215-69AE-11D9-BED3-505054503030}' }).Note |
                Should -BeLike '*audit.csv of the group policy "School baseline": Windows keeps no copy of it'
        }

        It 'cannot be found out where the list of group policies cannot be read' {
            Mock Get-LeeboardSubkeyName -ModuleName GroupPolicySource { throw [System.UnauthorizedAccessException]'no way in' }
            Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
            (Resolve-LeeboardOwner { Get-FveOwner }).Note | Should -BeLike '*no way in'
        }

        It 'reads each file once a visit' {
            $Machine.History[$RegistryExtension] = @($Baseline)
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Mock Read-LeeboardToolBytes -ModuleName GroupPolicy { , [System.IO.File]::ReadAllBytes($Path) }
            [void](Get-FveOwner)
            [void](Get-FveOwner 'Other')
            Should -Invoke Read-LeeboardToolBytes -ModuleName GroupPolicy -Times 1 -Exactly
            Should -Invoke Get-LeeboardCim -ModuleName GroupPolicySource -Times 1 -Exactly
        }
    }

    Context 'by the resultant set' {
        BeforeEach {
            $Machine.History[$RegistryExtension] = @($Baseline)
            $Machine.History[$SecurityExtension] = @($Baseline)
            $Machine.History[$AuditExtension] = @($Baseline)
            $Machine.Cim['RSOP_GPO'] = @(
                [pscustomobject]@{ id = "CN=$Baseline,CN=POLICIES,CN=SYSTEM,DC=SCHOOL,DC=EXAMPLE"; name = 'School baseline' }
                [pscustomobject]@{ id = "CN=$Old,CN=POLICIES,CN=SYSTEM,DC=SCHOOL,DC=EXAMPLE"; name = 'Old settings' }
                [pscustomobject]@{ id = 'LocalGPO'; name = 'Local Group Policy' }
            )
            $row = {
                param($gpo, $precedence, $properties)
                $id = if ($gpo -eq 'LocalGPO') { $gpo } else { "CN=$gpo,CN=POLICIES,CN=SYSTEM,DC=SCHOOL,DC=EXAMPLE" }
                [pscustomobject](@{ precedence = $precedence; GPOID = $id } + $properties)
            }
            $Machine.Cim['RSOP_RegistryPolicySetting'] = @(
                & $row $Old 1 @{ registryKey = $Policy; valueName = 'MinimumPIN'; deleted = $false }
                & $row $Baseline 1 @{ registryKey = $Policy; valueName = 'UseTPM'; deleted = $true }
                & $row LocalGPO 1 @{ registryKey = $Policy; valueName = 'Local'; deleted = $false }
                & $row $Baseline 2 @{ registryKey = $Policy; valueName = 'MinimumPIN'; deleted = $false }
            )
            $Machine.Cim['RSOP_RegistryValue'] = @(
                & $row $Baseline 1 @{ Path = 'MACHINE\Software\Microsoft\Windows NT\CurrentVersion\Winlogon\ScRemoveOption' }
            )
            $Machine.Cim['RSOP_SecuritySettingNumeric'] = @(& $row $Baseline 1 @{ KeyName = 'LockoutBadCount' })
            $Machine.Cim['RSOP_SecuritySettingBoolean'] = @()
            $Machine.Cim['RSOP_UserPrivilegeRight'] = @()
            $Machine.Cim['RSOP_SubcategorySystemAuditSetting'] = @()
        }

        It 'is whoever won' {
            Get-FveOwner | Should -Be 'the group policy "Old settings"'
            Get-FveOwner 'UseTPM' | Should -Be 'the group policy "School baseline", which deletes it'
            Get-FveOwner 'Local' | Should -Be 'the local group policy'
            Get-LeeboardPolicyOwner -Path 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon' -Name ScRemoveOption |
                Should -Be 'the group policy "School baseline"'
            Get-LeeboardSecurityOwner LockoutBadCount | Should -Be 'the group policy "School baseline"'
        }

        It 'needs no file then' {
            Get-FveOwner 'Other' | Should -Be ''
        }

        It 'is what a file says where Windows has not logged it' {
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @($Policy, 'Fresh', 4, $One), @($Policy, 'MinimumPIN', 4, $One))
            Get-FveOwner 'Fresh' | Should -Be 'the group policy "School baseline"'
            Get-FveOwner | Should -Be 'the group policy "Old settings"'
        }

        It 'is what the files say where nothing at all was logged' {
            $Machine.Cim['RSOP_GPO'] = @()
            Add-PolicyFile $Baseline 'Registry.pol' (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One)))
            Get-FveOwner | Should -Be 'the group policy "School baseline"'
        }

        It 'is what the audit.csv says where no subcategory was logged, and its absence shows' {
            (Resolve-LeeboardOwner { Get-LeeboardAuditOwner '{0CCE9215-69AE-11D9-BED3-505054503030}' }).Note |
                Should -BeLike '*keeps no copy*'
            Reset-LeeboardCache
            Add-Audit $Baseline ',System,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},x,,3'
            Get-LeeboardAuditOwner '{0CCE9215-69AE-11D9-BED3-505054503030}' | Should -Be 'the group policy "School baseline"'
        }

        It 'cannot be found out where the resultant set is not whole and a file is missing' {
            $Machine.Cim.Remove('RSOP_RegistryValue')
            Get-FveOwner | Should -Be 'the group policy "Old settings"'
            (Resolve-LeeboardOwner { Get-FveOwner 'Other' }).Note | Should -BeLike '*keeps no copy*'
        }

        It 'is found for subcategories that were logged' {
            $id = "CN=$Old,CN=POLICIES,CN=SYSTEM,DC=SCHOOL,DC=EXAMPLE"
            $guid = '0cce9215-69ae-11d9-bed3-505054503030'
            $Machine.Cim['RSOP_SubcategorySystemAuditSetting'] = @(
                [pscustomobject]@{ precedence = 1; GPOID = $id; SubcategoryGuid = $guid; SettingValue = 3 })
            Get-LeeboardAuditOwner "{$($guid.ToUpper())}" | Should -Be 'the group policy "Old settings"'
        }

        It 'is found for user rights, logged or in the template' {
            $id = "CN=$Old,CN=POLICIES,CN=SYSTEM,DC=SCHOOL,DC=EXAMPLE"
            $Machine.Cim['RSOP_UserPrivilegeRight'] = @(
                [pscustomobject]@{ precedence = 1; GPOID = $id; UserRight = 'SeSecurityPrivilege'; AccountList = @('x') })
            Get-LeeboardSecurityOwner SeSecurityPrivilege | Should -Be 'the group policy "Old settings"'
        }

        It 'is asked for once a visit, and only what is needed' {
            [void](Get-LeeboardSecurityOwner LockoutBadCount)
            [void](Get-LeeboardSecurityOwner LockoutDuration)
            Should -Invoke Get-LeeboardCim -ModuleName GroupPolicySource -Times 4 -Exactly
        }
    }
}
