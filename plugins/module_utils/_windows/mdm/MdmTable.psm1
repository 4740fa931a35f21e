# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Which policy of an MDM service stands for which setting of ours, and what its value means there.
#
# A line is "NAME = AREA/POLICY MEANING". Above it, in brackets, the registry key that NAME is a value of ("*" is every
# value); or "security" and "audit" for what lies in no key, by the names of the drivers account_lockout, user_right and
# audit_policy. Behind "<" stand the sources: the page below windows/client-management/mdm of
# MicrosoftDocs/windows-itpro-docs, which has the policy; and for a policy that is backed by a template the ADMX file,
# which has ids and numbers, and the policy's name in it, which the page gives (behind "|" where it differs from line to
# line, none where it is the policy's own). tests/windows/test_mdm_table.py holds this against the baseline.
#
# What a value means:
#   state ON OFF      <enabled/> is the number ON and <disabled/> OFF; "-" is no value
#   data ID [OFF]     the number of <data id="ID" value="..."/> of an enabled policy; OFF where it is disabled
#   flag ID           true is 1 and false 0 of such an element
#   text [ID]         the text as it is, or that of an element
#   number            the integer as it is
#   number A=X B=Y    an integer that counts otherwise: A is our X
#   minutes           an integer in minutes where we have seconds; it ends the wait beside the registry's own value,
#                     so the shorter one counts
#   owner             only who sets it is told: what is in force the driver asks of Windows itself
# Behind "if POLICY=N" stands what must hold in the same area, or the policy has no effect.

Set-StrictMode -Version 2.0

