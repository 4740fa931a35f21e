# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The script that puts the device back. It needs nothing of Leeboard's: it is one text for all checkpoints, and reads what
# to put back from the plan that lies beside it (Plan.psm1). It changes the state as engine/Armed.psm1 says.

Set-StrictMode -Version 2.0

$script:Text = @'
# Made by Leeboard for one checkpoint: puts this machine back unless that is confirmed in time. A task of SYSTEM runs it
# each minute and at each start. It may be ended at any line; the next run goes on.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$folder = $PSScriptRoot
$root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')

function Get-Place([string]$Name) { return [System.IO.Path]::Combine($folder, $Name) }

function Get-State {
    foreach ($name in 'arming', 'armed', 'putting-back', 'confirmed', 'back') {
        if ([System.IO.File]::Exists((Get-Place "state.$name"))) { return $name }
    }
    return 'none'
}

# Whether it was this script that changed the state: of two that want to, one finds the file.
function Move-State([string]$From, [string]$To) {
    try {
        [System.IO.File]::Move((Get-Place "state.$From"), (Get-Place "state.$To"))
        return $true
    } catch [System.IO.FileNotFoundException] {
        return $false
    }
}

# Units of 100 ns that the machine was awake since its start. Declared by reflection: Add-Type would start a compiler.
function Get-AwakeTime {
    $name = New-Object -TypeName System.Reflection.AssemblyName -ArgumentList 'LeeboardAwake'
    $assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly($name, 'Run')
    $type = $assembly.DefineDynamicModule('LeeboardAwake').DefineType('LeeboardAwake', 'Public')
    $method = $type.DefinePInvokeMethod('QueryUnbiasedInterruptTime', 'kernel32.dll', 'Public, Static, PinvokeImpl',
        'Standard', [bool], [type[]](, [long].MakeByRefType()), 'Winapi', 'Unicode')
    $method.SetImplementationFlags('PreserveSig')
    $api = $type.CreateType()
    [long]$time = 0
    if (-not $api::QueryUnbiasedInterruptTime([ref]$time)) { throw 'Windows does not say how long it was awake' }
    return $time
}

function Get-Text([string]$Code) { return [System.Text.Encoding]::UTF8.GetString([System.Convert]::FromBase64String($Code)) }

# The lines of the plan of one kind, each as its words.
function Get-Line([string]$Kind) {
    $path = Get-Place 'plan'
    if (-not [System.IO.File]::Exists($path)) { return }
    foreach ($line in [System.IO.File]::ReadAllLines($path)) {
        $words = $line.Split("`t")
        if ($words[0] -eq $Kind) { , $words }
    }
}

