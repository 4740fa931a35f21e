# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.GroupPolicy
#AnsibleRequires -PowerShell ..mdm.Mdm
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .RegistryStart

# The driver `registry`: values of the machine's registry, HKLM\KEY:VALUE.

Set-StrictMode -Version 2.0

$script:Driver = 'registry'
$script:LongestText = 4096  # characters: what a reading shows whole, so that the change can be proved

function Read-LeeboardRegistry {
    <#
    .SYNOPSIS
    The readings of registry values, by address. Each key is opened once.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $answers = New-Object -TypeName System.Collections.Specialized.OrderedDictionary
    $keys = @{}
    try {
        foreach ($address in $Addresses) {
            $answers[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
                Get-RegistryReading $address $keys
            }
        }
    } finally {
        foreach ($key in $keys.Values) {
            if ($null -ne $key) { $key.Dispose() }
        }
    }
    return $answers
}

function Get-RegistryReading {
    param([string]$Address, [hashtable]$Keys)

    $path, $name = Split-LeeboardValueAddress HKLM $Address $script:Driver
    if (-not $Keys.ContainsKey($path)) {
        $Keys[$path] = Open-LeeboardKey $path
    }
    $key = $Keys[$path]
    $set = Resolve-LeeboardOwner { Get-LeeboardPolicyOwner -Path $path -Name $name }
    $own = @{ state = 'absent' }
    if ($null -ne $key) { $own = Get-LeeboardRegistryValue $key $name }
    $found = Resolve-LeeboardManaged -Path $path -Name $name -Found $own
    $note = [string]::Join('; ', [string[]]@($found['Note'], $set.Note | Where-Object { $_ }))
    $running = $null
    if ($found.state -eq 'absent') {
        $where = if ($null -eq $key) { 'there is no such key' } else { 'the key has no such value' }
        $aspect = New-LeeboardAbsent -Source "$path`: $where" -Note $note
    } else {
        $source = if ($found['Source']) { $found.Source } else { $path }
        if ($set.Owner) { $source = "$source, set by $($set.Owner)" }
        $aspect = New-LeeboardValue -Value $found.value -Type $found.type -Source $source -Note $note
    }
    # What Windows has read at its start it has read in the registry.
    if ($null -ne $key -and -not $found['Source']) {
        $running = Get-LeeboardRunning -Path $path -Name $name -Key $key
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $aspect -Configured $aspect `
        -Running $running -Owner $set.Owner
}

function Get-LeeboardRegistryChange {
    <#
    .SYNOPSIS
    What a list of changes comes to, as edits of registry values. Changes nothing.
    .PARAMETER Changes
    Each has address, value and type (dword or string).
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    foreach ($change in $Changes) {
        $path, $name = Split-LeeboardValueAddress HKLM $change.address $script:Driver 'refused'
        $value = ConvertTo-Wanted $change
        @{
            Target = $change.address
            Before = Get-LeeboardMachineValue $path $name
            After = @{ state = 'value'; value = $value; type = [string]$change.type }
        }
    }
}

function ConvertTo-Wanted {
    param([object]$Change)

    $value, $what = $Change.value, "$($Change.address)`: "
    switch ([string]$Change.type) {
        'dword' {
            $number = [uint32]0
            if ($value -is [bool] -or -not [uint32]::TryParse([string]$value, [ref]$number)) {
                throw (New-LeeboardProblem -Code refused -Why "$($what)a dword is a number from 0 to 4294967295")
            }
            return [long]$number
        }
        'string' {
            $isOther = $value -is [bool] -or ($value -is [System.Collections.IEnumerable] -and $value -isnot [string])
            $text = [string]$value
            if ($isOther -or $text.Contains([string][char]0) -or $text.Length -gt $script:LongestText) {
                throw (New-LeeboardProblem -Code refused -Why (
                        "$($what)a string is a text of at most $script:LongestText characters, without a null"))
            }
            return $text
        }
    }
    throw (New-LeeboardProblem -Code refused -Why "$($what)only the types dword and string are written, not '$($Change.type)'")
}

function Set-LeeboardRegistryChange {
    <#
    .SYNOPSIS
    Write what Get-LeeboardRegistryChange has planned.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Edits)

    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    try {
        foreach ($edit in $Edits) {
            $path, $name = Split-LeeboardValueAddress HKLM $edit.Target $script:Driver 'refused'
            Save-LeeboardRunning $path
            $key = $root.CreateSubKey($path.Substring('HKLM\'.Length))
            try {
                if ($edit.After.type -eq 'dword') {
                    # .NET takes a DWORD as a signed number.
                    $signed = [System.BitConverter]::ToInt32([System.BitConverter]::GetBytes([uint32]$edit.After.value), 0)
                    $key.SetValue($name, $signed, 'DWord')
                } else {
                    $key.SetValue($name, [string]$edit.After.value, 'String')
                }
            } finally {
                $key.Dispose()
            }
        }
    } finally {
        $root.Dispose()
    }
}

Export-ModuleMember -Function Read-LeeboardRegistry, Get-LeeboardRegistryChange, Set-LeeboardRegistryChange
