# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.RegistryKey

# Where a machine keeps what its group policies are: the list of those that were applied, the files that Windows keeps
# of them, and the resultant set (RSoP) that it logs over CIM.

Set-StrictMode -Version 2.0

$script:History = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\History'
$script:Local = 'the local group policy'
$script:Guid = '\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}'

function Get-LeeboardAppliedPolicy {
    <#
    .SYNOPSIS
    The domain's group policies that an extension applied last, in that order: @{Words; Folder}. The last one wins.
    .DESCRIPTION
    Windows lists them below its History key, numbered from 0 in the order in which they were applied, with DisplayName
    and FileSysPath (https://support.microsoft.com/kb/201453). Only what is listed there counts: the cache of files
    also keeps group policies that no longer apply.
    Folder is the cached copy of the policy's computer part; where FileSysPath names the domain's share, that is not
    looked at, since an account that came over the network has no way there.
    .PARAMETER Extension
    The GUID of the client-side extension, with braces.
    #>
    param([Parameter(Mandatory = $true)][string]$Extension)

    $list = "$script:History\$Extension"
    $cache = Join-LeeboardPath (Get-LeeboardPolicyFolder) 'DataStore' '0' 'SysVol'
    foreach ($number in @(Get-LeeboardSubkeyName $list | Where-Object { $_ -match '^\d+$' } | Sort-Object { [int]$_ })) {
        $path = Get-LeeboardMachineValue -Path "$list\$number" -Name FileSysPath
        $pattern = "\\sysvol\\(?<domain>[^\\/:*?`"<>|]+)\\Policies\\(?<guid>$script:Guid)"
        if ($path.state -ne 'value' -or $path.value -notmatch $pattern) {
            continue  # the local one is found by its files
        }
        $domain, $guid = $Matches['domain'], $Matches['guid'].ToUpperInvariant()
        $name = Get-LeeboardMachineValue -Path "$list\$number" -Name DisplayName
        @{
            Words = Format-LeeboardPolicy $guid $(if ($name.state -eq 'value') { $name.value })
            Folder = Join-LeeboardPath $cache $domain 'Policies' $guid 'Machine'
        }
    }
}

function Get-LeeboardLocalPolicy {
    <#
    .SYNOPSIS
    The local group policy, in the form of Get-LeeboardAppliedPolicy. Its files may or may not be there.
    #>
    return @{ Words = $script:Local; Folder = (Join-LeeboardPath (Get-LeeboardPolicyFolder) 'Machine') }
}

function Get-LeeboardPolicyFolder {
    <#
    .SYNOPSIS
    The folder in which Windows keeps its group policies.
    #>
    return Join-LeeboardPath ([System.Environment]::SystemDirectory) 'GroupPolicy'
}

function Join-LeeboardPath {
    <#
    .SYNOPSIS
    One path of several parts.
    #>
    return [System.IO.Path]::Combine([string[]]@($args | ForEach-Object { $_ }))
}

function Format-LeeboardPolicy {
    <#
    .SYNOPSIS
    A group policy in words.
    #>
    param([string]$Guid, [AllowEmptyString()][AllowNull()][string]$Name)

    if ($Name) { return "the group policy `"$Name`"" }
    return "the group policy $Guid"
}

function Get-LeeboardResultantSet {
    <#
    .SYNOPSIS
    What won in the resultant set of computer policy: the instances of a class with precedence 1, each as
    @{Words; Instance}.
    .DESCRIPTION
    Windows logs it in root\rsop\computer after each refresh, unless that is switched off
    (https://learn.microsoft.com/previous-versions/windows/desktop/policy/rsop-policysetting).
    .NOTES
    Throws a problem when it is not to be had, or holds no group policy at all.
    #>
    param([Parameter(Mandatory = $true)][string]$ClassName)

    $names = Get-LeeboardOnce -Name 'names of group policies' -Read { @{ ByGuid = (Get-PolicyName) } }
    foreach ($instance in @(Get-LeeboardCim -ClassName $ClassName -Namespace 'root\rsop\computer')) {
        if ($instance.precedence -eq 1) {
            $id = [string]$instance.GPOID
            $words = $script:Local
            if ($id -match $script:Guid) {
                $guid = $Matches[0].ToUpperInvariant()
                $words = Format-LeeboardPolicy $guid $names.ByGuid[$guid]
            } elseif ($id -ne 'LocalGPO') {
                $words = Format-LeeboardPolicy $id ''
            }
            @{ Words = $words; Instance = $instance }
        }
    }
}

# RSOP_GPO.id is the path in the directory, CN={GUID},CN=Policies,...; of the local group policy it is LocalGPO.
function Get-PolicyName {
    $all = @(Get-LeeboardCim -ClassName RSOP_GPO -Namespace 'root\rsop\computer')
    if (-not $all.Length) {
        throw (New-LeeboardProblem -Code missing_tool -Why 'Windows has logged no resultant set of policy')
    }
    $names = @{}
    foreach ($one in $all) {
        if ([string]$one.id -match $script:Guid) { $names[$Matches[0].ToUpperInvariant()] = [string]$one.name }
    }
    return $names
}

Export-ModuleMember -Function Get-LeeboardAppliedPolicy, Get-LeeboardLocalPolicy, Get-LeeboardPolicyFolder,
    Get-LeeboardResultantSet, Join-LeeboardPath
