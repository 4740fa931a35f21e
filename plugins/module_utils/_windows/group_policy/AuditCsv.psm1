# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The CSV form of an audit policy: what `auditpol.exe /backup` writes and what a group policy carries as audit.csv.
# Pure: text in, lines out. The form is that of [MS-GPAC] section 2.2 (revision of 2024-04-23): Machine Name, Policy
# Target, Subcategory, Subcategory GUID, Inclusion Setting, Exclusion Setting, Setting Value. Headers and texts are in
# the language of whoever wrote them, and the header may be missing; the columns keep their order.

Set-StrictMode -Version 2.0

$script:Columns = 'Machine', 'Target', 'Subcategory', 'Guid', 'Inclusion', 'Exclusion', 'Value'
$script:Guid = '^\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}$'

function ConvertFrom-LeeboardAuditCsv {
    <#
    .SYNOPSIS
    The lines about subcategories of the system's audit policy, in their order: @{Guid; Value}, both as text.
    .DESCRIPTION
    Left out are the header, the audit options and the global SACLs, which have no GUID, and the lines of single users:
    their Policy Target is not System ([MS-GPAC] 2.2.1.1), or where that word is translated, it is a SID or an account,
    or their Exclusion Setting is not empty ([MS-GPAC] 3.2.5).
    .PARAMETER Text
    The text of the file, without a byte-order mark.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text)

    $lines = @($Text -split '\r\n|\n|\r' | Where-Object { $_.Contains('{') } |
        ConvertFrom-Csv -Header $script:Columns | Where-Object { $_.Guid -match $script:Guid })
    $isEnglish = @($lines | Where-Object { $_.Target -eq 'System' }).Length -gt 0
    foreach ($line in $lines) {
        $isOneUser = $line.Exclusion -or $line.Target -match '^S-1-|[\\@]'
        if ($isEnglish) { $isOneUser = $line.Target -ne 'System' }
        if (-not $isOneUser) {
            @{ Guid = $line.Guid.ToUpperInvariant(); Value = "$($line.Value)".Trim() }
        }
    }
}

Export-ModuleMember -Function ConvertFrom-LeeboardAuditCsv
