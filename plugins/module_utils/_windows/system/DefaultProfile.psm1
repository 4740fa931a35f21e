# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..engine.ToolFile
#AnsibleRequires -PowerShell .Native
#AnsibleRequires -PowerShell .RegistryKey

# The registry of the default profile, from which that of every new person is made, loaded for as long as it is read.
#
# A private copy is loaded, never the original: a first sign-in copies that file, and Windows keeps the file of a loaded
# registry to itself. The copy takes the logs along, which hold what is not in the file yet (Microsoft, Registry Hives:
# .log). RegLoadAppKey, which would need no unloading, refuses a registry whose keys differ in their permissions, as
# those of a profile do (Microsoft, RegLoadAppKeyW).
#
# Copy and registry have one name, with the process in it: C:\Windows\Temp\Leeboard-PID-NUMBER and
# HKEY_USERS\Leeboard-PID-NUMBER. So two visits do not meet, and the next one finds what a killed one left: a visit that
# goes on has a file in the folder open, which no other process can open then.

Set-StrictMode -Version 2.0

$script:ProfileList = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
$script:Prefix = 'Leeboard-'
$script:InUse = 'in-use'
$script:Mine = '\ALeeboard-[0-9]{1,9}-[0-9a-f]{8}\z'
$script:Trusted = 'S-1-5-18', 'S-1-5-32-544'  # SYSTEM and administrators, besides this account

function Mount-LeeboardDefaultProfile {
    <#
    .SYNOPSIS
    Load a copy of the default profile's registry: @{Problem, or Root; File; Hive; Folder}. File is the original.
    .DESCRIPTION
    Nothing is thrown. Whoever calls this gives the result to Dismount-LeeboardDefaultProfile, whatever happens.
    #>
    $default = @{ Problem = $null; Root = $null; File = ''; Hive = ''; Folder = ''; InUse = $null }
    try {
        $found = Get-LeeboardMachineValue -Path $script:ProfileList -Name 'Default'
        if ($found.state -eq 'absent') {
            throw (New-LeeboardProblem -Code failed -Why (
                    "$script:ProfileList does not say where the default profile is"))
        }
        $home_ = [System.Environment]::ExpandEnvironmentVariables([string]$found.value)
        $default.File = [System.IO.Path]::Combine($home_, 'NTUSER.DAT')
        Remove-Leftover
        $name = '{0}{1}-{2}' -f $script:Prefix, $PID, [System.Guid]::NewGuid().ToString('N').Substring(0, 8)
        $default.Folder = New-LeeboardPrivateFolder ([System.IO.Path]::Combine((Get-CopyPlace), $name))
        $inUse = [System.IO.Path]::Combine($default.Folder, $script:InUse)
        $default.InUse = New-Object -TypeName System.IO.FileStream -ArgumentList $inUse, 'CreateNew', 'Write', 'None'
        $copy = Copy-Hive $default.File $default.Folder
        $default.Hive = $name
        try {
            Mount-LeeboardHive -Name $name -File $copy
        } catch {
            $problem = ConvertTo-LeeboardProblem $_
            throw (New-LeeboardProblem -Code $problem.Code -Why $problem.Why.Replace($copy, $default.File))
        }
        $default.Root = Open-LeeboardKey "HKU\$name"
        if ($null -eq $default.Root) {
            throw (New-LeeboardProblem -Code failed -Why "$($default.File) was loaded, but cannot be opened")
        }
    } catch {
        $default.Problem = $_.Exception
    }
    return $default
}

function Dismount-LeeboardDefaultProfile {
    <#
    .SYNOPSIS
    Unload the copy and delete it. Returns in words what went wrong, or an empty text.
    #>
    param([Parameter(Mandatory = $true)][hashtable]$Default)

    if ($null -ne $Default.Root) { $Default.Root.Dispose() }
    # A virus scanner may hold a key of it open for a moment.
    for ($try = 1; $Default.Hive -and (Test-Hive $Default.Hive); $try++) {
        try {
            Dismount-LeeboardHive -Name $Default.Hive
        } catch {
            if ($try -ge 10) {
                return "HKEY_USERS\$($Default.Hive), a copy of the default profile's registry, is still loaded: " +
                    (ConvertTo-LeeboardProblem $_).Why
            }
            [System.GC]::Collect()
            Start-Sleep -Milliseconds 100
        }
    }
    if ($null -ne $Default.InUse) { $Default.InUse.Dispose() }
    if ($Default.Folder) { return Remove-Copy $Default.Folder }
    return ''
}

function Get-CopyPlace {
    return [System.IO.Path]::Combine([System.Environment]::GetFolderPath('Windows'), 'Temp')
}

