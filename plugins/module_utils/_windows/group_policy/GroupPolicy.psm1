# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..engine.ToolFile
#AnsibleRequires -PowerShell ..mdm.Mdm
#AnsibleRequires -PowerShell ..mdm.OsConfig
#AnsibleRequires -PowerShell .AuditCsv
#AnsibleRequires -PowerShell .GroupPolicySource
#AnsibleRequires -PowerShell .RegistryPol
#AnsibleRequires -PowerShell .SecurityTemplate

# Who sets something, a group policy, an MDM service or OSConfig, in words, so that nobody repairs by hand what is
# rewritten for ever.
#
# Of group policies there are two sources. The resultant set that Windows logs says who won; where it is not to be had, or
# does not know, the files of the applied group policies say it: Registry.pol ([MS-GPREG]), GptTmpl.inf ([MS-GPSB] 2.2.1,
# 2.2.2 and 2.2.5) and audit.csv ([MS-GPAC]). A machine without a domain's policies is never asked over CIM: its local
# files are the truth. What an MDM service sets is mdm/Mdm.psm1's; a group policy comes first, as Windows does it.

Set-StrictMode -Version 2.0

# Client-side extensions: [MS-GPREG] 1.9, [MS-GPSB] 1.9, [MS-GPAC] 1.9.
$script:RegistryExtension = '{35378EAC-683F-11D2-A89A-00C04FBBCFA2}'
$script:SecurityExtension = '{827D319E-6EAC-11D2-A4EA-00C04F79F83A}'
$script:AuditExtension = '{F3CCC681-B74C-4060-9F26-CD84525DCA2A}'

function Get-LeeboardPolicyOwner {
    <#
    .SYNOPSIS
    Which group policy, MDM service or scenario of OSConfig sets a value of the machine's registry: words, or an empty
    text for none. Throws a problem when that cannot be found out, as the two functions below do; Resolve-LeeboardOwner
    makes a note of it.
    .DESCRIPTION
    A group policy that deletes the value owns it too, since it deletes it again whenever somebody sets it; the words
    then say so. Values of users (HKCU) are not looked up.
    .EXAMPLE
    Get-LeeboardPolicyOwner -Path 'HKLM\SOFTWARE\Policies\Microsoft\FVE' -Name MinimumPIN
    the group policy "School baseline"
    #>
    param([Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][string]$Name)

    if ($Path -notmatch '^HKLM\\') {
        return ''
    }
    $key = Get-KeyPath $Path
    $subjects = @("$key`n$Name", "$key`n*")
    for ($above = $key; $above; $above = $above -replace '(^|\\)[^\\]*$') { $subjects += "$above`n**" }
    $other = Get-LeeboardOsConfigOwner -Path $Path -Name $Name
    return Get-Owner "$Path`:$Name" { Find-Owner (Get-Knowledge registry) $subjects } $other
}

function Get-LeeboardSecurityOwner {
    <#
    .SYNOPSIS
    Which group policy or MDM service sets a key of the sections System Access (LockoutBadCount) and Privilege Rights
    (SeSecurityPrivilege): words, or an empty text for none.
    #>
    param([Parameter(Mandatory = $true)][string]$Key)

    return Get-Owner "security:$Key" { Find-Owner (Get-Knowledge security) @($Key) }
}

function Get-LeeboardAuditOwner {
    <#
    .SYNOPSIS
    Which group policy or MDM service sets a subcategory of the audit policy: words, or an empty text for none.
    .DESCRIPTION
    Where group policies bring an advanced audit policy, Windows clears the whole audit policy before it applies theirs
    (MicrosoftDocs/windows-itpro-docs, advanced-security-auditing-faq). So a subcategory that none of them names belongs
    to them as well.
    .PARAMETER Guid
    The subcategory's GUID, with braces.
    #>
    param([Parameter(Mandatory = $true)][string]$Guid)

    return Get-Owner "audit:$Guid" { Find-Owner (Get-Knowledge audit) @($Guid) @('*') }
}

function Resolve-LeeboardOwner {
    <#
    .SYNOPSIS
    @{Owner; Note}: what -Find says about the owner, or why it could not be found out. That never costs a reading.
    #>
    param([Parameter(Mandatory = $true)][scriptblock]$Find)

    try {
        return @{ Owner = [string](& $Find); Note = '' }
    } catch {
        $why = (ConvertTo-LeeboardProblem $_).Why
        return @{ Owner = ''; Note = "which group policy sets this could not be found out: $why" }
    }
}

