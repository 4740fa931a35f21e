# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..registry.Registry
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .EventForwarding

# The driver `event_forwarding`, changing: exactly the collectors that are asked for in the policy. An entry for the same
# host keeps how often it is asked and whose certificates count; entries for other hosts are taken out, and are in the
# journal.

Set-StrictMode -Version 2.0

$script:Key = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager'
$script:Refresh = 'Refresh=900'  # seconds; ours, for an entry that was not there

function Get-LeeboardEventForwardingChange {
    <#
    .SYNOPSIS
    The edits that a change comes to. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    One dictionary with the address `collector` and, as value, the URLs of the collectors with blanks between them.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Changes)

    $asked = @($Changes | ForEach-Object {
            if ($_.address -cne 'collector') {
                Stop-Change "'$($_.address)' cannot be changed by the driver event_forwarding"
            }
            [string]$_.value
        } | Select-Object -Unique)
    $urls = @($asked[0] -split '\s+' | Where-Object { $_ } | Select-Object -Unique)
    $wrong = @($urls | Where-Object { $_ -notmatch '\Ahttps?://[A-Za-z0-9.\[\]:-]{1,260}(/[A-Za-z0-9._~/-]*)?\z' })
    if ($asked.Length -ne 1 -or -not $urls.Length -or $wrong.Length) {
        Stop-Change ('collector is one URL, such as https://HOST:5986/wsman/SubscriptionManager/WEC, or several with ' +
            'blanks between them')
    }
    $found = @(Get-LeeboardSubscription)
    $taken = @($found | ForEach-Object { $_.Name })
    $kept = @{}  # name of an entry -> its text
    foreach ($url in $urls) {
        # The entry that is right already, or else one for the same host.
        $same = @($found | Where-Object { -not $kept.ContainsKey($_.Name) -and $_.Url -eq $url }) +
            @($found | Where-Object { -not $kept.ContainsKey($_.Name) -and (Get-UrlHost $_.Url) -eq (Get-UrlHost $url) })
        if ($same.Length) {
            $name, $options = $same[0].Name, $same[0].Options
        } else {
            $name = @(1..($taken.Length + 1) | Where-Object { $taken -notcontains [string]$_ })[0]
            $options = @($script:Refresh)
            $taken += [string]$name
        }
        $kept[[string]$name] = [string]::Join(',', [string[]](@("Server=$url") + @($options)))
    }
    foreach ($one in $found) {
        if (-not $kept.ContainsKey($one.Name)) {
            $before = @{ state = 'value'; type = 'string'; value = $one.Text }
            @{ Target = "$script:Key`:$($one.Name)"; Before = $before; After = @{ state = 'absent' } }
        }
    }
    foreach ($name in @($kept.Keys | Sort-Object)) {
        @{
            Target = "$script:Key`:$name"
            Before = Get-LeeboardMachineValue -Path $script:Key -Name $name
            After = @{ state = 'value'; type = 'string'; value = $kept[$name] }
        }
    }
}

function Stop-Change {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

function Get-UrlHost {
    param([string]$Url)

    return ($Url -replace '^https?://' -replace '[:/][^\]]*$').TrimEnd('.')
}

function Set-LeeboardEventForwardingChange {
    <#
    .SYNOPSIS
    Write the entries, and take the others out.
    #>
    param([Parameter(Mandatory = $true)][object[]]$Edits)

    Set-LeeboardRegistryChange -Edits @($Edits | Where-Object { $_.After.state -eq 'value' })
    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    try {
        $key = $root.OpenSubKey($script:Key.Substring('HKLM\'.Length), $true)
        try {
            foreach ($edit in @($Edits | Where-Object { $_.After.state -eq 'absent' })) {
                $key.DeleteValue($edit.Target.Substring($script:Key.Length + 1), $false)
            }
        } finally {
            $key.Dispose()
        }
    } finally {
        $root.Dispose()
    }
}

Export-ModuleMember -Function Get-LeeboardEventForwardingChange, Set-LeeboardEventForwardingChange
