# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..firewall.FirewallPlace
#AnsibleRequires -PowerShell ..remote.WinRm
#AnsibleRequires -PowerShell ..system.RegistryKey

# What is there before the change, as lines for the script that puts it back (PutBackScript.psm1): words between tabs,
# text in base64 (UTF-8), data in base64 as the registry has it.
#
#     value    KEY NAME absent
#     value    KEY NAME KIND DATA        KIND as in Microsoft.Win32.RegistryValueKind
#     key      KEY                       that is not there; taken away again where it is empty, the deepest first
#     service  NAME START DELAYED RUNS RESTART       START is the registry's number; the others are 0 or 1
#     service  NAME absent
#     profile  PROFILE NAME WORD KEY VALUE NUMBER    of the firewall's own store; WORD alone where it was not configured
#     rule     NAME PROTOCOL PORTS FROM ON RAW       of the firewall's own store, RAW as the registry has it in base64
#     rule     NAME absent
#     entry    PATH NAME absent          of a phonebook, which has no such entry
#     entry    PATH NAME DATA            its bytes, from its name to the next one
#     listener TRANSPORT ADDRESS ON      of WinRM; ON is true or false

Set-StrictMode -Version 2.0

$script:Services = 'HKLM\SYSTEM\CurrentControlSet\Services'

function Get-LeeboardPlan {
    <#
    .SYNOPSIS
    The lines of the plan for these covers. Throws a problem for a value that could not be brought back as it is.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Covers)

    $values = @($Covers | ForEach-Object { $_.Values } | Where-Object { $_ } | Sort-Object -Unique)
    $keys = @()
    foreach ($address in $values) {
        $path, $name = Split-LeeboardValueAddress HKLM $address checkpoint 'refused'
        Get-ValueLine $path $name
        for ($above = $path; -not (Test-Key $above); $above = $above.Substring(0, $above.LastIndexOf('\'))) {
            if ($keys -notcontains $above) { $keys += $above }
        }
    }
    foreach ($key in @($keys | Sort-Object -Property Length -Descending)) { "key`t$(ConvertTo-Code $key)" }
    foreach ($place in @($Covers | ForEach-Object { $_.Firewall } | Where-Object { $_ } | Sort-Object -Unique)) {
        Get-LeeboardFirewallPlan -Target $place
    }
    foreach ($entry in @($Covers | ForEach-Object { $_.Entries } | Where-Object { $_ })) { Get-EntryLine $entry }
    foreach ($one in @($Covers | ForEach-Object { $_.Listeners } | Where-Object { $_ })) { Get-ListenerLine $one }
    $restart = @($Covers | ForEach-Object { $_.Restart } | Where-Object { $_ })
    $services = @($Covers | ForEach-Object { $_.Services } | Where-Object { $_ }) + $restart
    foreach ($name in @($services | Sort-Object -Unique)) { Get-ServiceLine $name ($restart -contains $name) }
}

function ConvertTo-Code {
    param([AllowEmptyString()][string]$Text)

    return [System.Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes($Text))
}

function Test-Key {
    param([string]$Path)

    $key = Open-LeeboardKey $Path
    if ($null -eq $key) { return $false }
    $key.Dispose()
    return $true
}

function Get-ValueLine {
    param([string]$Path, [string]$Name)

    $line = "value`t$(ConvertTo-Code $Path)`t$(ConvertTo-Code $Name)"
    # This throws for a kind that .NET cannot write back.
    $found = Get-LeeboardMachineValue -Path $Path -Name $Name
    if ($found.state -ne 'value') { return "$line`tabsent" }
    $key = Open-LeeboardKey $Path
    try {
        $kind = [string]$key.GetValueKind($Name)
        $raw = $key.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')
    } finally {
        $key.Dispose()
    }
    $data = switch ($kind) {
        'DWord' { [System.BitConverter]::GetBytes([int]$raw) }
        'QWord' { [System.BitConverter]::GetBytes([long]$raw) }
        'Binary' { [byte[]]$raw }
        'None' { [byte[]]$raw }
        'MultiString' { [System.Text.Encoding]::Unicode.GetBytes([string]::Join([string][char]0, [string[]]$raw)) }
        { $_ -in 'String', 'ExpandString' } { [System.Text.Encoding]::Unicode.GetBytes([string]$raw) }
        default {
            $why = "$Path`:$Name is of the kind $kind, which could not be brought back"
            throw (New-LeeboardProblem -Code refused -Why $why)
        }
    }
    if ($kind -eq 'MultiString') { $kind = "MultiString$(@($raw).Length)" }
    return "$line`t$kind`t$([System.Convert]::ToBase64String([byte[]]@($data)))"
}

# A phonebook is read a byte a character, so that whatever its text is comes back as it was.
function Get-EntryLine {
    param([hashtable]$Entry)

    $line = "entry`t$(ConvertTo-Code $Entry.Path)`t$(ConvertTo-Code $Entry.Name)"
    if (-not [System.IO.File]::Exists($Entry.Path)) { return "$line`tabsent" }
    $bytes = [System.Text.Encoding]::GetEncoding(28591)
    $whole = $bytes.GetString([System.IO.File]::ReadAllBytes($Entry.Path))
    $name = $bytes.GetString([System.Text.Encoding]::UTF8.GetBytes($Entry.Name))
    $found = [regex]::Matches($whole, '(?mi)^\[' + [regex]::Escape($name) + '\][ \t\r]*(?:\n|\z)(?:(?!\[)[^\n]+\n?|\n)*')
    if ($found.Count -gt 1) {
        $why = "$($Entry.Path) has $($found.Count) entries $($Entry.Name), which could not be brought back"
        throw (New-LeeboardProblem -Code refused -Why $why)
    }
    if (-not $found.Count) { return "$line`tabsent" }
    return "$line`t$([System.Convert]::ToBase64String($bytes.GetBytes($found[0].Value)))"
}

function Get-ListenerLine {
    param([hashtable]$Listener)

    $now = @(Get-LeeboardEveryListener | Where-Object {
            $_.transport -eq $Listener.Transport -and $_.address -eq $Listener.Address
        })
    if ($now.Length -ne 1) {
        $why = "WinRM has $($now.Length) listeners over $($Listener.Transport) on $($Listener.Address), which could not be brought back"
        throw (New-LeeboardProblem -Code refused -Why $why)
    }
    return "listener`t$($Listener.Transport)`t$(ConvertTo-Code $Listener.Address)`t$(([string]$now[0].on).ToLowerInvariant())"
}

function Get-ServiceLine {
    param([string]$Name, [bool]$Restart)

    $start = Get-LeeboardMachineValue -Path "$script:Services\$Name" -Name Start
    if ($start.state -ne 'value') { return "service`t$Name`tabsent" }
    $delayed = Get-LeeboardMachineValue -Path "$script:Services\$Name" -Name DelayedAutostart
    $isDelayed = $delayed.state -eq 'value' -and [string]$delayed.value -ne '0'
    $service = @(Get-Service | Where-Object { $_.ServiceName -eq $Name })
    $runs = [bool]$service.Length -and [string]$service[0].Status -in 'Running', 'StartPending', 'ContinuePending'
    return "service`t$Name`t$($start.value)`t$([int]$isDelayed)`t$([int]$runs)`t$([int]$Restart)"
}

Export-ModuleMember -Function Get-LeeboardPlan