# The file and its logs, copied into a folder: the path of the copy. The original is opened so that nobody is hindered.
function Copy-Hive {
    param([string]$File, [string]$Folder)

    foreach ($end in '', '.LOG1', '.LOG2') {
        $target = [System.IO.Path]::Combine($Folder, "NTUSER.DAT$end")
        $from, $to = $null, $null
        try {
            $from = New-Object -TypeName System.IO.FileStream -ArgumentList "$File$end", 'Open', 'Read', 'ReadWrite, Delete'
            $to = New-Object -TypeName System.IO.FileStream -ArgumentList $target, 'CreateNew', 'Write', 'None'
            $from.CopyTo($to)
        } catch {
            $inner = $_.Exception.GetBaseException()
            if ($end -and $inner -is [System.IO.FileNotFoundException]) { continue }
            if ($inner -isnot [System.IO.IOException]) { throw }
            $code = if (($inner.HResult -band 0xffff) -in 32, 33) { 'busy' } else { 'failed' }  # ERROR_SHARING_VIOLATION
            throw (New-LeeboardProblem -Code $code -Why "$File$end could not be loaded: $($inner.Message)")
        } finally {
            if ($null -ne $to) { $to.Dispose() }
            if ($null -ne $from) { $from.Dispose() }
        }
    }
    return [System.IO.Path]::Combine($Folder, 'NTUSER.DAT')
}

# Delete a copy with what Windows put beside it (logs of transactions). Returns why it could not be, or an empty text.
function Remove-Copy {
    param([string]$Folder)

    $said = ''
    foreach ($pause in 0, 100, 300, 1000) {
        Start-Sleep -Milliseconds $pause
        try {
            # One by one, and not what is below: there is nothing, and a link is never followed.
            foreach ($file in [System.IO.Directory]::GetFiles($Folder)) {
                [System.IO.File]::SetAttributes($file, 'Normal')
                [System.IO.File]::Delete($file)
            }
            [System.IO.Directory]::Delete($Folder)
            return ''
        } catch {
            $inner = $_.Exception.GetBaseException()
            if ($inner -is [System.IO.DirectoryNotFoundException]) { return '' }
            $said = $inner.Message
        }
    }
    return "$Folder, a copy of the default profile's registry, could not be deleted: $said"
}

function Test-Hive {
    param([string]$Name)

    $key = Open-LeeboardKey "HKU\$Name"
    if ($null -eq $key) {
        return $false
    }
    $key.Dispose()
    return $true
}

# Unload and delete what a visit left behind that was killed.
function Remove-Leftover {
    $users = Open-LeeboardKey 'HKU'
    try {
        $loaded = @($users.GetSubKeyNames() | Where-Object { $_ -match $script:Mine })
    } finally {
        $users.Dispose()
    }
    foreach ($name in $loaded) {
        if (Test-Visit $name) { continue }
        try {
            Dismount-LeeboardHive -Name $name
        } catch {
            Write-Debug "$name could not be unloaded: $_"
        }
    }
    foreach ($folder in [System.IO.Directory]::GetDirectories((Get-CopyPlace), "$script:Prefix*")) {
        $name = [System.IO.Path]::GetFileName($folder)
        if ($name -match $script:Mine -and -not (Test-Visit $name) -and -not (Test-Hive $name) -and (Test-Own $folder)) {
            Write-Debug (Remove-Copy $folder)
        }
    }
}

# Whether the visit that gave this name is still going on. The number of its process tells only as long as it has not
# opened its file: another process may have that number by now.
function Test-Visit {
    param([string]$Name)

    $folder = [System.IO.Path]::Combine((Get-CopyPlace), $Name)
    try {
        $file = New-Object -TypeName System.IO.FileStream -ArgumentList (
            [System.IO.Path]::Combine($folder, $script:InUse), 'Open', 'Read', 'None')
        $file.Dispose()
        return $false
    } catch {
        $inner = $_.Exception.GetBaseException()
        if ($inner -isnot [System.IO.FileNotFoundException] -and $inner -isnot [System.IO.DirectoryNotFoundException]) {
            return $true
        }
    }
    $owner = [int]$Name.Split('-')[1]
    return $owner -ne $PID -and $null -ne (Get-Process -Id $owner -ErrorAction SilentlyContinue)
}

# Everybody may make folders in C:\Windows\Temp: one that somebody else has made, or a link, is left alone.
function Test-Own {
    param([string]$Folder)

    if ([System.IO.File]::GetAttributes($Folder) -band [System.IO.FileAttributes]::ReparsePoint) {
        return $false
    }
    $self = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    $owner = (Get-Acl -LiteralPath $Folder).GetOwner([System.Security.Principal.SecurityIdentifier]).Value
    return $owner -eq $self -or $script:Trusted -contains $owner
}

Export-ModuleMember -Function Mount-LeeboardDefaultProfile, Dismount-LeeboardDefaultProfile
