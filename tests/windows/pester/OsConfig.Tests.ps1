# What OSConfig keeps a machine to, and whose a value is then: documents in a registry that is a hashtable.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'OsConfig') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Top = 'HKLM\SOFTWARE\Microsoft\DeclaredConfiguration\HostOS\Config\enrollments'
    $script:Remote = 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
    $script:Member = 'SecurityBaseline/WS2025/MemberServer'
    $script:Registry = @{}

    # A document of an authority, and what it is of; an MDM service's has no scenario of OSConfig.
    function Add-Document([string]$Id, [string]$Document, [string]$Scenario) {
        $Registry["$Top\$Id\Device\state\$Document\1\raw"] = @{ osconfigscenario = $Scenario; osdefinedscenario = 'X' }
    }
}

Describe 'what OSConfig keeps a machine to' {
    BeforeEach {
        $Registry.Clear()
        Reset-LeeboardCache
        Mock Get-LeeboardSubkeyName -ModuleName OsConfig {
            $Registry.Keys | Where-Object { $_ -like "$Path\*" } | ForEach-Object { ($_.Substring($Path.Length + 1) -split '\\')[0] } |
                Sort-Object -Unique
        }
        Mock Get-LeeboardMachineValue -ModuleName OsConfig {
            $values = $Registry[$Path]
            if ($null -eq $values -or -not $values.ContainsKey($Name)) { return @{ state = 'absent' } }
            @{ state = 'value'; value = $values[$Name]; type = 'string' }
        }
    }

    It 'is nothing on a machine without documents, and on one that an MDM service gave some' {
        $found = Get-LeeboardOsConfig
        $found.Scenarios.Length, $found.Owners.Count | Should -Be 0, 0
        Add-Document '{aaaa}' 'one' ''
        Reset-LeeboardCache
        (Get-LeeboardOsConfig).Scenarios.Length | Should -Be 0
        $Registry[$Remote] = @{ UserAuthentication = 1 }
        Get-LeeboardOsConfigOwner $Remote UserAuthentication | Should -BeExactly ''
    }

    It 'is each scenario once, by the authority that has its document' {
        Add-Document '{aaaa}' 'one' $Member
        Add-Document '{aaaa}' 'two' 'Defender/Antivirus'
        Add-Document '{bbbb}' 'three' $Member
        $found = Get-LeeboardOsConfig
        $found.Scenarios | Should -Be 'Defender/Antivirus', $Member
        $found.Owners.Keys | Sort-Object | Should -Be 'AAAA', 'BBBB'
        $found.Owners['AAAA'].Words, $found.Owners['BBBB'].Words |
            Should -Be "OSConfig (Defender/Antivirus, $Member)", "OSConfig ($Member)"
    }

    It 'owns <Name> in <Key>: <Owned>' -TestCases @(
        @{ Key = '$Remote'; Name = 'UserAuthentication'; Owned = $true }
        @{ Key = '$Remote'; Name = 'userauthentication'; Owned = $true }
        @{ Key = '$Remote'; Name = 'SecurityLayer'; Owned = $false }
        @{ Key = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service'; Name = 'AllowBasic'; Owned = $true }
        @{ Key = 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile'; Name = 'EnableFirewall'; Owned = $true }
        @{ Key = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit'; Name = 'ProcessCreationIncludeCmdLine_Enabled'; Owned = $true }
        @{ Key = 'HKLM\SOFTWARE\Policies\Microsoft\FVE'; Name = 'OSRecovery'; Owned = $false }
    ) {
        $path = $ExecutionContext.InvokeCommand.ExpandString($Key)
        Add-Document '{aaaa}' 'one' $Member
        $Registry[$path] = @{ $Name = 1 }
        Get-LeeboardOsConfigOwner $path $Name | Should -BeExactly $(if ($Owned) { "OSConfig ($Member)" } else { '' })
    }

    It 'does not own what is not there, nor anything by a scenario that is no security baseline' {
        Add-Document '{aaaa}' 'one' $Member
        Get-LeeboardOsConfigOwner $Remote UserAuthentication | Should -BeExactly ''
        $Registry[$Remote] = @{ UserAuthentication = 1 }
        Get-LeeboardOsConfigOwner $Remote UserAuthentication | Should -BeExactly "OSConfig ($Member)"
        Reset-LeeboardCache
        $Registry.Remove("$Top\{aaaa}\Device\state\one\1\raw")
        Add-Document '{aaaa}' 'two' 'Defender/Antivirus'
        Get-LeeboardOsConfigOwner $Remote UserAuthentication | Should -BeExactly ''
    }

    It 'looks for documents once a visit' {
        Get-LeeboardOsConfig | Out-Null
        Get-LeeboardOsConfig | Out-Null
        Should -Invoke Get-LeeboardSubkeyName -ModuleName OsConfig -Times 1 -Exactly
    }
}
