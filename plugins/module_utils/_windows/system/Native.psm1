# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading

# What only the Windows API gives: when a registry key was last written, loading the registry file of a profile, how a
# machine sleeps, how long it was awake, and a rename that is on the disk when it is done.
# The functions are declared by reflection, since Add-Type would start the C# compiler on every visit (Windows
# PowerShell runs it as a program of its own).

Set-StrictMode -Version 2.0

$script:HkeyUsers = [System.IntPtr]-2147483645  # HKEY_USERS, 0x80000003 with its sign carried on
$script:Api = $null

# name -> return type and parameters, and the library if it is another than advapi32.dll.
# https://learn.microsoft.com/windows/win32/api/winreg/, securitybaseapi/, powerbase/,
# realtimeapiset/ and winbase/
$script:Functions = @{
    RegQueryInfoKeyW      = [int], ([type[]](@([System.IntPtr]) * 11) + [long].MakeByRefType())
    RegLoadKeyW           = [int], [type[]]([System.IntPtr], [string], [string])
    RegUnLoadKeyW         = [int], [type[]]([System.IntPtr], [string])
    LookupPrivilegeValueW = [bool], [type[]]([System.IntPtr], [string], [long].MakeByRefType())
    AdjustTokenPrivileges = [bool], [type[]]([System.IntPtr], [bool], [byte[]], [int], [System.IntPtr], [System.IntPtr])
    GetPwrCapabilities    = [byte], [type[]](, [byte[]]), 'powrprof.dll'
    QueryUnbiasedInterruptTime = [bool], [type[]](, [long].MakeByRefType()), 'kernel32.dll'
    MoveFileExW           = [bool], [type[]]([string], [string], [int]), 'kernel32.dll'
}
# SYSTEM_POWER_CAPABILITIES (winnt.h): 76 bytes, of which the 21st, AoAc, is whether the machine sleeps in S0.
$script:PowerCapabilities, $script:SleepsInS0 = 76, 20
$script:WriteThrough = 8  # MOVEFILE_WRITE_THROUGH

# The functions as static methods of one type, declared on first use.
function Get-Api {
    if ($null -ne $script:Api) {
        return $script:Api
    }
    $name = New-Object -TypeName System.Reflection.AssemblyName -ArgumentList 'LeeboardNative'
    $assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly($name, 'Run')
    $type = $assembly.DefineDynamicModule('LeeboardNative').DefineType('LeeboardNative', 'Public')
    foreach ($function in $script:Functions.Keys) {
        $returns, $parameters, $library = $script:Functions[$function]
        if (-not $library) { $library = 'advapi32.dll' }
        $method = $type.DefinePInvokeMethod(
            $function, $library, 'Public, Static, PinvokeImpl', 'Standard', $returns, $parameters, 'Winapi',
            'Unicode')
        $method.SetImplementationFlags('PreserveSig')
    }
    $script:Api = $type.CreateType()
    return $script:Api
}

function Get-LeeboardKeyTime {
    <#
    .SYNOPSIS
    When a value or a direct subkey of an open registry key was last written, in UTC.
    #>
    param([Parameter(Mandatory = $true)][Microsoft.Win32.RegistryKey]$Key)

    $api = Get-Api
    $none = [System.IntPtr]::Zero
    [long]$written = 0
    $handle = $Key.Handle.DangerousGetHandle()
    $status = $api::RegQueryInfoKeyW(
        $handle, $none, $none, $none, $none, $none, $none, $none, $none, $none, $none, [ref]$written)
    Assert-Status $status "the time at which $($Key.Name) was last written could not be read"
    return [datetime]::FromFileTimeUtc($written)
}

function Mount-LeeboardHive {
    <#
    .SYNOPSIS
    Load a registry file below HKEY_USERS. Whoever calls this unloads it again, whatever happens.
    #>
    param([Parameter(Mandatory = $true)][string]$Name, [Parameter(Mandatory = $true)][string]$File)

    $api = Get-Api
    Enable-Restoring
    Assert-Status $api::RegLoadKeyW($script:HkeyUsers, $Name, $File) "$File could not be loaded"
}

