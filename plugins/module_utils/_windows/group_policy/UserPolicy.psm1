# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.ToolFile
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .RegistryPol

# Whether a value in somebody's registry is there by group policy, so that whoever comes next gets it as well; one that
# was written by hand stays with that person.
#
# Windows keeps what it applied to a person in ntuser.pol, in the form of registry.pol: in the profile, newer ones below
# ProgramData (recalled, on the acceptance list). The local group policy for everybody is
# System32\GroupPolicy\User\Registry.pol (Microsoft, Local Group Policy Objects).

Set-StrictMode -Version 2.0

$script:ProfileList = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'

function Test-LeeboardUserPolicy {
    <#
    .SYNOPSIS
    Whether group policy gives a value to a person.
    .PARAMETER Key
    The path of the key below the root of a person's registry.
    .NOTES
    Throws what reading a file throws, and the problem malformed. A file that is not there sets nothing.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Sid,
        [Parameter(Mandatory = $true)][string]$Key,
        [Parameter(Mandatory = $true)][string]$Name
    )

    $subject = "$Key`n$Name"
    foreach ($file in @(Get-PolicyPath $Sid)) {
        if ((Get-LeeboardOnce -Name "user policy $file" -Read { Read-PolicyFile $file }).ContainsKey($subject)) { return $true }
    }
    return $false
}

function Get-PolicyPath {
    param([string]$Sid)

    [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'GroupPolicy', 'User', 'Registry.pol')
    $data = [System.Environment]::GetFolderPath('CommonApplicationData')
    [System.IO.Path]::Combine([string[]]@($data, 'Microsoft', 'GroupPolicy', 'Users', $Sid, 'ntuser.pol'))
    $home_ = Get-LeeboardMachineValue -Path "$script:ProfileList\$Sid" -Name ProfileImagePath
    if ($home_.state -eq 'value') {
        $folder = [System.Environment]::ExpandEnvironmentVariables([string]$home_.value)
        [System.IO.Path]::Combine($folder, 'ntuser.pol')
    }
}

# The values that a file sets, by key and name; capitals and small letters are the same.
function Read-PolicyFile {
    param([string]$File)

    $sets = @{}
    try {
        $bytes = Read-LeeboardToolBytes $File
    } catch {
        $inner = $_.Exception.GetBaseException()
        if ($inner -is [System.IO.FileNotFoundException] -or $inner -is [System.IO.DirectoryNotFoundException]) { return $sets }
        throw
    }
    foreach ($one in @(ConvertFrom-LeeboardRegistryPol $bytes)) {
        $subject = "$($one.Key)`n$($one.Name)"
        if ($one.Deletes) { $sets.Remove($subject) } else { $sets[$subject] = $true }
    }
    return $sets
}

Export-ModuleMember -Function Test-LeeboardUserPolicy
