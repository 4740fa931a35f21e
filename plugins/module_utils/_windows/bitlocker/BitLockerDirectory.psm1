# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Recovery passwords that a directory keeps, where the school says so (`place` of a wish: ad, entra). Windows makes them
# and gives them away by itself; nobody here learns one. Data in, data out: what is asked of Windows is a step as others.
#
# A password is kept where the device says so: by the newest event about its protector (BitLockerKept.psm1), or by a
# method that returned 0 in this change (`backed_up`). S_FALSE and every other code are refusals. Whether the directory
# has it still the controller asks there: those that it has not (`not_there`) are given to it again.
#
# BackupRecoveryInformationToActiveDirectory has a page of its own. BackupRecoveryInformationToCloudDomain has none: it is
# what BackupToAAD-BitLockerKeyProtector calls (the module BitLocker of Windows), and microsoft/wmi has its one parameter.

Set-StrictMode -Version 2.0

$script:SystemKind = 0
$script:Decrypted = 0
$script:Places = @{
    ad = @{ Name = 'Active Directory'; Method = 'BackupRecoveryInformationToActiveDirectory'; Lacks = 'a member of no domain' }
    entra = @{ Name = 'Entra'; Method = 'BackupRecoveryInformationToCloudDomain'; Lacks = 'not joined to Entra' }
}

function Get-LeeboardDirectory {
    <#
    .SYNOPSIS
    Name, Method and Lacks (what a device is that is no member) of the directory that keeps recovery passwords; $null
    where the vault does.
    #>
    param([Parameter(Mandatory = $true)][System.Collections.IDictionary]$Wish)

    if ($Wish['place']) { return $script:Places[[string]$Wish['place']] }
}

function Get-LeeboardDirectoryWish {
    <#
    .SYNOPSIS
    A copy of a wish, with what the device says of its directory: kept, the ids of the passwords that are there, and used,
    those that were typed at the device since.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Now,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Wish
    )

    $copy = @{}
    foreach ($part in $Wish.Keys) { $copy[$part] = $Wish[$part] }
    $kept = Get-Kept $Now
    $isGone = @($Wish['not_there'] | Where-Object { $_ })
    $taken = @(Get-TakenId $kept $Wish['place'] | Where-Object { $isGone -notcontains $_ })
    $copy['kept'] = $taken + @($Wish['backed_up'] | Where-Object { $_ })
    $copy['used'] = @($kept['used'] | Where-Object { $_ })
    return $copy
}

function Get-LeeboardDirectoryRefusal {
    <#
    .SYNOPSIS
    Why the directory would not keep the recovery password of a volume, as texts; none where nothing stands in the way.
    #>
    param(
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Now,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Volume,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Wish
    )

    $directory, $isSystem = (Get-LeeboardDirectory $Wish), ($Volume.kind -eq $script:SystemKind)
    if ($Now['joined'] -isnot [array]) {
        return "whether this device is a member of $($directory.Name) cannot be told: $($Now['joined'])"
    }
    if ($Now.joined -notcontains $Wish.place) {
        return "this device is $($directory.Lacks), so $($directory.Name) keeps no recovery password of it " +
            '(leeboard_recovery_passwords)'
    }
    if ($Wish.place -eq 'ad') {
        $group = if ($isSystem) { 'OS' } else { 'FDV' }
        foreach ($name in "${group}Recovery", "${group}ActiveDirectoryBackup") {
            if ($Now.policy[$name] -ne 1) {
                return "no group policy permits that recovery passwords go to Active Directory ($name is not 1); the policy " +
                    'comes first (ENC-07)'
            }
        }
    }
    # Windows forgets a test that failed with the next start, and nobody here has a ledger of it.
    if ($isSystem -and $Volume.conversion -eq $script:Decrypted -and -not (@($Wish['options']) -contains 'retry_test')) {
        $here = @($Now.volumes | ForEach-Object { $_.protectors } | Where-Object { $_ } | ForEach-Object { $_.id })
        $gone = @(Get-TakenId (Get-Kept $Now) $Wish.place | Where-Object { $here -notcontains $_ })
        if ($gone.Length -and -not @($Volume.protectors | Where-Object { $_ }).Length) {
            "$($directory.Name) took recovery password $($gone[0]), which is gone: its hardware test failed, or somebody " +
                'decrypted it; look at the TPM and the firmware, then ask for another try by name (retry_test)'
        }
    }
}

# What the device says of who took its recovery passwords; it stands with the volume of Windows.
function Get-Kept {
    param([System.Collections.IDictionary]$Now)

    foreach ($volume in $Now.volumes) {
        if ($volume.kind -eq $script:SystemKind -and $volume['kept']) { return $volume.kept }
    }
    return @{}
}

# The ids of the passwords that a place took, in the form that protectors have.
function Get-TakenId {
    param([System.Collections.IDictionary]$Kept, [string]$Place)

    foreach ($one in @($Kept['backups'] | Where-Object { $_ })) {
        if ($one.done -and $one.where -eq $Place -and $one.id) { "{$($one.id.Trim('{', '}').ToUpperInvariant())}" }
    }
}

Export-ModuleMember -Function Get-LeeboardDirectory, Get-LeeboardDirectoryWish, Get-LeeboardDirectoryRefusal
