# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .Enrolment
#AnsibleRequires -PowerShell .MdmTable
#AnsibleRequires -PowerShell .OsConfig

# What device management services (MDM) set on this machine, and what of it counts.
#
# PolicyManager keeps the result of all of them by area and policy below current\device, with POLICY_WinningProvider,
# the id of the enrolment that it comes from, and POLICY_ProviderSet; and what each asks for below
# providers\ID\default\Device. Some values stand only there. A value of an enrolment that has ended, or that no
# enrolment has set, is nobody's: it is named, and does not count.
#
# Where the registry's own value is there as well, that is what Windows reads, so it counts. Only where the policy
# MDMWinsOverGP is 1 does the service's value count, and only for policies of Policy CSP (Microsoft, Policy CSP,
# ControlPolicyConflict): for BitLocker nobody says who wins. On a machine that no service manages none of this is read.
# OSConfig counts as one: its authorities set policies of the same CSPs (OsConfig.psm1).

Set-StrictMode -Version 2.0

$script:Current = 'HKLM\SOFTWARE\Microsoft\PolicyManager\current\device'
$script:Providers = 'HKLM\SOFTWARE\Microsoft\PolicyManager\providers'
$script:Elsewhere = 'BitLocker'  # areas that are no part of Policy CSP

function Get-LeeboardMdmPolicy {
    <#
    .SYNOPSIS
    @{Owner; Found; Source; Note; Wins; Shortest}: what an MDM service says of a subject of the table (MdmTable.psm1), or
    $null where none does.
    .DESCRIPTION
    Owner names the service; it is empty where nobody's rest lies there. Found is @{state; type; value} in our terms, or
    $null where its value cannot be told; Source says where that stands, and Note what else is to be said. Wins: it counts
    whatever else is there. Shortest: it is a time that runs beside another.
    #>
    param([Parameter(Mandatory = $true)][string]$Subject)

    $live = Get-Setter
    if (-not $live.Count) {
        return
    }
    $table = Get-LeeboardOnce -Name 'MDM policies' -Read { @{ By = (Get-LeeboardMdmTable) } }
    $rows = $table.By[$Subject.ToLowerInvariant()]
    if (-not $rows) { $rows = $table.By[($Subject -replace ':[^:]*\z', ':*').ToLowerInvariant()] }
    $answers = @(foreach ($row in $rows) { Get-RowAnswer $row $live })
    $set = @($answers | Where-Object { $_.Owner })
    if ($set.Length -gt 1) { return Select-Shorter $set }
    if ($set.Length) { return $set[0] }
    if ($answers.Length) { return $answers[0] }
}

function Resolve-LeeboardManaged {
    <#
    .SYNOPSIS
    What counts of a registry value and an MDM service's word on it: @{state; type; value} like -Found, and Source and
    Note where the service has a part in it. Source is there only where the service's value counts.
    .PARAMETER Found
    The registry's own value, as Get-LeeboardMachineValue gives it.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Path,
        [Parameter(Mandatory = $true)][string]$Name,
        [Parameter(Mandatory = $true)][System.Collections.IDictionary]$Found
    )

    try {
        $said = Get-LeeboardMdmPolicy "$Path`:$Name"
    } catch {
        if ($Found.state -ne 'value') { throw }
        $why = (ConvertTo-LeeboardProblem $_).Why
        return $Found + @{ Note = "what an MDM service says of it cannot be told: $why" }
    }
    if ($null -eq $said) { return $Found }
    if ($null -eq $said.Found) { return $Found + @{ Note = $said.Note } }
    $theirs = $said.Found + @{ Source = $said.Source; Note = $said.Note }
    if ($Found.state -ne 'value') { return $theirs }
    if ([string]$Found.value -ceq [string]$said.Found.value) { return $Found + @{ Note = $said.Note } }
    $isTheirs = $said.Wins
    if ($said.Shortest) { $isTheirs = Test-Shorter $said.Found $Found }
    if ($isTheirs) {
        $theirs.Note = Join-Note "$Path`:$Name is $($Found.value), but $($said.Source) counts" $said.Note
        return $theirs
    }
    $note = "$($said.Source) is $($said.Found.value), but $Path`:$Name counts"
    return $Found + @{ Note = (Join-Note $note $said.Note) }
}

# Whoever sets policies here, by id: the live enrolments, and OSConfig's authorities.
function Get-Setter {
    return Get-LeeboardOnce -Name 'MDM setters' -Read { Read-Setter }
}

function Read-Setter {
    $setters = (Get-LeeboardEnrolment).Live.Clone()
    $theirs = (Get-LeeboardOsConfig).Owners
    foreach ($id in $theirs.Keys) {
        if (-not $setters.ContainsKey($id)) { $setters[$id] = $theirs[$id] }
    }
    return $setters
}