# The group policy that -Find names, or else the MDM service or OSConfig; the service first where it wins over group
# policies, and any of them where nobody can say what those set.
function Get-Owner {
    param([string]$Subject, [scriptblock]$Find, [string]$Other = '')

    $service = Get-LeeboardMdmPolicy $Subject
    if ($null -ne $service -and $service.Owner) {
        if ($service.Wins) { return $service.Owner }
        $Other = $service.Owner
    }
    if (-not $Other) { return & $Find }
    $policy = try { & $Find } catch { '' }
    if ($policy) { return $policy }
    return $Other
}

# What is known of one kind of setting: @{Resultant; Files; Problem}, the first two as New-RuleSet makes them.
function Get-Knowledge {
    param([string]$Kind)

    return Get-LeeboardOnce -Name "group policies about $Kind" -Read { Read-Knowledge $Kind }
}

# Problem is the first file that could not be read, where Windows itself has not said who won.
function Read-Knowledge {
    param([string]$Kind)

    $knowledge = @{ Resultant = (New-RuleSet); Files = (New-RuleSet); Problem = '' }
    $sources = @(Get-PolicyFile $Kind)
    foreach ($source in $sources) {
        try {
            Add-File $knowledge.Files $source
        } catch {
            if (-not $knowledge.Problem) {
                $why = (ConvertTo-LeeboardProblem $_).Why
                $knowledge.Problem = "$([System.IO.Path]::GetFileName($source.Path)) of $($source.Words): $why"
            }
        }
    }
    if (@($sources | Where-Object { -not $_.IsLocal }).Length) {
        try {
            Add-ResultantSet $knowledge.Resultant $Kind
            if ($knowledge.Resultant.Last) { $knowledge.Problem = '' }
        } catch {
            Write-Debug "no resultant set of policy: $($_.Exception.Message)"
        }
    }
    return $knowledge
}

# The files that say something about a kind of setting, in the order in which they are applied:
# @{Path; Form; Words; IsLocal}. The extension for the registry always runs first.
function Get-PolicyFile {
    param([string]$Kind)

    $security = 'Microsoft', 'Windows NT', 'SecEdit', 'GptTmpl.inf'
    $forms = switch ($Kind) {
        'registry' {
            @{ Extension = $script:RegistryExtension; Form = 'pol'; Below = @('Registry.pol'); HasLocal = $true }
            @{ Extension = $script:SecurityExtension; Form = 'values'; Below = $security; HasLocal = $false }
        }
        'security' { @{ Extension = $script:SecurityExtension; Form = 'access'; Below = $security; HasLocal = $false } }
        'audit' {
            $below = 'Microsoft', 'Windows NT', 'Audit', 'audit.csv'
            @{ Extension = $script:AuditExtension; Form = 'audit'; Below = $below; HasLocal = $true }
        }
    }
    foreach ($form in $forms) {
        if ($form.HasLocal) {
            $local = Get-LeeboardLocalPolicy
            $path = Join-LeeboardPath $local.Folder @($form.Below)
            if (Test-Path -LiteralPath $path) {
                @{ Path = $path; Form = $form.Form; Words = $local.Words; IsLocal = $true }
            }
        }
        foreach ($policy in @(Get-LeeboardAppliedPolicy $form.Extension)) {
            $path = Join-LeeboardPath $policy.Folder @($form.Below)
            @{ Path = $path; Form = $form.Form; Words = $policy.Words; IsLocal = $false }
        }
    }
}

