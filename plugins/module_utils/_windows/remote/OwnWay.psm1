# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell .WinRm

# How whoever changes this machine came to it, so that a step can be refused which would shut them out. As on Linux
# (system/came_by.py) nothing of it is an argument: a router between the two makes another address of the controller's.
#
# Windows names the port of a connection, but not the process that it belongs to (all of WinRM's are the kernel's). So
# every connection to a port on which WinRM listens may be ours. Whoever signs in by Basic has a session of the type
# NetworkCleartext, whoever comes by Negotiate or Kerberos one of the type Network; whether WinRM does so has to be seen on
# a real machine (docs/windows.md). OpenSSH signs people in as NetworkCleartext too, and says so in SSH_CONNECTION.

Set-StrictMode -Version 2.0

$script:InClear = 8  # Win32_LogonSession.LogonType, NetworkCleartext

function Get-LeeboardOwnWay {
    <#
    .SYNOPSIS
    @{Ports; From; Transports; Basic}: the ports and addresses that we may have come by.
    .DESCRIPTION
    Transports are those of WinRM's listeners among the ports (HTTP, HTTPS). Basic is whether we may have signed in by
    Basic authentication, and $null where Windows does not say. Throws a problem where Windows does not answer.
    #>
    return Get-LeeboardOnce -Name 'our own way' -Read { Find-Way }
}

function Test-LeeboardPortInUse {
    <#
    .SYNOPSIS
    Whether anybody is connected to a port of this machine at this moment: us, or somebody else.
    #>
    param([Parameter(Mandatory = $true)][int]$Port)

    return [bool]@(Get-Connection | Where-Object { $_.Port -eq $Port }).Length
}

function Find-Way {
    $ssh = @((Get-SshConnection) -split ' ')
    if ($ssh.Length -eq 4) {
        return @{ Ports = [int[]]@($ssh[3]); From = [string[]]@($ssh[0]); Transports = @(); Basic = $false }
    }
    $listeners = @((Get-LeeboardWinRmListener).Listeners | Where-Object { $null -ne $_ })
    $ports = @($listeners | ForEach-Object { [int]$_.port })
    $ours = @(Get-Connection | Where-Object { $ports -contains $_.Port })
    $used = @($ours | ForEach-Object { $_.Port } | Sort-Object -Unique)
    $transports = @($listeners | Where-Object { $used -contains [int]$_.port } | ForEach-Object { $_.transport })
    return @{
        Ports = [int[]]$used
        From = [string[]]@($ours | ForEach-Object { $_.From } | Sort-Object -Unique)
        Transports = [string[]]@($transports | Sort-Object -Unique)
        Basic = $(if ($used.Length) { Test-Basic } else { $false })
    }
}

function Get-SshConnection {
    return [string][System.Environment]::GetEnvironmentVariable('SSH_CONNECTION')
}

# The connections of others to this machine that are there now: @{Port; From}.
function Get-Connection {
    $all = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpConnections()
    foreach ($one in $all) {
        if ([string]$one.State -ne 'Established') { continue }
        $from = $one.RemoteEndPoint.Address
        if ($from.IsIPv4MappedToIPv6) { $from = $from.MapToIPv4() }
        @{ Port = $one.LocalEndPoint.Port; From = ([string]$from -replace '%.*\z') }
    }
}

# Whether a session of our own account was opened with a password in clear; $null where it has none that Windows names.
function Test-Basic {
    $name = Get-OwnName
    $mine = @{}
    foreach ($one in @(Get-LeeboardCim -ClassName Win32_LoggedOnUser)) {
        $who = "$($one.Antecedent.Domain)\$($one.Antecedent.Name)"
        if ($who -eq $name) { $mine[[string]$one.Dependent.LogonId] = $true }
    }
    $types = @(Get-LeeboardCim -ClassName Win32_LogonSession | Where-Object { $mine.ContainsKey([string]$_.LogonId) } |
            ForEach-Object { [int]$_.LogonType })
    if (-not $types.Length) { return $null }
    return $types -contains $script:InClear
}

function Get-OwnName {
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    try { return $identity.Name } finally { $identity.Dispose() }
}

Export-ModuleMember -Function Get-LeeboardOwnWay, Test-LeeboardPortInUse
