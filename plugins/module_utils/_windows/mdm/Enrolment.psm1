# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..system.RegistryKey

# Which device management services (MDM) manage this machine. Three signs belong to an enrolment: below Enrollments the
# state 1 and the URL at which the service was found, and an account of OMA DM under the same id. Two of them alone are
# an enrolment under way, a broken one or the rest of one. Windows ships four keys that have a name and the state 1 and
# nothing more, and those say nothing. Microsoft documents none of these keys; that they are so is in public code, which
# tests/windows/standins/README.md names.

Set-StrictMode -Version 2.0

$script:Enrollments = 'HKLM\SOFTWARE\Microsoft\Enrollments'
$script:Accounts = 'HKLM\SOFTWARE\Microsoft\Provisioning\OMADM\Accounts'
$script:Shipped = 'Local Authority', 'Cloud Authority', 'Deploy Authority', 'WMI_Bridge_SCCM_Server'

function Get-LeeboardEnrolment {
    <#
    .SYNOPSIS
    @{Live; Doubts; Source}: the enrolments that hold, and in words those of which nobody can tell. Read once a visit.
    .DESCRIPTION
    Live is a table: the id in capitals and without braces -> @{Path; Provider; Words}, Words being the service as a
    finding names it.
    #>
    return Get-LeeboardOnce -Name 'MDM enrolments' -Read { Read-Enrolment }
}

function Read-Enrolment {
    $found = @{ Live = @{}; Doubts = @(); Source = $script:Enrollments }
    $accounts = @(Get-LeeboardSubkeyName $script:Accounts)
    foreach ($id in Get-LeeboardSubkeyName $script:Enrollments) {
        $path = "$script:Enrollments\$id"
        $provider, $state, $discovery = 'ProviderID', 'EnrollmentState', 'DiscoveryServiceFullURL' | ForEach-Object {
            [string](Get-LeeboardMachineValue $path $_)['value']
        }
        if (-not $discovery -and $script:Shipped -contains $provider) { continue }
        $signs = [ordered]@{
            'the state 1' = $state -eq '1'; 'a discovery URL' = [bool]$discovery
            'an account of OMA DM' = $accounts -contains $id
        }
        $has = @($signs.Keys | Where-Object { $signs[$_] })
        if ($has.Length -eq $signs.Count) {
            $words = Format-Service $provider $discovery
            $found.Live[$id.Trim('{}').ToUpperInvariant()] = @{ Path = $path; Provider = $provider; Words = $words }
        } elseif ($has.Length -eq $signs.Count - 1) {
            $lacks = @($signs.Keys | Where-Object { -not $signs[$_] })
            $found.Doubts += "$path ($provider) has $($has[0]) and $($has[1]), but not $($lacks[0])"
        }
    }
    return $found
}

# A service by its name, and by the server that it was found at, since Intune calls itself "MS DM Server".
function Format-Service {
    param([string]$Provider, [string]$Discovery)

    $server = $null
    if ([uri]::TryCreate($Discovery, [System.UriKind]::Absolute, [ref]$server) -and $server.Host) {
        return "the MDM service $Provider ($($server.Host))"
    }
    return "the MDM service $Provider"
}

Export-ModuleMember -Function Get-LeeboardEnrolment
