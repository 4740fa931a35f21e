# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..system.RegistryKey

# What OSConfig keeps this machine to. Where drift control is on, as it is unless somebody switches it off, it sets again
# what others change (MicrosoftDocs/windowsserverdocs, security/osconfig/osconfig-overview.md). So what it sets is its own.
#
# Its authorities (Local Authority for PowerShell and Windows Admin Center, Cloud Authority for Azure Policy) are keys of
# Enrollments that each Windows has. What one of them has been given lies as documents below DeclaredConfiguration, each
# with the scenario that it is of. Microsoft's own diagnostics export that key (microsoft/osconfig,
# scripts/Export-OSConfigDiagnostics.ps1); how it looks inside is seen in exports of others, and documented nowhere.
#
# The settings of a scenario are public, with the registry value of each (microsoft/osconfig, security/*.csv). What goes
# by Policy CSP stands in PolicyManager, as of an MDM service (Mdm.psm1). The others are this table: those of ours that
# the baselines of servers set by registry value. One that is not there is nobody's: a scenario may be taken in part.

Set-StrictMode -Version 2.0

$script:Documents = 'HKLM\SOFTWARE\Microsoft\DeclaredConfiguration\HostOS\Config\enrollments'
$script:Scenario = 'SecurityBaseline*'  # whose settings these are
$script:Policies = 'HKLM\SOFTWARE\Policies\Microsoft'
$script:Firewall = 'EnableFirewall', 'DefaultInboundAction', 'DefaultOutboundAction', 'AllowLocalPolicyMerge'
$script:Values = @{
    'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' = 'LegalNoticeCaption', 'LegalNoticeText'
    'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit' = @('ProcessCreationIncludeCmdLine_Enabled')
    "$script:Policies\Windows NT\Terminal Services" = @(
        'DisablePasswordSaving', 'MinEncryptionLevel', 'UserAuthentication', 'fAllowToGetHelp', 'fAllowUnsolicited',
        'fDisableCdm', 'fEncryptRPCTraffic', 'fPromptForPassword')
    "$script:Policies\Windows\WinRM\Client" = 'AllowBasic', 'AllowDigest', 'AllowUnencryptedTraffic'
    "$script:Policies\Windows\WinRM\Service" = 'AllowBasic', 'AllowUnencryptedTraffic', 'DisableRunAs'
    "$script:Policies\Windows\EventLog\Application" = 'MaxSize', 'Retention'
    "$script:Policies\Windows\EventLog\Security" = 'MaxSize', 'Retention'
    "$script:Policies\Windows\EventLog\Setup" = 'MaxSize', 'Retention'
    "$script:Policies\Windows\EventLog\System" = 'MaxSize', 'Retention'
    "$script:Policies\WindowsFirewall\DomainProfile" = $script:Firewall
    "$script:Policies\WindowsFirewall\PrivateProfile" = $script:Firewall
    "$script:Policies\WindowsFirewall\PublicProfile" = $script:Firewall
    "$script:Policies\Windows\Personalization" = @('NoLockScreenCamera')
    "$script:Policies\Windows\System" = @('DisableLockScreenAppNotifications')
    "$script:Policies\Windows\PowerShell\ScriptBlockLogging" = @('EnableScriptBlockLogging')
    "$script:Policies\Windows\PowerShell\Transcription" = @('EnableTranscripting')
}

function Get-LeeboardOsConfig {
    <#
    .SYNOPSIS
    @{Scenarios; Owners}: what OSConfig keeps this machine to. Read once a visit.
    .DESCRIPTION
    Scenarios are their names (SecurityBaseline/WS2025/MemberServer), sorted. Owners is a table like Live of
    Get-LeeboardEnrolment: the id of an authority that has a document, in capitals and without braces -> @{Words}.
    #>
    return Get-LeeboardOnce -Name 'OSConfig' -Read { Read-OsConfig }
}

function Get-LeeboardOsConfigOwner {
    <#
    .SYNOPSIS
    OSConfig in words where it sets this value of the registry, which is there; an empty text elsewhere.
    #>
    param([Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][string]$Name)

    if (@($script:Values[$Path]) -notcontains $Name) { return '' }
    $found = @((Get-LeeboardOsConfig).Scenarios | Where-Object { $_ -like $script:Scenario })
    if (-not $found.Length -or (Get-LeeboardMachineValue $Path $Name).state -ne 'value') { return '' }
    return Format-OsConfig $found
}

function Read-OsConfig {
    $all, $owners = @(), @{}
    foreach ($id in Get-LeeboardSubkeyName $script:Documents) {
        $scenarios = @(Get-Scenario "$script:Documents\$id\Device\state" | Sort-Object -Unique)
        if (-not $scenarios.Length) { continue }
        $all += $scenarios
        $owners[$id.Trim('{}').ToUpperInvariant()] = @{ Words = (Format-OsConfig $scenarios) }
    }
    return @{ Scenarios = [string[]]@($all | Sort-Object -Unique); Owners = $owners }
}

# The scenarios of the documents of one authority. Those of an MDM service have none.
function Get-Scenario {
    param([string]$Path)

    foreach ($document in Get-LeeboardSubkeyName $Path) {
        foreach ($version in Get-LeeboardSubkeyName "$Path\$document") {
            $found = Get-LeeboardMachineValue "$Path\$document\$version\raw" 'osconfigscenario'
            if ($found.state -eq 'value' -and [string]$found.value) { [string]$found.value }
        }
    }
}

function Format-OsConfig {
    param([string[]]$Scenarios)

    return "OSConfig ($([string]::Join(', ', $Scenarios)))"
}

Export-ModuleMember -Function Get-LeeboardOsConfig, Get-LeeboardOsConfigOwner
