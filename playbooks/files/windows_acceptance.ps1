# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
What playbooks/windows_acceptance.yml wants to know of a real Windows, as one line of JSON.

.DESCRIPTION
It shares no code with the modules, so that it can say whether they are right. Names of accounts become their SIDs;
those of the computer and its domain, serial numbers and texts that the school wrote are left out.

.PARAMETER Part
look: everything, changing nothing (with -Force the group policies are refreshed once more with /force, which writes
them all again). state: only what the playbook changes. restore: put that back, to -Audit (0 nothing, 1 success, 2
failure, 3 both) and -Lockout (the threshold), with the programs of Windows itself, whatever became of our modules.
#>
param(
    [ValidateSet('look', 'state', 'restore')][string]$Part = 'look',
    [switch]$Force,
    [int]$Audit = -1,
    [int]$Lockout = -1
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    # App Control: nothing below may run, and that is the answer.
    "{`"language_mode`": `"$($ExecutionContext.SessionState.LanguageMode)`"}"
    exit 0
}

$script:Subcategory = '{0CCE9213-69AE-11D9-BED3-505054503030}'  # IPsec Driver: schools have next to no such events
$script:Key = 'HKLM\SOFTWARE\Leeboard'
$script:Name = 'Acceptance'
$script:Nt = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$script:SystemPolicies = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'

