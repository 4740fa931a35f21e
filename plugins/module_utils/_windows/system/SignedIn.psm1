# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading

# Who is signed in to this machine as a person: at its screen or by Remote Desktop, not over the network, as a service or
# for a task. Windows also loads the registry of accounts that come by those ways, WinRM's among them.
#
# Win32_LogonSession has the type of each session, Win32_LoggedOnUser whose it is (Microsoft, CIMWin32 WMI providers).

Set-StrictMode -Version 2.0

# LogonType: Interactive, Unlock, RemoteInteractive, CachedInteractive, CachedRemoteInteractive, CachedUnlock.
$script:Interactive = 2, 7, 10, 11, 12, 13

function Test-LeeboardSignedIn {
    <#
    .SYNOPSIS
    Whether an account is signed in as a person. One whose name Windows does not know counts as one.
    .PARAMETER Name
    DOMAIN\NAME, or the SID where Windows does not know the name.
    .NOTES
    Throws a problem where Windows does not say who is signed in.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    return $Name -match '\AS-1-' -or (Get-LeeboardOnce -Name 'who is signed in' -Read { Find-Person }).ContainsKey($Name)
}

function Find-Person {
    $sessions = @{}
    $all = @(Get-LeeboardCim -ClassName Win32_LogonSession)
    if (-not $all.Length) {
        throw (New-LeeboardProblem -Code failed -Why 'Windows names no session of anybody, its own included')
    }
    foreach ($one in $all) {
        if ($script:Interactive -contains $one.LogonType) { $sessions[[string]$one.LogonId] = $true }
    }
    $names = @{}
    foreach ($one in @(Get-LeeboardCim -ClassName Win32_LoggedOnUser)) {
        if ($sessions.ContainsKey([string]$one.Dependent.LogonId)) {
            $names["$($one.Antecedent.Domain)\$($one.Antecedent.Name)"] = $true
        }
    }
    return $names
}

Export-ModuleMember -Function Test-LeeboardSignedIn
