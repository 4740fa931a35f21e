# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..group_policy.SecurityTemplate
#AnsibleRequires -PowerShell ..system.Profiles
#AnsibleRequires -PowerShell .SecurityExport

# The driver `user_right`: who has a right or privilege of Windows, such as SeSecurityPrivilege, as a list of SIDs.
# Names are translated and only shown.
#
# The section Privilege Rights of a security template ([MS-GPSB] 2.2.6): a right and its accounts, each *SID, or the
# name of a local account. Recalled: that an export leaves out a right that nobody has. UserRightChange.psm1 writes.

Set-StrictMode -Version 2.0

$script:Driver = 'user_right'
$script:Grammar = '\ASe[A-Z][A-Za-z]{1,60}(Privilege|Right)\z'
$script:Source = 'secedit.exe /export, [Privilege Rights]'

function Read-LeeboardUserRight {
    <#
    .SYNOPSIS
    A reading for each address. The source names the accounts.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if ($address -cnotmatch $script:Grammar) {
                throw (New-LeeboardProblem -Code malformed -Why "'$address' is no address of the driver $script:Driver")
            }
            $sids = [string[]]@(Get-LeeboardUserRight $address)
            $set = Resolve-LeeboardOwner { Get-LeeboardSecurityOwner $address }
            $names = [string[]]@($sids | ForEach-Object { Get-LeeboardAccountName $_ })
            $source = "$script:Source`: $(if ($names.Length) { [string]::Join(', ', $names) } else { 'nobody' })"
            $aspect = New-LeeboardValue -Value $sids -Type list -Source $source -Note $set.Note
            New-LeeboardReading -Driver $script:Driver -Address $address -Effective $aspect -Owner $set.Owner
        }
    }
    return $readings
}

function Get-LeeboardUserRight {
    <#
    .SYNOPSIS
    The SIDs of those who have a right, sorted; an account whose SID Windows does not know by its name.
    #>
    param([Parameter(Mandatory = $true)][string]$Right)

    $text = Get-LeeboardSecurityExport
    $rights = ConvertFrom-LeeboardTemplate $text 'Privilege Rights'
    if (-not (Test-LeeboardTemplate $text) -or -not $rights.Count) {
        throw (New-LeeboardProblem -Code malformed -Why 'what secedit.exe /export wrote has no user rights')
    }
    $found = foreach ($account in ([string]$rights[$Right]) -split ',') {
        $account = $account.Trim()
        if (-not $account) { continue }
        if ($account -match '^\*(?<sid>S-1-[0-9-]+)$') { $Matches['sid'] } else { Find-Sid $account }
    }
    return @($found | Sort-Object -Unique)
}

function Find-Sid {
    param([string]$Name)

    return Get-LeeboardOnce -Name "sid of $Name" -Read {
        try {
            $account = New-Object -TypeName System.Security.Principal.NTAccount -ArgumentList $Name
            $account.Translate([System.Security.Principal.SecurityIdentifier]).Value
        } catch {
            $Name
        }
    }
}

Export-ModuleMember -Function Read-LeeboardUserRight, Get-LeeboardUserRight