$script:Table = @'
[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx EncryptionMethodWithXts_Name
EncryptionMethodWithXtsOs = BitLocker/EncryptionMethodByDriveType data EncryptionMethodWithXtsOsDropDown_Name
EncryptionMethodWithXtsFdv = BitLocker/EncryptionMethodByDriveType data EncryptionMethodWithXtsFdvDropDown_Name
EncryptionMethodWithXtsRdv = BitLocker/EncryptionMethodByDriveType data EncryptionMethodWithXtsRdvDropDown_Name

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx OSEncryptionType_Name
OSEncryptionType = BitLocker/SystemDrivesEncryptionType data OSEncryptionTypeDropDown_Name

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx ConfigureAdvancedStartup_Name
UseAdvancedStartup = BitLocker/SystemDrivesRequireStartupAuthentication state 1 0
UseTPM = BitLocker/SystemDrivesRequireStartupAuthentication data ConfigureTPMUsageDropDown_Name
UseTPMPIN = BitLocker/SystemDrivesRequireStartupAuthentication data ConfigurePINUsageDropDown_Name
UseTPMKey = BitLocker/SystemDrivesRequireStartupAuthentication data ConfigureTPMStartupKeyUsageDropDown_Name
UseTPMKeyPIN = BitLocker/SystemDrivesRequireStartupAuthentication data ConfigureTPMPINKeyUsageDropDown_Name
EnableBDEWithNoTPM = BitLocker/SystemDrivesRequireStartupAuthentication flag ConfigureNonTPMStartupKeyUsage_Name

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx MinimumPINLength_Name
MinimumPIN = BitLocker/SystemDrivesMinimumPINLength data MinPINLength

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx EnhancedPIN_Name
UseEnhancedPin = BitLocker/SystemDrivesEnhancedPIN state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx OSRecoveryUsage_Name
OSRecovery = BitLocker/SystemDrivesRecoveryOptions state 1 0
OSRecoveryPassword = BitLocker/SystemDrivesRecoveryOptions data OSRecoveryPasswordUsageDropDown_Name
OSRecoveryKey = BitLocker/SystemDrivesRecoveryOptions data OSRecoveryKeyUsageDropDown_Name
OSManageDRA = BitLocker/SystemDrivesRecoveryOptions flag OSAllowDRA_Name
OSHideRecoveryPage = BitLocker/SystemDrivesRecoveryOptions flag OSHideRecoveryPage_Name
OSActiveDirectoryBackup = BitLocker/SystemDrivesRecoveryOptions flag OSActiveDirectoryBackup_Name
OSActiveDirectoryInfoToStore = BitLocker/SystemDrivesRecoveryOptions data OSActiveDirectoryBackupDropDown_Name
OSRequireActiveDirectoryBackup = BitLocker/SystemDrivesRecoveryOptions flag OSRequireActiveDirectoryBackup_Name

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx FDVRecoveryUsage_Name
FDVRecovery = BitLocker/FixedDrivesRecoveryOptions state 1 0
FDVActiveDirectoryBackup = BitLocker/FixedDrivesRecoveryOptions flag FDVActiveDirectoryBackup_Name
FDVRequireActiveDirectoryBackup = BitLocker/FixedDrivesRecoveryOptions flag FDVRequireActiveDirectoryBackup_Name

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx FDVEncryptionType_Name
FDVEncryptionType = BitLocker/FixedDrivesEncryptionType data FDVEncryptionTypeDropDown_Name

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx RDVDenyWriteAccess_Name
RDVDenyCrossOrg = BitLocker/RemovableDrivesRequireEncryption flag RDVCrossOrg

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx IdentificationField_Name
IdentificationField = BitLocker/IdentificationField state 1 0
IdentificationFieldString = BitLocker/IdentificationField text IdentificationField

[HKLM\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx FDVDenyWriteAccess_Name
FDVDenyWriteAccess = BitLocker/FixedDrivesRequireEncryption state 1 0

[HKLM\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE]
< bitlocker-csp.md, VolumeEncryption.admx RDVDenyWriteAccess_Name
RDVDenyWriteAccess = BitLocker/RemovableDrivesRequireEncryption state 1 0

[HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker]
< bitlocker-csp.md
ConfigureRecoveryPasswordRotation = BitLocker/ConfigureRecoveryPasswordRotation number

[HKLM\SOFTWARE\Policies\Microsoft\FVE]
< policy-csp-dataprotection.md
DisableExternalDMAUnderLock = DataProtection/AllowDirectMemoryAccess number 0=1 1=0

[HKLM\SOFTWARE\Policies\Microsoft\Windows\Kernel DMA Protection]
< policy-csp-dmaguard.md
DeviceEnumerationPolicy = DmaGuard/DeviceEnumerationPolicy number

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-remotedesktopservices.md, TerminalServer.admx TS_DISABLE_CONNECTIONS
fDenyTSConnections = RemoteDesktopServices/AllowUsersToConnectRemotely state 0 1

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-remotedesktopservices.md, TerminalServer.admx TS_ENCRYPTION_POLICY
MinEncryptionLevel = RemoteDesktopServices/ClientConnectionEncryptionLevel data TS_ENCRYPTION_LEVEL

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-remotedesktopservices.md, TerminalServer.admx TS_CLIENT_DRIVE_M
fDisableCdm = RemoteDesktopServices/DoNotAllowDriveRedirection state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-remotedesktopservices.md, TerminalServer.admx TS_CLIENT_DISABLE_PASSWORD_SAVING_2
DisablePasswordSaving = RemoteDesktopServices/DoNotAllowPasswordSaving state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-remotedesktopservices.md, TerminalServer.admx TS_PASSWORD
fPromptForPassword = RemoteDesktopServices/PromptForPasswordUponConnection state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-remotedesktopservices.md, TerminalServer.admx TS_RPC_ENCRYPTION
fEncryptRPCTraffic = RemoteDesktopServices/RequireSecureRPCCommunication state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-admx-terminalserver.md, TerminalServer.admx
UserAuthentication = ADMX_TerminalServer/TS_USER_AUTHENTICATION_POLICY state 1 0
SecurityLayer = ADMX_TerminalServer/TS_SECURITY_LAYER_POLICY data TS_SECURITY_LAYER
MaxIdleTime = ADMX_TerminalServer/TS_SESSIONS_Idle_Limit_2 data TS_SESSIONS_IdleLimitText
MaxDisconnectionTime = ADMX_TerminalServer/TS_SESSIONS_Disconnected_Timeout_2 data TS_SESSIONS_EndDisconnected 0
fDisableClip = ADMX_TerminalServer/TS_CLIENT_CLIPBOARD state 1 0
fDisableCcm = ADMX_TerminalServer/TS_CLIENT_COM state 1 0
fDisableLPT = ADMX_TerminalServer/TS_CLIENT_LPT state 1 0
fDisablePNPRedir = ADMX_TerminalServer/TS_CLIENT_PNP state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services]
< policy-csp-remoteassistance.md, RemoteAssistance.admx
fAllowToGetHelp = RemoteAssistance/SolicitedRemoteAssistance state 1 0 | RA_Solicit
fAllowUnsolicited = RemoteAssistance/UnsolicitedRemoteAssistance state 1 0 | RA_Unsolicit

[HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service]
< policy-csp-remotemanagement.md, WindowsRemoteManagement.admx
AllowBasic = RemoteManagement/AllowBasicAuthentication_Service state 1 0 | AllowBasic_1
AllowUnencryptedTraffic = RemoteManagement/AllowUnencryptedTraffic_Service state 1 0 | AllowUnencrypted_1
DisableRunAs = RemoteManagement/DisallowStoringOfRunAsCredentials state 1 0 | DisableRunAs

[HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Client]
< policy-csp-remotemanagement.md, WindowsRemoteManagement.admx
AllowBasic = RemoteManagement/AllowBasicAuthentication_Client state 1 0 | AllowBasic_2
AllowUnencryptedTraffic = RemoteManagement/AllowUnencryptedTraffic_Client state 1 0 | AllowUnencrypted_2
AllowDigest = RemoteManagement/DisallowDigestAuthentication state 0 1 | DisallowDigest

[HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System]
< policy-csp-localpoliciessecurityoptions.md
InactivityTimeoutSecs = LocalPoliciesSecurityOptions/InteractiveLogon_MachineInactivityLimit number
DontDisplayLastUserName = LocalPoliciesSecurityOptions/InteractiveLogon_DoNotDisplayLastSignedIn number
LegalNoticeText = LocalPoliciesSecurityOptions/InteractiveLogon_MessageTextForUsersAttemptingToLogOn text
LegalNoticeCaption = LocalPoliciesSecurityOptions/InteractiveLogon_MessageTitleForUsersAttemptingToLogOn text

[HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System]
< policy-csp-devicelock.md
InactivityTimeoutSecs = DeviceLock/MaxInactivityTimeDeviceLock minutes if DevicePasswordEnabled=0
MaxDevicePasswordFailedAttempts = DeviceLock/MaxDevicePasswordFailedAttempts number if DevicePasswordEnabled=0

[HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon]
< policy-csp-localpoliciessecurityoptions.md
ScRemoveOption = LocalPoliciesSecurityOptions/InteractiveLogon_SmartCardRemovalBehavior text

[HKLM\SOFTWARE\Policies\Microsoft\Windows\System]
< policy-csp-admx-credentialproviders.md, CredentialProviders.admx
AllowDomainDelayLock = ADMX_CredentialProviders/AllowDomainDelayLock state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows\System]
< policy-csp-windowslogon.md, Logon.admx
DisableLockScreenAppNotifications = WindowsLogon/DisableLockScreenAppNotifications state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows\Personalization]
< policy-csp-devicelock.md, ControlPanelDisplay.admx
NoLockScreenCamera = DeviceLock/PreventEnablingLockScreenCamera state 1 - | CPL_Personalization_NoLockScreenCamera

[HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit]
< policy-csp-admx-auditsettings.md, AuditSettings.admx
ProcessCreationIncludeCmdLine_Enabled = ADMX_AuditSettings/IncludeCmdLine state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging]
< policy-csp-windowspowershell.md, PowerShellExecutionPolicy.admx
EnableScriptBlockLogging = WindowsPowerShell/TurnOnPowerShellScriptBlockLogging state 1 0 | EnableScriptBlockLogging

[HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\Transcription]
< policy-csp-admx-powershellexecutionpolicy.md, PowerShellExecutionPolicy.admx
EnableTranscripting = ADMX_PowerShellExecutionPolicy/EnableTranscripting state 1 0

[HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\0e796bdb-100d-47d6-a2d5-f7d2daa51f51]
< policy-csp-power.md, Power.admx
ACSettingIndex = Power/RequirePasswordWhenComputerWakesPluggedIn owner | ACPromptForPasswordOnResume_2
DCSettingIndex = Power/RequirePasswordWhenComputerWakesOnBattery owner | DCPromptForPasswordOnResume_2

[HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\abfc2519-3608-4c2a-94ea-171b0ed546ab]
< policy-csp-power.md, Power.admx
ACSettingIndex = Power/AllowStandbyWhenSleepingPluggedIn owner | AllowStandbyStatesAC_2
DCSettingIndex = Power/AllowStandbyStatesWhenSleepingOnBattery owner | AllowStandbyStatesDC_2

[HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Application]
< policy-csp-eventlogservice.md, EventLog.admx
MaxSize = EventLogService/SpecifyMaximumFileSizeApplicationLog owner | Channel_LogMaxSize_1
Retention = EventLogService/ControlEventLogBehavior owner | Channel_Log_Retention_1

[HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Security]
< policy-csp-eventlogservice.md, EventLog.admx
MaxSize = EventLogService/SpecifyMaximumFileSizeSecurityLog owner | Channel_LogMaxSize_2

[HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\System]
< policy-csp-eventlogservice.md, EventLog.admx
MaxSize = EventLogService/SpecifyMaximumFileSizeSystemLog owner | Channel_LogMaxSize_4

[HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Security]
< policy-csp-admx-eventlog.md, EventLog.admx
Retention = ADMX_EventLog/Channel_Log_Retention_2 owner

[HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Setup]
< policy-csp-admx-eventlog.md, EventLog.admx
Retention = ADMX_EventLog/Channel_Log_Retention_3 owner

[HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\System]
< policy-csp-admx-eventlog.md, EventLog.admx
Retention = ADMX_EventLog/Channel_Log_Retention_4 owner

[HKLM\SOFTWARE\Policies\Microsoft\W32Time\Parameters]
< policy-csp-admx-w32time.md, W32Time.admx
NtpServer = ADMX_W32Time/W32TIME_POLICY_CONFIGURE_NTPCLIENT owner
Type = ADMX_W32Time/W32TIME_POLICY_CONFIGURE_NTPCLIENT owner

[HKLM\SOFTWARE\Policies\Microsoft\W32Time\TimeProviders\NtpClient]
< policy-csp-admx-w32time.md, W32Time.admx
Enabled = ADMX_W32Time/W32TIME_POLICY_ENABLE_NTPCLIENT owner

[HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager]
< policy-csp-admx-eventforwarding.md, EventForwarding.admx
* = ADMX_EventForwarding/SubscriptionManager owner

[security]
< policy-csp-devicelock.md
LockoutBadCount = DeviceLock/AccountLockoutPolicy owner
LockoutDuration = DeviceLock/AccountLockoutPolicy owner
ResetLockoutCount = DeviceLock/AccountLockoutPolicy owner
AllowAdministratorLockout = DeviceLock/AllowAdministratorLockout owner

[security]
< policy-csp-userrights.md
SeSecurityPrivilege = UserRights/ManageAuditingAndSecurityLog owner
SeAuditPrivilege = UserRights/GenerateSecurityAudits owner