# MicrosoftDocs/sdk-api: ntsecapi AuditQuerySystemPolicy, AUDIT_POLICY_INFORMATION; lmaccess NetUserModalsGet,
# USER_MODALS_INFO_3; winreg RegQueryInfoKeyW.
Add-Type -Namespace LeeboardAcceptance -Name Api -MemberDefinition @'
[DllImport("advapi32.dll", SetLastError = true)]
public static extern bool AuditQuerySystemPolicy(ref Guid subcategory, uint count, out IntPtr policy);
[DllImport("advapi32.dll")]
public static extern void AuditFree(IntPtr buffer);
[DllImport("netapi32.dll", CharSet = CharSet.Unicode)]
public static extern int NetUserModalsGet(string server, int level, out IntPtr buffer);
[DllImport("netapi32.dll")]
public static extern int NetApiBufferFree(IntPtr buffer);
[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
public static extern int RegQueryInfoKeyW(IntPtr key, IntPtr a, IntPtr b, IntPtr c, IntPtr d, IntPtr e, IntPtr f,
    IntPtr g, IntPtr h, IntPtr i, IntPtr j, out long written);
'@

# --- Asking ----------------------------------------------------------------------------------------------------------

# A program of Windows: its status, and what it printed as text and as its first bytes.
function Invoke-Program {
    param([string]$Name, [string]$Arguments)

    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = Join-Path -Path ([System.Environment]::SystemDirectory) -ChildPath $Name
    $start.Arguments = $Arguments
    $start.UseShellExecute = $false
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $process.StandardInput.Close()
    $errors = $process.StandardError.ReadToEndAsync()
    $printed = New-Object -TypeName System.IO.MemoryStream
    $process.StandardOutput.BaseStream.CopyTo($printed)
    $process.WaitForExit()
    $said = Format-Byte $printed.ToArray()
    $said['status'], $said['errors'] = $process.ExitCode, $errors.Result
    return $said
}

# The same, with the file that the program wrote to the place {0} in its arguments.
function Invoke-FileProgram {
    param([string]$Name, [string]$Arguments)

    $file = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), "leeboard-$([guid]::NewGuid())")
    try {
        $done = Invoke-Program $Name ($Arguments -f "`"$file`"")
        $done['file'] = if ([System.IO.File]::Exists($file)) { Format-Byte ([System.IO.File]::ReadAllBytes($file)) }
        return $done
    } finally {
        [System.IO.File]::Delete($file)
    }
}

# Bytes as text, with their number and the first of them, and the first of the first line that are not ASCII: enough to
# tell the encoding, too few to hold a name.
function Format-Byte {
    param([byte[]]$Bytes)

    $head = [byte[]]@($Bytes | Select-Object -First 32)
    $line = [byte[]]@($Bytes | Select-Object -First ([System.Math]::Max(0, [System.Array]::IndexOf($Bytes, [byte]10))))
    $odd = [System.Array]::FindIndex($line, [Predicate[byte]] { param($byte) $byte -gt 127 })
    $hex = [System.BitConverter]::ToString($head)
    $encoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false, $true
    if ($hex.StartsWith('FF-FE') -or ($head.Length -gt 3 -and $head[1] -eq 0 -and $head[3] -eq 0)) {
        $encoding = [System.Text.Encoding]::Unicode
    }
    try {
        $text = $encoding.GetString($Bytes)
    } catch {
        $encoding = [System.Text.Encoding]::GetEncoding([cultureinfo]::CurrentCulture.TextInfo.OEMCodePage)
        $text = $encoding.GetString($Bytes)
    }
    return [ordered]@{
        length = $Bytes.Length; first_bytes = $hex; read_as = $encoding.WebName; text = $text
        not_ascii = if ($odd -ge 0) { [System.BitConverter]::ToString(@($line[$odd..($odd + 15)])) } else { '' }
    }
}

# A key below HKEY_LOCAL_MACHINE: of each value its type, and its data or how long that is. Nothing for no key.
function Read-Key {
    param([string]$Path, [string]$WithData = '^$')

    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($Path)
    if ($null -eq $key) { return }
    $values = [ordered]@{}
    foreach ($name in $key.GetValueNames()) {
        $data = $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
        $shown = if ($name -match $WithData) { "$data" } else { "$("$data".Length) long" }
        $values[$name] = "$($key.GetValueKind($name)), $shown"
    }
    return [ordered]@{ written = (Get-KeyTime $key); subkeys = @($key.GetSubKeyNames()).Length; values = $values }
}

function Get-KeyTime {
    param([Microsoft.Win32.RegistryKey]$Key)

    [long]$written = 0
    $none = [System.IntPtr]::Zero
    $handle = $Key.Handle.DangerousGetHandle()
    $status = [LeeboardAcceptance.Api]::RegQueryInfoKeyW(
        $handle, $none, $none, $none, $none, $none, $none, $none, $none, $none, $none, [ref]$written)
    return $(if ($status) { "error $status" } else { [datetime]::FromFileTimeUtc($written).ToString('o') })
}

function Get-Subkey {
    param([string]$Path)

    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($Path)
    if ($null -ne $key) { $key.GetSubKeyNames() | ForEach-Object { "$Path\$_" } }
}

# The instances of a CIM class, with these properties or all; what may be the school's text as its length.
function Get-Instance {
    param([string]$ClassName, [string]$Namespace = 'root\cimv2', [string[]]$Property = @(), [string]$Like = '')

    $all = @(Get-CimInstance -ClassName $ClassName -Namespace $Namespace -OperationTimeoutSec 30)
    $wanted = $all | Where-Object { -not $Like -or "$($_.registryKey)" -match $Like } | Select-Object -First 60
    $shown = foreach ($instance in $wanted) {
        $one = [ordered]@{}
        foreach ($part in $instance.CimInstanceProperties) {
            if ($Property -and $Property -notcontains $part.Name) { continue }
            $one[$part.Name] = if ($part.Name -in 'value', 'Data', 'creationTime') {
                "$($part.CimType), $(@($part.Value).Length) parts, $("$($part.Value)".Length) characters"
            } elseif ($part.Value -is [datetime]) {
                $part.Value.ToUniversalTime().ToString('o')
            } else {
                $part.Value
            }
        }
        $one
    }
    return [ordered]@{ count = $all.Length; shown = @($shown) }
}

# --- Leaving out -----------------------------------------------------------------------------------------------------

# Names and what stands for them, the longest first.
function Get-Name {
    $system = Get-CimInstance -ClassName Win32_ComputerSystem -OperationTimeoutSec 30
    $names = @{}
    foreach ($name in $system.Domain, ($system.Domain -replace '\..*'), $env:USERDOMAIN) { $names["$name"] = 'DOMAIN' }
    foreach ($name in $system.Name, $system.DNSHostName, $env:COMPUTERNAME) { $names["$name"] = 'COMPUTER' }
    foreach ($one in Get-CimInstance -ClassName Win32_UserAccount -Filter 'LocalAccount=True' -OperationTimeoutSec 30) {
        $names["$($one.Name)"] = "$($one.SID)"
    }
    foreach ($path in Get-Subkey "$script:Nt\ProfileList") {
        $sid = Split-Path -Path $path -Leaf
        if ($sid -match '^S-1-(5-21|12-1)-') {
            $folder = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($path).GetValue('ProfileImagePath')
            if ($folder) { $names["$(Split-Path -Path $folder -Leaf)"] = $sid }
            try {
                $account = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $sid
                $names[$account.Translate([System.Security.Principal.NTAccount]).Value -replace '^.*\\'] = $sid
            } catch {
                continue  # an account that is gone has no name
            }
        }
    }
    $names.GetEnumerator() | Where-Object { $_.Key.Length -gt 1 } | Sort-Object -Property { -$_.Key.Length }
}

# The same data with no such name in any text. Lists and dictionaries become plain ones.
function ConvertTo-Hidden {
    param([AllowNull()][object]$Value, [object[]]$Names)

    if ($Value -is [System.Collections.IDictionary]) {
        $plain = [ordered]@{}
        foreach ($name in @($Value.Keys)) { $plain["$name"] = ConvertTo-Hidden $Value[$name] $Names }
        return $plain
    }
    if ($Value -is [string]) {
        $text = $Value -replace '(?i)\bDC=[^,"]+', 'DC=x'
        foreach ($one in $Names) {
            $text = $text -replace "(?i)(?<![\p{L}\p{N}])$([regex]::Escape($one.Key))(?![\p{L}\p{N}])", $one.Value
        }
        return $text
    }
    if ($Value -is [System.Collections.IEnumerable]) {
        return , [object[]]@(foreach ($one in $Value) { ConvertTo-Hidden $one $Names })
    }
    return $Value
}

# An exported security template without what the school wrote: accounts' names, and the data of registry values.
function Hide-Template {
    param([System.Collections.IDictionary]$Done)

    if ($null -ne $Done['file']) {
        $text = $Done.file['text'] -replace '(?m)^(New\w+Name\s*=)[^\r\n]*', '$1 "(hidden)"'
        $Done.file['text'] = $text -replace '(?m)^(MACHINE\\[^=]+=\s*\d+,)[^\r\n]+', '$1(hidden)'
    }
    return $Done
}

# --- The parts -------------------------------------------------------------------------------------------------------

# What the playbook changes, by other means than the modules'.
function Get-State {
    $state = [ordered]@{ registry = $null; audit = $null; lockout = $null }
    $said = Invoke-Program 'reg.exe' "query $script:Key /v $script:Name /reg:64"
    if ($said.text -match "\s$script:Name\s+(REG_\w+)\s+(\S+)") {
        $state.registry = [ordered]@{ type = $Matches[1]; data = $Matches[2] }
    }
    $guid, $buffer = [guid]$script:Subcategory, [System.IntPtr]::Zero
    if ([LeeboardAcceptance.Api]::AuditQuerySystemPolicy([ref]$guid, 1, [ref]$buffer)) {
        $policy = [byte[]](0..35 | ForEach-Object { [System.Runtime.InteropServices.Marshal]::ReadByte($buffer, $_) })
        [LeeboardAcceptance.Api]::AuditFree($buffer)
        # The structure begins with the GUID that was asked for; anything else is not that structure.
        if ([guid][byte[]]$policy[0..15] -eq $guid) { $state.audit = $policy[16] -band 3 }
    }
    if ([LeeboardAcceptance.Api]::NetUserModalsGet([NullString]::Value, 3, [ref]$buffer) -eq 0) {
        $numbers = foreach ($place in 0, 4, 8) { [System.Runtime.InteropServices.Marshal]::ReadInt32($buffer, $place) }
        [void][LeeboardAcceptance.Api]::NetApiBufferFree($buffer)
        $state.lockout = [ordered]@{ threshold = $numbers[2]; duration = $numbers[0]; window = $numbers[1] }
    }
    return $state
}

function Restore-State {
    $state = Get-State
    $done = [ordered]@{}
    if ($state.registry) {
        $done['registry'] = Invoke-Program 'reg.exe' "delete $script:Key /v $script:Name /f /reg:64"
    }
    if ($Audit -ge 0 -and $state.audit -ne $Audit) {
        $success, $failure = foreach ($bit in 1, 2) { if ($Audit -band $bit) { 'enable' } else { 'disable' } }
        $done['audit'] = Invoke-Program 'auditpol.exe' `
            "/set /subcategory:$script:Subcategory /success:$success /failure:$failure"
    }
    if ($Lockout -ge 0 -and (-not $state.lockout -or $state.lockout.threshold -ne $Lockout)) {
        $done['lockout'] = Invoke-Program 'net.exe' "accounts /lockoutthreshold:$Lockout"
    }
    return [ordered]@{ needed = $done; state = (Get-State) }
}