function Add-File {
    param([hashtable]$Rules, [hashtable]$Source)

    if (-not (Test-Path -LiteralPath $Source.Path)) {
        throw (New-LeeboardProblem -Code failed -Why 'Windows keeps no copy of it')
    }
    switch ($Source.Form) {
        'pol' {
            foreach ($one in ConvertFrom-LeeboardRegistryPol (Read-LeeboardToolBytes $Source.Path)) {
                Add-Rule $Rules "$(Get-KeyPath $one.Key)`n$($one.Name)" $Source.Words $one.Deletes
            }
        }
        'values' {
            $values = ConvertFrom-LeeboardTemplate (Read-LeeboardToolText $Source.Path) 'Registry Values'
            foreach ($path in @($values.Keys)) { Add-Rule $Rules (ConvertTo-Subject $path) $Source.Words }
        }
        'access' {
            $text = Read-LeeboardToolText $Source.Path
            foreach ($section in 'System Access', 'Privilege Rights') {
                $keys = ConvertFrom-LeeboardTemplate $text $section
                foreach ($key in @($keys.Keys)) { Add-Rule $Rules $key $Source.Words }
            }
        }
        'audit' {
            foreach ($line in @(ConvertFrom-LeeboardAuditCsv (Read-LeeboardToolText $Source.Path))) {
                Add-Rule $Rules $line.Guid $Source.Words
                Add-Rule $Rules '*' "$($Source.Words), which clears what it does not name"
            }
        }
    }
}

# Throws when there is no resultant set.
function Add-ResultantSet {
    param([hashtable]$Rules, [string]$Kind)

    switch ($Kind) {
        'registry' {
            foreach ($one in @(Get-LeeboardResultantSet RSOP_RegistryPolicySetting)) {
                $name = [string]$one.Instance.valueName -replace '^\*\*del\.'
                if ($name -and $name -notlike '`*`**') {
                    $subject = "$(Get-KeyPath $one.Instance.registryKey)`n$name"
                    Add-Rule $Rules $subject $one.Words ([bool]$one.Instance.deleted)
                }
            }
            foreach ($one in @(Get-LeeboardResultantSet RSOP_RegistryValue)) {
                Add-Rule $Rules (ConvertTo-Subject $one.Instance.Path) $one.Words
            }
        }
        'security' {
            foreach ($class in 'RSOP_SecuritySettingNumeric', 'RSOP_SecuritySettingBoolean') {
                foreach ($one in @(Get-LeeboardResultantSet $class)) {
                    Add-Rule $Rules $one.Instance.KeyName $one.Words
                }
            }
            foreach ($one in @(Get-LeeboardResultantSet RSOP_UserPrivilegeRight)) {
                Add-Rule $Rules $one.Instance.UserRight $one.Words
            }
        }
        'audit' {
            foreach ($one in @(Get-LeeboardResultantSet RSOP_SubcategorySystemAuditSetting)) {
                Add-Rule $Rules "{$(([string]$one.Instance.SubcategoryGuid).Trim('{}'))}" $one.Words
            }
        }
    }
}

# Rules by what they are about, each with its place in the order: a later one beats an earlier one.
function New-RuleSet {
    return @{ By = @{}; Last = 0 }
}

function Add-Rule {
    param([hashtable]$Rules, [string]$Subject, [string]$Words, [bool]$Deletes = $false)

    $Rules.Last += 1
    if ($Deletes) { $Words = "$Words, which deletes it" }
    $Rules.By[$Subject.ToLowerInvariant()] = @{ Words = $Words; Order = $Rules.Last }
}

# The words of the last rule about any of the subjects, or else of the last one about what they fall under. What Windows
# logged comes before the files.
function Find-Owner {
    param([hashtable]$Knowledge, [string[]]$Subjects, [string[]]$Otherwise = @())

    foreach ($rules in $Knowledge.Resultant, $Knowledge.Files) {
        foreach ($list in $Subjects, $Otherwise) {
            $found = @($list | ForEach-Object { $rules.By[$_.ToLowerInvariant()] } | Where-Object { $_ } |
                Sort-Object { $_.Order })
            if ($found.Length) { return $found[-1].Words }
        }
    }
    if ($Knowledge.Problem) { throw (New-LeeboardProblem -Code failed -Why $Knowledge.Problem) }
    return ''
}

# A key without its root, however the source writes that.
function Get-KeyPath {
    param([AllowEmptyString()][string]$Path)

    return ($Path -replace '^(HKLM|HKEY_LOCAL_MACHINE|MACHINE)\\').Trim('\')
}

# Security templates and RSOP_RegistryValue write key and value as one path.
function ConvertTo-Subject {
    param([AllowEmptyString()][string]$Path)

    return (Get-KeyPath $Path) -replace '\\([^\\]*)$', "`n`$1"
}

Export-ModuleMember -Function Get-LeeboardPolicyOwner, Get-LeeboardSecurityOwner, Get-LeeboardAuditOwner,
    Resolve-LeeboardOwner
