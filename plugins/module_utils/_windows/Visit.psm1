# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell .Facts
#AnsibleRequires -PowerShell .bitlocker.BitLockerPolicy
#AnsibleRequires -PowerShell .bitlocker.BitLockerVolume
#AnsibleRequires -PowerShell .engine.Host
#AnsibleRequires -PowerShell .engine.Reading
#AnsibleRequires -PowerShell .firewall.FirewallProfile
#AnsibleRequires -PowerShell .logging.EventForwarding
#AnsibleRequires -PowerShell .logging.EventLog
#AnsibleRequires -PowerShell .registry.Registry
#AnsibleRequires -PowerShell .registry.RegistryAcl
#AnsibleRequires -PowerShell .registry.RegistryUser
#AnsibleRequires -PowerShell .remote.Certificates
#AnsibleRequires -PowerShell .remote.RemoteDesktop
#AnsibleRequires -PowerShell .remote.WinRm
#AnsibleRequires -PowerShell .security_policy.AccountLockout
#AnsibleRequires -PowerShell .security_policy.AuditPolicy
#AnsibleRequires -PowerShell .security_policy.UserRight
#AnsibleRequires -PowerShell .simple.PowerPolicy
#AnsibleRequires -PowerShell .simple.ServiceState
#AnsibleRequires -PowerShell .simple.WindowsTime
#AnsibleRequires -PowerShell .system.Identity
#AnsibleRequires -PowerShell .system.Profiles
#AnsibleRequires -PowerShell .vpn.VpnConnection

# One visit: everything that is asked of a machine, in one process, as one observation.
#
#     {"schema": 1, "platform": "windows", "observed_at": "2026-11-25T02:00:00Z", "identity": {...}, "facts": {...},
#      "readings": [reading, ...] by driver and address,
#      "challenge": what the visit was asked to echo; not there where nothing was,
#      "cost": {"children": n, "seconds": s, "cpu_seconds": own and the children's}}

Set-StrictMode -Version 2.0

# Driver -> the function that reads its addresses.
$script:Drivers = @{
    account_lockout = 'Read-LeeboardAccountLockout'
    audit_policy = 'Read-LeeboardAuditPolicy'
    bitlocker_policy = 'Read-LeeboardBitLockerPolicy'
    bitlocker_volume = 'Read-LeeboardBitLocker'
    certificate = 'Read-LeeboardCertificate'
    event_forwarding = 'Read-LeeboardEventForwarding'
    event_log = 'Read-LeeboardEventLog'
    firewall_profile = 'Read-LeeboardFirewallProfile'
    power_policy = 'Read-LeeboardPowerPolicy'
    registry = 'Read-LeeboardRegistry'
    registry_acl = 'Read-LeeboardRegistryAcl'
    registry_user = 'Read-LeeboardRegistryUser'
    remote_desktop = 'Read-LeeboardRemoteDesktop'
    service_state = 'Read-LeeboardServiceState'
    user_right = 'Read-LeeboardUserRight'
    vpn_connection = 'Read-LeeboardVpnConnection'
    windows_time = 'Read-LeeboardWindowsTime'
    winrm = 'Read-LeeboardWinRm'
}
$script:Personal = 'registry_acl', 'registry_user'  # drivers that read the registries of people

function Get-LeeboardObservation {
    <#
    .SYNOPSIS
    The observation of this machine. Nothing is thrown for a bad machine.
    .PARAMETER Addresses
    {driver: [address, ...]}
    .PARAMETER Challenge
    What the observation echoes, so that whoever asked knows it for the answer to this visit.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Addresses,
        [string]$Challenge = ''
    )

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $used, $children = (Get-Cpu), (Get-LeeboardChildren)
    $observedAt = Format-LeeboardTime (Get-LeeboardNow)
    $facts = Get-LeeboardFact
    $names = Get-Sorted $Addresses.Keys
    # People's registries together, before the rest: what was loaded for them is unloaded as soon as they are read.
    $personal = @{}
    Use-LeeboardProfile {
        foreach ($name in @($names | Where-Object { $script:Personal -ccontains $_ })) {
            $personal[$name] = @(Read-Driver $name @(Get-Sorted $Addresses[$name]))
        }
    }
    $readings = @(foreach ($name in $names) {
            if ($personal.ContainsKey($name)) { $personal[$name] } else { Read-Driver $name @(Get-Sorted $Addresses[$name]) }
        })
    $observation = [ordered]@{
        schema = 1
        platform = 'windows'
        observed_at = $observedAt
        identity = Get-LeeboardIdentity
        facts = $facts
        readings = [object[]]$readings
    }
    if ($Challenge) { $observation['challenge'] = $Challenge }
    $observation['cost'] = [ordered]@{
        children = (Get-LeeboardChildren) - $children
        seconds = [System.Math]::Round($watch.Elapsed.TotalSeconds, 3)
        cpu_seconds = [System.Math]::Round((Get-Cpu) - $used, 3)
    }
    return $observation
}

# Seconds of processor time of this process and of the programs it has waited for.
function Get-Cpu {
    $self = [System.Diagnostics.Process]::GetCurrentProcess()
    try {
        return $self.TotalProcessorTime.TotalSeconds + (Get-LeeboardChildSeconds)
    } finally {
        $self.Dispose()
    }
}

# Texts, each once, in an order that no language changes.
function Get-Sorted {
    param([AllowNull()][object]$Texts)

    $set = New-Object -TypeName 'System.Collections.Generic.SortedSet[string]' -ArgumentList ([StringComparer]::Ordinal)
    foreach ($text in $Texts) { [void]$set.Add([string]$text) }
    return [string[]]@($set)
}

# The readings of one driver, one for each address, whatever the driver does.
function Read-Driver {
    param([string]$Name, [AllowEmptyCollection()][AllowEmptyString()][string[]]$Wanted)

    if (-not $Wanted.Length) {
        return
    }
    $answers = $null
    $code, $why = 'driver_failed', 'the driver gave no reading'
    $function = $script:Drivers[$Name]
    if (-not $function) {
        $why = "this collection has no driver '$Name'"
    } elseif (-not (Test-Path -LiteralPath "Function:\$function")) {
        $why = "the functions of the driver '$Name' are not loaded"
    } else {
        try {
            $answers = & $function -Addresses $Wanted
        } catch {
            # A broken driver must not cost the readings of the others.
            $problem = ConvertTo-LeeboardProblem $_
            $code, $why = $problem.Code, $problem.Why
        }
    }
    foreach ($address in $Wanted) {
        $reading = $null
        if ($answers -is [System.Collections.IDictionary]) { $reading = $answers[$address] }
        if ($reading -is [System.Collections.IDictionary]) {
            $reading
        } else {
            $aspect = New-LeeboardUnreadable -Code $code -Why $why
            New-LeeboardReading -Driver $Name -Address $address -Effective $aspect
        }
    }
}

Export-ModuleMember -Function Get-LeeboardObservation