# What a refresh of the group policies does to the key that holds values which Windows reads when it starts.
function Update-Policy {
    param([string]$Switches)

    $before = Read-Key $script:SystemPolicies
    $done = Invoke-Program 'gpupdate.exe' "/target:computer /wait:180 $Switches"
    $after = Read-Key $script:SystemPolicies
    return [ordered]@{ before = $before.written; after = $after.written; status = $done.status; text = $done.text }
}

$script:Ours = 'Policies\\System|Control Panel\\Desktop|PowerSettings|PassportForWork|Personalization|' +
    'PushNotifications|Winlogon|Control\\Lsa'
$script:Sections = [ordered]@{
    windows = {
        Get-Instance Win32_OperatingSystem -Property Caption, Version, BuildNumber, OSLanguage, MUILanguages, Locale,
            CodeSet, ProductType, OperatingSystemSKU, OSArchitecture, LastBootUpTime
    }
    version = { Read-Key "$script:Nt" '^(DisplayVersion|EditionID|UBR|Current\w+|InstallationType)$' }
    code_pages = {
        $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SYSTEM\CurrentControlSet\Control\Nls\CodePage')
        "output $([Console]::OutputEncoding.CodePage), ANSI $($key.GetValue('ACP')), OEM $($key.GetValue('OEMCP'))",
        "$((Get-Culture).Name) $((Get-UICulture).Name) PowerShell $($PSVersionTable.PSVersion)"
    }
    account = {
        $user = [System.Security.Principal.WindowsIdentity]::GetCurrent()
        $who = New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList $user
        "administrator: $($who.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator))"
    }
    auditpol_backup = { Invoke-FileProgram 'auditpol.exe' '/backup /file:{0}' }
    auditpol_get = { Invoke-Program 'auditpol.exe' '/get /category:* /r' }
    auditpol_list = { Invoke-Program 'auditpol.exe' '/list /subcategory:* /r' }
    secedit_export = { Hide-Template (Invoke-FileProgram 'secedit.exe' '/export /cfg {0} /areas SECURITYPOLICY') }
    powercfg_scheme = { Invoke-Program 'powercfg.exe' '/getactivescheme' }
    powercfg_hidden = { Invoke-Program 'powercfg.exe' '/qh SCHEME_CURRENT SUB_NONE CONSOLELOCK' }
    powercfg_shown = { Invoke-Program 'powercfg.exe' '/q SCHEME_CURRENT SUB_NONE CONSOLELOCK' }
    powercfg_guid = {
        Invoke-Program 'powercfg.exe' ('/qh SCHEME_CURRENT fea3413e-7e05-4911-9a71-700331f1c294 ' +
            '0e796bdb-100d-47d6-a2d5-f7d2daa51f51')
    }
    identity = {
        $bios = Get-CimInstance -ClassName Win32_BIOS -OperationTimeoutSec 30
        $product = Get-CimInstance -ClassName Win32_ComputerSystemProduct -OperationTimeoutSec 30
        $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SOFTWARE\Microsoft\Cryptography')
        $bios.SerialNumber, $product.UUID, $key.GetValue('MachineGuid') | ForEach-Object {
            $_ -creplace '[A-Z]', 'A' -creplace '[a-z]', 'a' -replace '[0-9]', '9'  # the form is enough
        }
    }
    enclosure = { Get-Instance Win32_SystemEnclosure -Property ChassisTypes }
    bitlocker = {
        Get-Instance Win32_EncryptableVolume root\CIMV2\Security\MicrosoftVolumeEncryption VolumeType, ProtectionStatus
    }
    RSOP_GPO = {
        Get-Instance $section root\rsop\computer name, id, guidName, enabled, accessDenied, filterAllowed, version
    }
    RSOP_RegistryPolicySetting = { Get-Instance $section root\rsop\computer -Like $script:Ours }
    RSOP_RegistryValue = { Get-Instance $section root\rsop\computer }
    RSOP_SecuritySettingNumeric = { Get-Instance $section root\rsop\computer }
    RSOP_SecuritySettingBoolean = { Get-Instance $section root\rsop\computer }
    RSOP_AuditPolicy = { Get-Instance $section root\rsop\computer }
    policy_history = {
        foreach ($extension in Get-Subkey 'SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\History') {
            foreach ($policy in Get-Subkey $extension) {
                @{ key = $policy; found = Read-Key $policy '^(DisplayName|FileSysPath|Version)$' }
            }
        }
    }
    policy_files = {
        $folder = Join-Path -Path ([System.Environment]::SystemDirectory) -ChildPath 'GroupPolicy'
        @(Get-ChildItem -LiteralPath $folder -Recurse -Force -Include Registry.pol, audit.csv, GptTmpl.inf |
                ForEach-Object { "$($_.FullName.Substring($folder.Length)) $($_.Length)" })
    }
    permissions = {
        foreach ($path in $script:SystemPolicies, 'SOFTWARE\Policies', 'SOFTWARE\Leeboard', "$script:Nt\Winlogon",
            'SYSTEM\CurrentControlSet\Control\Lsa') {
            "$path $(if (Test-Path -LiteralPath "HKLM:\$path") { (Get-Acl -LiteralPath "HKLM:\$path").Sddl })"
        }
    }
    joined = {
        (Invoke-Program 'dsregcmd.exe' '/status').text -split '\r?\n' -match '^\s*(AzureAd|Enterprise|Domain)Joined\s*:'
    }
    mdm_policies = {
        foreach ($path in Get-Subkey 'SOFTWARE\Microsoft\PolicyManager\current\device') {
            @{ key = $path; found = if ($path -match 'DeviceLock|BitLocker|Power|Audit') { Read-Key $path } }
        }
    }
    system_policies = { Read-Key $script:SystemPolicies '^(Inactivity|MaxDevice|DontDisplay)' }
    winlogon = {
        $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("$script:Nt\Winlogon")
        @($key.GetValueNames()) -match '^(ScRemoveOption|ScreenSaverGracePeriod)$' |
            ForEach-Object { "$_ $($key.GetValueKind($_)) $($key.GetValue($_))" }
    }
    card_service = {
        $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCPolicySvc'" -OperationTimeoutSec 30
        "$($service.StartMode) $($service.State) $($service.DelayedAutoStart)"
    }
    card_readers = { @(Get-Subkey 'SOFTWARE\Microsoft\Cryptography\Calais\Readers').Length }
    people = {
        $loaded = [Microsoft.Win32.Registry]::Users.GetSubKeyNames() -match '^S-1-(5-21|12-1)-[\d-]+$'
        $known = @(Get-Subkey "$script:Nt\ProfileList") -match '\\S-1-(5-21|12-1)-[\d-]+$'
        "$(@($loaded).Length) signed in, $(@($known).Length) profiles"
    }
    refresh = { Update-Policy '' }
}
if ($Force) { $script:Sections['refresh_all'] = { Update-Policy '/force' } }

switch ($Part) {
    'state' { $answer = Get-State }
    'restore' { $answer = Restore-State }
    'look' {
        $answer = [ordered]@{ language_mode = 'FullLanguage' }
        foreach ($section in $script:Sections.Keys) {
            try {
                $answer[$section] = & $script:Sections[$section]
            } catch {
                $answer[$section] = @{ problem = "$($_.Exception.GetType().FullName): $($_.Exception.Message)" }
            }
        }
    }
}
$json = ConvertTo-Json -InputObject (ConvertTo-Hidden $answer @(Get-Name)) -Depth 12 -Compress
[regex]::Replace($json, '[^\x20-\x7e]', { param($found) '\u{0:x4}' -f [int][char]$found.Value })
exit 0  # without it the status would be that of the last program
