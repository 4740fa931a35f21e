# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..registry.Registry

# The driver `event_log`, changing: what is written is the policy, which wins. No log is cleared by that.

Set-StrictMode -Version 2.0

$script:Policies = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog'

function Get-LeeboardEventLogChange {
    <#
    .SYNOPSIS
    The edits that changes come to: values of the policy. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value: KB for LOG:MaxSize, `overwrite` for LOG:Retention.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Changes)

    $values = foreach ($change in $Changes) {
        if ($change.address -cnotmatch '\A(?<log>Application|Security|Setup|System):(?<name>MaxSize|Retention)\z') {
            Stop-Change "'$($change.address)' cannot be changed by the driver event_log"
        }
        $address = "$script:Policies\$($Matches['log']):$($Matches['name'])"
        if ($Matches['name'] -eq 'MaxSize') {
            # EventLog.admx: from 1024 KB on.
            $number = [long]0
            $isNumber = [long]::TryParse([string]$change.value, [ref]$number)
            if (-not $isNumber -or $number -lt 1024 -or $number -gt 2147483647) {
                Stop-Change "$($change.address)`: a size is 1024 to 2147483647 KB"
            }
            @{ address = $address; value = $number; type = 'dword' }
        } elseif ($change.value -cne 'overwrite') {
            Stop-Change "$($change.address)`: only overwrite is written; else a log stops, or fills the disk"
        } else {
            @{ address = $address; value = '0'; type = 'string' }
        }
    }
    return Get-LeeboardRegistryChange -Changes @($values)
}

function Stop-Change {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

Export-ModuleMember -Function Get-LeeboardEventLogChange
