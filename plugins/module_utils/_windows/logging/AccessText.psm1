# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading

# Access lists as text (SDDL): who is allowed what. Pure: text in, accounts and masks out.
# https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format and ace-strings

Set-StrictMode -Version 2.0

# Rights as pairs of letters: of a kind of object in the order of their bits, standard, generic.
$script:Rights = @{
    CC = 0x1; DC = 0x2; LC = 0x4; SW = 0x8; RP = 0x10; WP = 0x20; DT = 0x40; LO = 0x80; CR = 0x100
    SD = 0x10000; RC = 0x20000; WD = 0x40000; WO = 0x80000
    GA = 0x10000000; GX = 0x20000000; GW = 0x40000000; GR = 0x80000000L
}
# https://learn.microsoft.com/windows/win32/secauthz/sid-strings
$script:Accounts = @{
    AN = 'S-1-5-7'; AU = 'S-1-5-11'; BA = 'S-1-5-32-544'; BG = 'S-1-5-32-546'; BO = 'S-1-5-32-551'; BU = 'S-1-5-32-545'
    CO = 'S-1-3-0'; ER = 'S-1-5-32-573'; IU = 'S-1-5-4'; LS = 'S-1-5-19'; NS = 'S-1-5-20'; NU = 'S-1-5-2'
    OW = 'S-1-3-4'; PU = 'S-1-5-32-547'; SO = 'S-1-5-32-549'; SU = 'S-1-5-6'; SY = 'S-1-5-18'; WD = 'S-1-1-0'
}

function ConvertFrom-LeeboardAccessText {
    <#
    .SYNOPSIS
    Who is allowed what in a security descriptor: mask by account, a SID, or its letters where these are not known here.
    .DESCRIPTION
    Entries that deny are left out of account: which of them wins depends on the groups of whoever asks. The owner may
    always change the list, and counts as one who may (WRITE_DAC). Without a list everybody may do everything.
    .NOTES
    Throws the problem malformed.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text)

    $masks = @{}
    $owner = '(O:(?<owner>S-[0-9-]+|[A-Z]{2}))?(G:(S-[0-9-]+|[A-Z]{2}))?'
    if ($Text -notmatch "\A$owner(D:(?<flags>[A-Z_]*)(?<list>(\([^()]*\))*))?(S:[A-Z]*(\([^()]*\))*)?\z") {
        throw (New-LeeboardProblem -Code malformed -Why "'$Text' is no security descriptor")
    }
    $whole = $Matches
    if ($whole['owner']) { $masks[(Get-Account $whole['owner'])] = $script:Rights.WD }
    if (-not $Text.Contains('D:') -or $whole['flags'] -match 'NO_ACCESS_CONTROL') {
        $masks['S-1-1-0'] = $script:Rights.GA
    }
    foreach ($entry in @([regex]::Matches([string]$whole['list'], '\(([^()]*)\)'))) {
        $kind, $flags, $rights, $null, $null, $who = $entry.Groups[1].Value -split ';'
        if ($kind -notin 'A', 'XA' -or $flags -match '^(..)*IO') { continue }
        $account = Get-Account $who
        $masks[$account] = [long]$masks[$account] -bor (Get-Mask $rights)
    }
    return $masks
}

function Get-Account {
    param([string]$Letters)

    if ($script:Accounts.ContainsKey($Letters)) { return $script:Accounts[$Letters] }
    return $Letters
}

function Get-Mask {
    param([string]$Rights)

    if ($Rights -match '^0x[0-9a-fA-F]{1,8}$') { return [long][System.Convert]::ToUInt32($Rights, 16) }
    if ($Rights -match '^[0-9]{1,10}$') { return [long]$Rights }
    $mask = [long]0
    foreach ($pair in @([regex]::Matches($Rights, '..'))) {
        if (-not $script:Rights.ContainsKey($pair.Value)) {
            throw (New-LeeboardProblem -Code malformed -Why "the right $($pair.Value) in an access list is not known")
        }
        $mask = $mask -bor $script:Rights[$pair.Value]
    }
    return $mask
}

Export-ModuleMember -Function ConvertFrom-LeeboardAccessText