# What one line of the table comes to here; nothing where no service sets its policy.
function Get-RowAnswer {
    param([hashtable]$Row, [hashtable]$Live)

    $set = Get-PolicySet $Row.Area $Row.Policy $Live
    if ($null -eq $set) { return }
    $answer = @{
        Owner = $set.Owner; Found = $null; Source = $set.Source; Note = $set.Note; Wins = $false
        Shortest = $Row.Kind -ceq 'minutes'
    }
    if (-not $set.Owner) { return $answer }
    if ($Row.If) {
        $other = Get-PolicySet $Row.Area $Row.If.Policy $Live
        if ($null -eq $other -or $null -eq $other.Raw -or [string]$other.Raw.value -ne $Row.If.Value) {
            $answer.Owner = ''
            $note = "$($set.Source) has no effect, since $($Row.If.Policy) is not $($Row.If.Value)"
            $answer.Note = Join-Note $note $set.Note
            return $answer
        }
    }
    $answer.Wins = $Row.Area -cne $script:Elsewhere -and (Test-Winning $Live)
    if ($Row.Kind -ceq 'owner') { return $answer }
    $answer.Found = ConvertTo-Meaning $Row $set
    if ($null -eq $answer.Found) {
        $answer.Note = Join-Note "$($set.Owner) sets $($Row.Area)/$($Row.Policy), and has no value for this" $set.Note
    }
    return $answer
}

function Test-Winning {
    param([hashtable]$Live)

    $set = Get-PolicySet 'ControlPolicyConflict' 'MDMWinsOverGP' $Live
    return $null -ne $set -and $set.Owner -and $null -ne $set.Raw -and [string]$set.Raw.value -eq '1'
}

# @{Owner; Raw; Source; Note}: who sets a policy and to what, as it stands there; $null where nobody does. Without an
# owner it is the rest of an enrolment that has ended.
function Get-PolicySet {
    param([string]$Area, [string]$Policy, [hashtable]$Live)

    $place = "$script:Current\$Area"
    $values = Get-AreaValue $place
    $set = @{ Owner = ''; Raw = $values[$Policy]; Source = "$place`:$Policy"; Note = '' }
    $asked = @{}
    foreach ($id in $Live.Keys) {
        $theirs = (Get-AreaValue "$script:Providers\$id\default\Device\$Area")[$Policy]
        if ($null -ne $theirs) { $asked[$id] = $theirs }
    }
    $winner = ''
    if ($values.ContainsKey("${Policy}_WinningProvider")) {
        $winner = ([string]$values["${Policy}_WinningProvider"].value).Trim('{}'.ToCharArray()).ToUpperInvariant()
        if (-not $Live.ContainsKey($winner)) {
            $set.Note = "$($set.Source) is of $winner, which is no enrolment of this machine, so it does not count"
            $set.Raw, $winner = $null, ''
            if (-not $asked.Count) { return $set }
        }
    }
    if (-not $winner) { $winner = @($asked.Keys | Sort-Object)[0] }
    if (-not $winner) { return }
    $set.Owner = $Live[$winner].Words
    if ($null -eq $set.Raw -and $asked.ContainsKey($winner)) {
        $set.Raw = $asked[$winner]
        $set.Source = "$script:Providers\$winner\default\Device\$Area`:$Policy"
    }
    $others = @($asked.Keys | Sort-Object | Where-Object {
            $_ -ne $winner -and $null -ne $set.Raw -and [string]$asked[$_].value -cne [string]$set.Raw.value
        } | ForEach-Object { "$($Live[$_].Words) asks for something else in vain" })
    $set.Note = Join-Note $set.Note ([string]::Join('; ', [string[]]$others))
    return $set
}

# name -> @{state; type; value} of a key of PolicyManager, read once a visit.
function Get-AreaValue {
    param([string]$Path)

    return (Get-LeeboardOnce -Name $Path.ToLowerInvariant() -Read {
            $values = @{}
            $key = Open-LeeboardKey $Path
            if ($null -ne $key) {
                try {
                    foreach ($name in $key.GetValueNames()) {
                        if ($name) { $values[$name] = Get-LeeboardRegistryValue $key $name }
                    }
                } finally {
                    $key.Dispose()
                }
            }
            @{ By = $values }
        }).By
}

