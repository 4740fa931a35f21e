# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..engine.ToolFile
#AnsibleRequires -PowerShell ..group_policy.SecurityTemplate

# The local security policy as secedit.exe writes it, and changes of it. One export serves every driver of a visit.
# https://learn.microsoft.com/windows-server/administration/windows-commands/secedit-export and -configure. Recalled:
# that /export without /db asks the system and not a database of templates; that status 3 is "done, with warnings" (an
# account in the policy that no longer exists, for instance; https://github.com/ansible/ansible/issues/48849 has the
# words), so that what is in the file or in the system tells, and not the status.

Set-StrictMode -Version 2.0

$script:Program = 'secedit.exe'
$script:WithWarnings = 3

function Get-LeeboardSecurityExport {
    <#
    .SYNOPSIS
    The account policy and the user rights that are in force, as the text of a security template. Read once a visit.
    .NOTES
    Throws a problem. Whether the text is a template at all is the reader's to see.
    #>
    return Get-LeeboardOnce -Name 'security export' -Read {
        Use-LeeboardToolFolder {
            param($folder)
            $file = [System.IO.Path]::Combine($folder, 'policy.inf')
            [void](Invoke-LeeboardTool $script:Program '/export', '/areas', 'SECURITYPOLICY', 'USER_RIGHTS', '/cfg',
                $file -AlsoDone $script:WithWarnings)
            if (-not (Test-Path -LiteralPath $file)) {
                throw (New-LeeboardProblem -Code malformed -Why "$script:Program /export wrote no file")
            }
            Read-LeeboardToolText $file
        }
    }
}

function Set-LeeboardSecurityTemplate {
    <#
    .SYNOPSIS
    Apply a template that holds one section and nothing else. Everything that was read is forgotten.
    .PARAMETER Area
    What secedit.exe looks at in it: SECURITYPOLICY or USER_RIGHTS.
    .PARAMETER Keys
    An ordered dictionary of keys and values.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Area,
        [Parameter(Mandatory = $true)][string]$Section,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Keys
    )

    $template = ConvertTo-LeeboardTemplate -Section $Section -Keys $Keys
    try {
        Use-LeeboardToolFolder {
            param($folder)
            $file = [System.IO.Path]::Combine($folder, 'wanted.inf')
            [System.IO.File]::WriteAllText($file, $template, [System.Text.Encoding]::Unicode)
            $database = [System.IO.Path]::Combine($folder, 'wanted.sdb')
            [void](Invoke-LeeboardTool $script:Program '/configure', '/db', $database, '/cfg', $file, '/areas', $Area,
                '/quiet' -AlsoDone $script:WithWarnings)
        }
    } finally {
        Reset-LeeboardCache
    }
}

Export-ModuleMember -Function Get-LeeboardSecurityExport, Set-LeeboardSecurityTemplate