function Get-Below([string]$Path) { return $Path.Substring($Path.IndexOf('\') + 1) }

# The mark is a key that no restart survives. A start that goes on from the disk (fast start-up) is none.
function Test-NewStart {
    foreach ($words in Get-Line mark) {
        $key = $root.OpenSubKey((Get-Below (Get-Text $words[1])))
        if ($null -eq $key) { return $true }
        $key.Dispose()
    }
    return $false
}

# A value as the plan writes it: KIND and DATA, or absent.
function Get-Value([string]$Path, [string]$Name) {
    $key = $root.OpenSubKey((Get-Below $Path))
    if ($null -eq $key) { return 'absent' }
    try {
        $raw = $key.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')
        if ($null -eq $raw) { return 'absent' }
        $kind = [string]$key.GetValueKind($Name)
        $data = switch ($kind) {
            'DWord' { [System.BitConverter]::GetBytes([int]$raw) }
            'QWord' { [System.BitConverter]::GetBytes([long]$raw) }
            'MultiString' { [System.Text.Encoding]::Unicode.GetBytes([string]::Join([string][char]0, [string[]]$raw)) }
            { $_ -in 'String', 'ExpandString' } { [System.Text.Encoding]::Unicode.GetBytes([string]$raw) }
            default { [byte[]]$raw }
        }
        if ($kind -eq 'MultiString') { $kind = "MultiString$(@($raw).Length)" }
        return "$kind`t$([System.Convert]::ToBase64String([byte[]]@($data)))"
    } finally {
        $key.Dispose()
    }
}

function Set-Value([string]$Path, [string]$Name, [string]$Kind, [string]$Data) {
    if ($Kind -eq 'absent') {
        $key = $root.OpenSubKey((Get-Below $Path), $true)
        if ($null -eq $key) { return }
        try { $key.DeleteValue($Name, $false); $key.Flush() } finally { $key.Dispose() }
        return
    }
    $bytes = [System.Convert]::FromBase64String($Data)
    $key = $root.CreateSubKey((Get-Below $Path))
    try {
        if ($Kind -eq 'DWord') { $key.SetValue($Name, [System.BitConverter]::ToInt32($bytes, 0), 'DWord') }
        elseif ($Kind -eq 'QWord') { $key.SetValue($Name, [System.BitConverter]::ToInt64($bytes, 0), 'QWord') }
        elseif ($Kind -eq 'MultiString0') { $key.SetValue($Name, [string[]]@(), 'MultiString') }
        elseif ($Kind.StartsWith('MultiString')) {
            $key.SetValue($Name, [System.Text.Encoding]::Unicode.GetString($bytes).Split([char]0), 'MultiString')
        }
        elseif ($Kind -in 'String', 'ExpandString') {
            $key.SetValue($Name, [System.Text.Encoding]::Unicode.GetString($bytes), $Kind)
        }
        else { $key.SetValue($Name, $bytes, $Kind) }
        $key.Flush()
    } finally {
        $key.Dispose()
    }
}

# What of the registry is not as it was, in words, a line each. Values first, then keys that were not there.
function Restore-Registry {
    foreach ($words in Get-Line value) {
        $path, $name = (Get-Text $words[1]), (Get-Text $words[2])
        $data = ''
        if ($words.Length -gt 4) { $data = $words[4] }
        $wanted = ($words[3..($words.Length - 1)]) -join "`t"
        try {
            if ((Get-Value $path $name) -cne $wanted) { Set-Value $path $name $words[3] $data }
            if ((Get-Value $path $name) -cne $wanted) { "$path`:$name is not as it was" }
        } catch {
            "$path`:$name`: $($_.Exception.Message -replace '\s+', ' ')"
        }
    }
    foreach ($words in Get-Line key) {
        $path = Get-Text $words[1]
        $key = $root.OpenSubKey((Get-Below $path))
        if ($null -eq $key) { continue }
        $isEmpty = -not $key.SubKeyCount -and -not $key.ValueCount
        $key.Dispose()
        # One in which somebody has put something meanwhile stays.
        if ($isEmpty) { $root.DeleteSubKey((Get-Below $path), $false) }
    }
}

# Phonebooks are taken a byte a character, so that whatever their text is stays as it is.
$bytes = [System.Text.Encoding]::GetEncoding(28591)

function Get-Book([string]$Path) {
    if (-not [System.IO.File]::Exists($Path)) { return '' }
    return $bytes.GetString([System.IO.File]::ReadAllBytes($Path))
}

# An entry, from its name to the next one.
function Find-Entry([string]$Text, [string]$Name) {
    $name = [regex]::Escape($bytes.GetString([System.Text.Encoding]::UTF8.GetBytes($Name)))
    return [regex]::Match($Text, '(?mi)^\[' + $name + '\][ \t\r]*(?:\n|\z)(?:(?!\[)[^\n]+\n?|\n)*')
}

# The whole file is written beside it and takes its place, so that one that was cut off is never there.
function Set-Book([string]$Path, [string]$Text) {
    $new = "$Path.leeboard"
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList $new, 'Create', 'Write', 'None'
    try {
        $data = $bytes.GetBytes($Text)
        $stream.Write($data, 0, $data.Length)
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
    if ([System.IO.File]::Exists($Path)) { [System.IO.File]::Replace($new, $Path, [NullString]::Value) }
    else { [System.IO.File]::Move($new, $Path) }
}

# What of the phonebooks is not as it was, in words. Entries of others stay as they are now.
function Restore-Entry {
    foreach ($words in Get-Line entry) {
        $path, $name = (Get-Text $words[1]), (Get-Text $words[2])
        $wanted = ''
        if ($words[3] -ne 'absent') { $wanted = $bytes.GetString([System.Convert]::FromBase64String($words[3])) }
        try {
            $text = Get-Book $path
            $now = Find-Entry $text $name
            if ($now.Value -cne $wanted) {
                if ($now.Success) { $text = $text.Remove($now.Index, $now.Length).Insert($now.Index, $wanted) }
                else {
                    if ($text -and -not $text.EndsWith("`n")) { $text += "`r`n" }
                    $text += $wanted
                }
                Set-Book $path $text
            }
            if ((Find-Entry (Get-Book $path) $name).Value -cne $wanted) { "$path`: $name is not as it was" }
        } catch {
            "$path`: $($_.Exception.Message -replace '\s+', ' ')"
        }
    }
}

# What of the services is not as it was, in words. No wait is longer than the time that each run surely has.
function Restore-Service {
    foreach ($words in Get-Line service) {
        $name = $words[1]
        if ($words[2] -eq 'absent') { continue }
        try {
            foreach ($said in Restore-OneService $name $words[2] $words[3] ($words[4] -eq '1') ($words[5] -eq '1')) { $said }
        } catch {
            "$name`: $($_.Exception.Message -replace '\s+', ' ')"
        }
    }
}

function Restore-OneService([string]$Name, [string]$Start, [string]$Delayed, [bool]$Runs, [bool]$Restart) {
    $key = "HKLM\SYSTEM\CurrentControlSet\Services\$Name"
    $number = 'DWord' + "`t" + [System.Convert]::ToBase64String([System.BitConverter]::GetBytes([int]$Start))
    $kept = (Get-Value $key 'Start') -ceq $number -and (Test-Delayed $key) -eq ($Delayed -eq '1')
    if (-not $kept) {
        $type = @{ '2' = 'auto'; '3' = 'demand'; '4' = 'disabled' }[$Start]
        if ($Start -eq '2' -and $Delayed -eq '1') { $type = 'delayed-auto' }
        & ([System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'sc.exe')) config $Name start= $type | Out-Null
        if ((Get-Value $key 'Start') -cne $number) { "$Name does not start as it did" }
    }
    $service = Get-Service -Name $Name
    $isUp = $service.Status -eq 'Running'
    $done = Get-Place "restarted.$Name"
    $again = $Runs -and $Restart -and -not [System.IO.File]::Exists($done)
    $wait = [timespan]::FromSeconds(10)
    if ($isUp -and ($again -or -not $Runs)) {
        $service.Stop()
        $service.WaitForStatus('Stopped', $wait)
        $isUp = $false
    }
    if ($Runs -and -not $isUp) {
        $service.Refresh()
        if ($service.Status -ne 'StartPending') { $service.Start() }
        $service.WaitForStatus('Running', $wait)
    }
    if ($again) { [System.IO.File]::WriteAllText($done, '') }
}

function Test-Delayed([string]$Key) {
    return (Get-Value $Key 'DelayedAutostart') -notin 'absent', "DWord`tAAAAAA=="
}

# What of WinRM's listeners is not as it was, in words; WinRM itself is back by then.
function Restore-Listener {
    foreach ($words in Get-Line listener) {
        $one = @{ Transport = $words[1]; Address = (Get-Text $words[2]) }
        $what = "the listener of WinRM over $($one.Transport) on $($one.Address)"
        try {
            if ((Get-ListenerState $one) -ne $words[3]) {
                Set-WSManInstance -ResourceURI winrm/config/listener -SelectorSet $one -ValueSet @{ Enabled = $words[3] } | Out-Null
                if ((Get-ListenerState $one) -ne $words[3]) { "$what is not as it was" }
            }
        } catch {
            "$what`: $($_.Exception.Message -replace '<[^>]*>', '' -replace '\s+', ' ')"
        }
    }
}

# true or false, as WinRM writes it.
function Get-ListenerState([hashtable]$One) {
    $found = Get-WSManInstance -ResourceURI winrm/config/listener -SelectorSet $One
    return $found.SelectSingleNode("*[local-name()='Enabled']").InnerText.Trim()
}

# What of the firewall is not as it was, in words: profiles, rules that were there, then those that were not. What is as it
# was is seen in the registry, since each call takes a second; whatever is ended the next run goes on with.
function Restore-Firewall {
    $own = 'HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
    $lines = @(Get-Line profile) + @(Get-Line rule | Where-Object { $_[2] -ne 'absent' }) +
        @(Get-Line rule | Where-Object { $_[2] -eq 'absent' })
    foreach ($words in $lines) {
        try {
            if ($words[0] -eq 'profile') { Restore-Profile $own $words } else { Restore-Rule "$own\FirewallRules" $words }
        } catch {
            "the firewall's $($words[1]): $($_.Exception.Message -replace '\s+', ' ')"
        }
    }
}

function Restore-Profile([string]$Own, [string[]]$Words) {
    $isKept = {
        $wanted = 'DWord' + "`t" + [System.Convert]::ToBase64String([System.BitConverter]::GetBytes([int]$Words[6]))
        (Get-Value "$Own\$($Words[4])" $Words[5]) -ceq $wanted
    }
    if ($Words.Length -gt 4 -and (& $isKept)) { return }
    $value = @{ Name = $Words[1]; PolicyStore = 'PersistentStore'; $Words[2] = $Words[3] }
    Set-NetFirewallProfile @value
    if ($Words.Length -gt 4 -and -not (& $isKept)) { "the firewall's $($Words[1]) $($Words[2]) is not as it was" }
}

function Restore-Rule([string]$Rules, [string[]]$Words) {
    $name = $Words[1]
    $now = Get-Value $Rules $name
    if ($Words[2] -eq 'absent') {
        if ($now -eq 'absent') { return }
        Remove-NetFirewallRule -Name $name -PolicyStore PersistentStore
        if ((Get-Value $Rules $name) -ne 'absent') { "the firewall's rule $name is still there" }
        return
    }
    if ($now -ceq ('String' + "`t" + $Words[6])) { return }
    $rule = @{
        Name = $name; PolicyStore = 'PersistentStore'; Direction = 'Inbound'; Action = 'Allow'; Profile = 'Any'
        Protocol = $Words[2]; LocalPort = $Words[3].Split(','); RemoteAddress = $Words[4].Split(','); Enabled = $Words[5]
    }
    if ($now -eq 'absent') {
        New-NetFirewallRule @rule -DisplayName $name -Group Leeboard | Out-Null
    } else {
        Set-NetFirewallRule @rule
    }
    if ((Get-Value $Rules $name) -eq 'absent') { "the firewall's rule $name is not there" }
}

# All but the state and whose it was. The task goes when nothing needs it any more, and the script last.
function Clear-Checkpoint {
    foreach ($words in Get-Line mark) { $root.DeleteSubKey((Get-Below (Get-Text $words[1])), $false) }
    foreach ($path in [System.IO.Directory]::GetFiles($folder)) {
        $name = [System.IO.Path]::GetFileName($path)
        if ($name -in 'plan', 'left', 'until', 'unfinished', 'ran' -or $name.StartsWith('restarted.')) { [System.IO.File]::Delete($path) }
    }
    Unregister-ScheduledTask -TaskName Checkpoint -TaskPath '\Leeboard\' -Confirm:$false
    [System.IO.File]::Delete((Get-Place 'putback.ps1'))
}

$state = Get-State
# Who arms it waits to see it run. Later nothing is written first: the disk may be full.
if ($state -eq 'arming') { [System.IO.File]::WriteAllText((Get-Place 'ran'), '') }
if ($state -in 'arming', 'armed') {
    $isDue = Test-NewStart
    $limit = if ($state -eq 'armed') { 'until' } else { 'unfinished' }
    if (-not $isDue) { $isDue = (Get-AwakeTime) -ge [long][System.IO.File]::ReadAllText((Get-Place $limit)) }
    if (-not $isDue) { exit 0 }
    if ($state -eq 'arming') {
        # Whoever armed it was ended, before anything was changed.
        [System.IO.File]::Delete((Get-Place 'state.arming'))
        $state = 'none'
    } elseif (Move-State armed putting-back) {
        $state = 'putting-back'
    } else {
        $state = Get-State
    }
}
if ($state -eq 'putting-back') {
    $left = @(Restore-Registry) + @(Restore-Firewall) + @(Restore-Entry) + @(Restore-Service) + @(Restore-Listener)
    $left = [string[]]@($left | Where-Object { $_ })
    if ($left.Length) {
        [System.IO.File]::WriteAllLines((Get-Place 'left'), $left)
        exit 1
    }
    if (-not (Move-State putting-back back)) { exit 0 }
}
Clear-Checkpoint
exit 0
'@

function Get-LeeboardPutBackScript {
    <#
    .SYNOPSIS
    The text of the script, ASCII alone.
    #>
    return $script:Text
}

Export-ModuleMember -Function Get-LeeboardPutBackScript