function Dismount-LeeboardHive {
    <#
    .SYNOPSIS
    Unload a registry file. Every key of it must have been closed.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    $api = Get-Api
    Enable-Restoring
    Assert-Status $api::RegUnLoadKeyW($script:HkeyUsers, $Name) "HKEY_USERS\$Name could not be unloaded"
}

function Test-LeeboardModernStandby {
    <#
    .SYNOPSIS
    Whether this machine sleeps with its processor at rest and its memory on (S0 low power idle, Modern Standby).
    #>
    $api = Get-Api
    # Room to spare, should a Windows of tomorrow write more.
    $capabilities = New-Object -TypeName 'byte[]' -ArgumentList (4 * $script:PowerCapabilities)
    if (-not $api::GetPwrCapabilities($capabilities)) {
        throw (New-LeeboardProblem -Code failed -Why 'Windows does not say how this machine sleeps')
    }
    return $capabilities[$script:SleepsInS0] -ne 0
}

function Get-LeeboardAwakeTime {
    <#
    .SYNOPSIS
    Units of 100 ns that this machine was awake since its start, whatever its clock says.
    #>
    $api = Get-Api
    [long]$time = 0
    if (-not $api::QueryUnbiasedInterruptTime([ref]$time)) {
        throw (New-LeeboardProblem -Code failed -Why 'Windows does not say how long it was awake')
    }
    return $time
}

function Move-LeeboardFile {
    <#
    .SYNOPSIS
    Rename a file to a name that is free, and wait until that is on the disk. Whether it was done: not where there is no
    such file any more.
    #>
    param([Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][string]$Target)

    $api = Get-Api
    return [bool]$api::MoveFileExW($Path, $Target, $script:WriteThrough)
}

# Switch on the privileges that loading a registry file needs, for this short-lived process. An account that does not
# have them is told so by the call that needs them.
function Enable-Restoring {
    $api = Get-Api
    $none = [System.IntPtr]::Zero
    $access = [System.Security.Principal.TokenAccessLevels]'Query, AdjustPrivileges'
    $self = [System.Security.Principal.WindowsIdentity]::GetCurrent($access)
    try {
        foreach ($privilege in 'SeRestorePrivilege', 'SeBackupPrivilege') {
            [long]$luid = 0
            if ($api::LookupPrivilegeValueW($none, $privilege, [ref]$luid)) {
                # TOKEN_PRIVILEGES: a count of one, the LUID, SE_PRIVILEGE_ENABLED.
                $wanted = [System.BitConverter]::GetBytes(1) + [System.BitConverter]::GetBytes($luid) +
                    [System.BitConverter]::GetBytes(2)
                [void]$api::AdjustTokenPrivileges($self.Token, $false, [byte[]]$wanted, 0, $none, $none)
            }
        }
    } finally {
        $self.Dispose()
    }
}

# Throw what a status of the Windows API means. https://learn.microsoft.com/windows/win32/debug/system-error-codes
function Assert-Status {
    param([int]$Status, [string]$What)

    if ($Status -eq 0) {
        return
    }
    $code = 'failed'
    switch ($Status) {
        { $_ -in 5, 1314 } { $code = Get-LeeboardDenial }  # ERROR_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD
        { $_ -in 1009, 1015, 1017 } { $code = 'malformed' }  # ERROR_BADDB, _REGISTRY_CORRUPT, _NOT_REGISTRY_FILE
        { $_ -in 32, 33 } { $code = 'busy' }  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
    }
    $words = (New-Object -TypeName System.ComponentModel.Win32Exception -ArgumentList $Status).Message
    throw (New-LeeboardProblem -Code $code -Why "$What`: $words (error $Status)")
}

Export-ModuleMember -Function Get-LeeboardKeyTime, Mount-LeeboardHive, Dismount-LeeboardHive,
    Test-LeeboardModernStandby, Get-LeeboardAwakeTime, Move-LeeboardFile
