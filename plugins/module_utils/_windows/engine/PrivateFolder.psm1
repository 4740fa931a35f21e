# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Reading

# The folders that Leeboard keeps on a machine, below C:\ProgramData\Leeboard: administrators and SYSTEM alone may open
# them.

Set-StrictMode -Version 2.0

$script:Administrators = 'S-1-5-32-544'
$script:System = 'S-1-5-18'
# WriteData, AppendData, DeleteSubdirectoriesAndFiles, Delete, ChangePermissions, TakeOwnership, and GENERIC_WRITE and
# GENERIC_ALL, as FileSystemRights has them or an access list may.
$script:Writing = 0x500D0046

function Get-LeeboardDataFolder {
    <#
    .SYNOPSIS
    The path of one of our folders, whether it is there or not.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $data = [System.Environment]::GetFolderPath('CommonApplicationData')
    return [System.IO.Path]::Combine($data, 'Leeboard', $Name)
}

function Protect-LeeboardDataFolder {
    <#
    .SYNOPSIS
    Make one of our folders, and the one that all of them lie in, private; its path.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $folder = Get-LeeboardDataFolder $Name
    Protect-LeeboardFolder ([System.IO.Path]::GetDirectoryName($folder))
    Protect-LeeboardFolder $folder
    return $folder
}

function Protect-LeeboardFolder {
    <#
    .SYNOPSIS
    Make a folder that administrators and SYSTEM alone may open, or see that it is one.
    .DESCRIPTION
    Everybody may make folders in C:\ProgramData: one that somebody else has made first, or a link to another place, is
    the problem refused.
    #>
    param([Parameter(Mandatory = $true)][string]$Folder)

    if (-not [System.IO.Directory]::Exists($Folder)) {
        [void][System.IO.Directory]::CreateDirectory($Folder)
    }
    $acl = Get-OwnAccess $Folder
    $rules = @($acl.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier]))
    $strangers = @($rules | Where-Object { $_.IdentityReference.Value -notin $script:Administrators, $script:System })
    if ($acl.AreAccessRulesProtected -and -not $strangers.Length) { return }
    $acl.SetAccessRuleProtection($true, $false)
    foreach ($rule in $rules) { [void]$acl.RemoveAccessRuleSpecific($rule) }
    foreach ($trusted in $script:Administrators, $script:System) {
        $who = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $trusted
        $all = New-Object -TypeName System.Security.AccessControl.FileSystemAccessRule -ArgumentList (
            $who, 'FullControl', 'ContainerInherit, ObjectInherit', 'None', 'Allow')
        $acl.AddAccessRule($all)
    }
    Set-Acl -LiteralPath $Folder -AclObject $acl
}

function Assert-LeeboardFolder {
    <#
    .SYNOPSIS
    Throw the problem refused for a folder that others than administrators and SYSTEM may write to. Changes nothing.
    #>
    param([Parameter(Mandatory = $true)][string]$Folder)

    $self = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    $rules = (Get-OwnAccess $Folder).GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
    foreach ($rule in $rules) {
        $isStranger = $rule.IdentityReference.Value -notin $script:Administrators, $script:System, $self
        if ($isStranger -and $rule.AccessControlType -eq 'Allow' -and ([int]$rule.FileSystemRights -band $script:Writing)) {
            $why = "$Folder is open to others than administrators and SYSTEM, so nothing in it is believed"
            throw (New-LeeboardProblem -Code refused -Why $why)
        }
    }
}

function Get-OwnAccess {
    param([string]$Folder)

    if ([System.IO.File]::GetAttributes($Folder) -band [System.IO.FileAttributes]::ReparsePoint) {
        throw (New-LeeboardProblem -Code refused -Why "$Folder is a link to another place; remove it")
    }
    $acl = Get-Acl -LiteralPath $Folder
    $owner = $acl.GetOwner([System.Security.Principal.SecurityIdentifier]).Value
    $self = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    if ($owner -notin $script:Administrators, $script:System, $self) {
        throw (New-LeeboardProblem -Code refused -Why "$Folder was made by somebody else ($owner); remove it")
    }
    return $acl
}

Export-ModuleMember -Function Get-LeeboardDataFolder, Protect-LeeboardDataFolder, Protect-LeeboardFolder,
    Assert-LeeboardFolder