# What the service set, in our terms: @{state; type; value}, or $null where it has no value for this.
function ConvertTo-Meaning {
    param([hashtable]$Row, [hashtable]$Set)

    if ($null -eq $Set.Raw) { return }
    $text = ([string]$Set.Raw.value).Trim()
    $first, $second = [string[]]@($Row.Words) + @('', '')
    switch -CaseSensitive ($Row.Kind) {
        'text' {
            if ($first) { return Get-Text (Read-Template $text $Set.Source) $first }
            return @{ state = 'value'; type = 'string'; value = [string]$Set.Raw.value }
        }
        'number' { return ConvertTo-Number $text $Row.Words $Set.Source }
        'minutes' {
            $found = ConvertTo-Number $text @() $Set.Source
            if ($found.type -ceq 'dword') { $found.value = 60 * $found.value }
            return $found
        }
    }
    $template = Read-Template $text $Set.Source
    switch -CaseSensitive ($Row.Kind) {
        'state' { return Get-Dword $(if ($template.Enabled) { $first } else { $second }) }
        'data' {
            if (-not $template.Enabled) { return Get-Dword $second }
            return Get-Dword $template.Data[$first]
        }
        'flag' {
            if (-not $template.Enabled) { return }
            $said = [string]$template.Data[$first]
            return Get-Dword $(switch ($said) { 'true' { '1' } 'false' { '0' } default { $said } })
        }
    }
}

# @{Enabled; Data}: the form of a policy that is backed by a template, <enabled/> or <disabled/> and its elements.
function Read-Template {
    param([string]$Text, [string]$Source)

    $document = New-Object -TypeName System.Xml.XmlDocument
    $document.XmlResolver = $null
    try {
        if ($Text -match '<!') { throw [System.FormatException]::new('a declaration') }
        $document.LoadXml("<policy>$Text</policy>")
    } catch {
        throw (New-LeeboardProblem -Code malformed -Why "$Source is not in the form of a policy: $Text")
    }
    $data, $states = @{}, @()
    foreach ($node in @($document.DocumentElement.ChildNodes)) {
        if ($node.Name -in 'enabled', 'disabled') { $states += $node.Name }
        if ($node.Name -eq 'data') { $data[$node.GetAttribute('id')] = $node.GetAttribute('value') }
    }
    if ($states.Length -ne 1) {
        throw (New-LeeboardProblem -Code malformed -Why "$Source neither enables nor disables its policy: $Text")
    }
    return @{ Enabled = $states[0] -eq 'enabled'; Data = $data }
}

function Get-Text {
    param([hashtable]$Template, [string]$Id)

    if ($Template.Enabled -and $Template.Data.ContainsKey($Id)) {
        return @{ state = 'value'; type = 'string'; value = $Template.Data[$Id] }
    }
}

# A number, or the text that stands where one is meant; nothing for "-" and for nothing.
function Get-Dword {
    param([AllowNull()][AllowEmptyString()][string]$Text)

    if (-not $Text -or $Text -ceq '-') { return }
    $number = [uint32]0
    if ([uint32]::TryParse($Text, [ref]$number)) {
        return @{ state = 'value'; type = 'dword'; value = [long]$number }
    }
    return @{ state = 'value'; type = 'string'; value = $Text }
}

function ConvertTo-Number {
    param([string]$Text, [AllowEmptyCollection()][AllowNull()][string[]]$Pairs, [string]$Source)

    $found = Get-Dword $Text
    if ($null -eq $found) { return @{ state = 'value'; type = 'string'; value = $Text } }
    if ($found.type -cne 'dword' -or -not $Pairs) { return $found }
    foreach ($pair in $Pairs) {
        $theirs, $ours = $pair -split '='
        if ($theirs -eq $found.value) { return Get-Dword $ours }
    }
    throw (New-LeeboardProblem -Code malformed -Why "$Source is $Text, which has no documented meaning")
}

# Of two times that run side by side the one that ends first; 0 is no limit.
function Select-Shorter {
    param([hashtable[]]$Set)

    $first = $Set[0]
    foreach ($one in @($Set | Select-Object -Skip 1)) {
        if ($null -eq $one.Found) { continue }
        if ($null -eq $first.Found -or (Test-Shorter $one.Found $first.Found)) { $first = $one }
    }
    return $first
}

function Test-Shorter {
    param([System.Collections.IDictionary]$One, [System.Collections.IDictionary]$Other)

    $mine, $theirs = [long]0, [long]0
    if (-not [long]::TryParse([string]$One.value, [ref]$mine) -or $mine -eq 0) { return $false }
    return -not [long]::TryParse([string]$Other.value, [ref]$theirs) -or $theirs -eq 0 -or $mine -lt $theirs
}

function Join-Note {
    param([string]$First, [string]$Second)

    return [string]::Join('; ', [string[]]@($First, $Second | Where-Object { $_ }))
}

Export-ModuleMember -Function Get-LeeboardMdmPolicy, Resolve-LeeboardManaged