[audit]
< policy-csp-audit.md
{0CCE923F-69AE-11D9-BED3-505054503030} = Audit/AccountLogon_AuditCredentialValidation owner
{0CCE9217-69AE-11D9-BED3-505054503030} = Audit/AccountLogonLogoff_AuditAccountLockout owner
{0CCE9215-69AE-11D9-BED3-505054503030} = Audit/AccountLogonLogoff_AuditLogon owner
{0CCE9216-69AE-11D9-BED3-505054503030} = Audit/AccountLogonLogoff_AuditLogoff owner
{0CCE921B-69AE-11D9-BED3-505054503030} = Audit/AccountLogonLogoff_AuditSpecialLogon owner
{0CCE921C-69AE-11D9-BED3-505054503030} = Audit/AccountLogonLogoff_AuditOtherLogonLogoffEvents owner
{0CCE9249-69AE-11D9-BED3-505054503030} = Audit/AccountLogonLogoff_AuditGroupMembership owner
{0CCE9235-69AE-11D9-BED3-505054503030} = Audit/AccountManagement_AuditUserAccountManagement owner
{0CCE9237-69AE-11D9-BED3-505054503030} = Audit/AccountManagement_AuditSecurityGroupManagement owner
{0CCE9239-69AE-11D9-BED3-505054503030} = Audit/AccountManagement_AuditApplicationGroupManagement owner
{0CCE922F-69AE-11D9-BED3-505054503030} = Audit/PolicyChange_AuditPolicyChange owner
{0CCE9230-69AE-11D9-BED3-505054503030} = Audit/PolicyChange_AuditAuthenticationPolicyChange owner
{0CCE9231-69AE-11D9-BED3-505054503030} = Audit/PolicyChange_AuditAuthorizationPolicyChange owner
{0CCE9232-69AE-11D9-BED3-505054503030} = Audit/PolicyChange_AuditMPSSVCRuleLevelPolicyChange owner
{0CCE9234-69AE-11D9-BED3-505054503030} = Audit/PolicyChange_AuditOtherPolicyChangeEvents owner
{0CCE922B-69AE-11D9-BED3-505054503030} = Audit/DetailedTracking_AuditProcessCreation owner
{0CCE9248-69AE-11D9-BED3-505054503030} = Audit/DetailedTracking_AuditPNPActivity owner
{0CCE9245-69AE-11D9-BED3-505054503030} = Audit/ObjectAccess_AuditRemovableStorage owner
{0CCE9224-69AE-11D9-BED3-505054503030} = Audit/ObjectAccess_AuditFileShare owner
{0CCE9227-69AE-11D9-BED3-505054503030} = Audit/ObjectAccess_AuditOtherObjectAccessEvents owner
{0CCE9244-69AE-11D9-BED3-505054503030} = Audit/ObjectAccess_AuditDetailedFileShare owner
{0CCE921D-69AE-11D9-BED3-505054503030} = Audit/ObjectAccess_AuditFileSystem owner
{0CCE9228-69AE-11D9-BED3-505054503030} = Audit/PrivilegeUse_AuditSensitivePrivilegeUse owner
{0CCE9210-69AE-11D9-BED3-505054503030} = Audit/System_AuditSecurityStateChange owner
{0CCE9211-69AE-11D9-BED3-505054503030} = Audit/System_AuditSecuritySystemExtension owner
{0CCE9212-69AE-11D9-BED3-505054503030} = Audit/System_AuditSystemIntegrity owner
{0CCE9214-69AE-11D9-BED3-505054503030} = Audit/System_AuditOtherSystemEvents owner
{0CCE9213-69AE-11D9-BED3-505054503030} = Audit/System_AuditIPsecDriver owner
'@

function Get-LeeboardMdmTable {
    <#
    .SYNOPSIS
    Subject -> the lines about it, each @{Area; Policy; Kind; Words; If}, in the order of the table.
    .DESCRIPTION
    A subject is KEY:NAME of a registry value, security:NAME or audit:GUID, in small letters. Words are what stands
    behind the kind; If is $null or @{Policy; Value}.
    #>
    $subjects, $key = @{}, ''
    foreach ($line in $script:Table -split '\r?\n') {
        $text = ($line -split ' \|')[0].Trim()
        if ($text.StartsWith('[')) { $key = $text.Trim('[]'.ToCharArray()) }
        if ($text -cnotmatch '\A(?<name>[^=]+) = (?<area>\w+)/(?<policy>\w+) (?<kind>[a-z]+)(?<rest>.*)\z') { continue }
        $row = @{ Area = $Matches['area']; Policy = $Matches['policy']; Kind = $Matches['kind']; If = $null }
        $subject, $rest = "$key`:$($Matches['name'])".ToLowerInvariant(), ($Matches['rest'] -split ' if ', 2)
        $row.Words = [string[]]@($rest[0] -split ' ' | Where-Object { $_ })
        if ($rest.Length -gt 1) {
            $policy, $value = $rest[1] -split '='
            $row.If = @{ Policy = $policy; Value = $value }
        }
        if (-not $subjects.ContainsKey($subject)) { $subjects[$subject] = @() }
        $subjects[$subject] += $row
    }
    return $subjects
}

Export-ModuleMember -Function Get-LeeboardMdmTable
