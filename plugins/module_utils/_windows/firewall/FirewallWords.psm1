# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading

# The words in which rules of Leeboard's are described, the same as on Linux (_linux/firewall/words.py): settings and
# readings with blanks between them, "none" where there is nothing.
#
#     management    10.20.0.0/16 2001:db8:5::/48
#     openings      tcp:443 udp:5000-5010@10.20.0.0/16
#
# One rule as the journal and the checkpoint keep it: PROTOCOL PORTS SOURCES, as in "tcp 3389,5986 10.20.0.0/16" or
# "tcp 443 any", and "off tcp 443 any" for one that somebody switched off. This only computes.

Set-StrictMode -Version 2.0

$script:Opening = '\A(?<protocol>tcp|udp):(?<ports>[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?)(@(?<from>\S+))?\z'
$script:Rule = '\A(?<off>off )?(?<protocol>tcp|udp) (?<ports>[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*) ' +
    '(?<from>any|[0-9a-f.:/]+(,[0-9a-f.:/]+)*)\z'

function ConvertTo-LeeboardNetwork {
    <#
    .SYNOPSIS
    An address, subnet or mask as a network, 10.20.0.0/16; an empty text for what is none.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text)

    $address, $end = $Text -split '/', 2
    $first = ConvertTo-Address $address
    if ($null -eq $first) { return '' }
    $size = $first.GetAddressBytes().Length * 8
    if ($null -eq $end) { return "$first/$size" }
    $bits = 0
    $mask = ConvertTo-Address $end
    if ($null -ne $mask -and $mask.AddressFamily -eq $first.AddressFamily) {
        $ones = [string]::Join('', [string[]]@($mask.GetAddressBytes() | ForEach-Object {
                    [System.Convert]::ToString($_, 2).PadLeft(8, '0') }))
        if ($ones -notmatch '\A1*0*\z') { return '' }
        $bits = $ones.TrimEnd('0').Length
    } elseif (-not [int]::TryParse($end, [ref]$bits) -or $bits -lt 0 -or $bits -gt $size) {
        return ''
    }
    return "$first/$bits"
}

# "10" is no address, although .NET takes it for 0.0.0.10.
function ConvertTo-Address {
    param([string]$Text)

    $address = $null
    if (($Text -match '\A\d+(\.\d+){3}\z' -or $Text.Contains(':')) -and
        [System.Net.IPAddress]::TryParse($Text, [ref]$address)) {
        return $address
    }
}

function Test-LeeboardWithin {
    <#
    .SYNOPSIS
    Whether an address lies in one of some networks.
    #>
    param([Parameter(Mandatory = $true)][string]$Address, [Parameter(Mandatory = $true)][string[]]$Networks)

    $own = ConvertTo-Address $Address
    if ($null -eq $own) { return $false }
    $mine = $own.GetAddressBytes()
    foreach ($network in $Networks) {
        $first, $bits = $network -split '/', 2
        $theirs = (ConvertTo-Address $first).GetAddressBytes()
        if ($theirs.Length -ne $mine.Length) { continue }
        $left, $isWithin = [int]$bits, $true
        for ($at = 0; $at -lt $mine.Length -and $left -gt 0; $at++) {
            $mask = if ($left -ge 8) { 255 } else { 256 - [System.Math]::Pow(2, 8 - $left) }
            if (($mine[$at] -band $mask) -ne ($theirs[$at] -band $mask)) { $isWithin = $false }
            $left -= 8
        }
        if ($isWithin) { return $true }
    }
    return $false
}

function Split-LeeboardWord {
    <#
    .SYNOPSIS
    The words of a setting, each once and in order; nothing for "none". Throws the problem refused for what is no text.
    #>
    param([AllowNull()][object]$Text)

    if ($Text -isnot [string]) { throw (New-LeeboardProblem -Code refused -Why "'$Text' is no text with blanks between words") }
    $words = @($Text -split '\s+' | Where-Object { $_ })
    if ($words.Length -eq 1 -and $words[0] -ceq 'none') { return }
    Get-Ordered $words
}

function ConvertTo-LeeboardNetworkList {
    <#
    .SYNOPSIS
    The networks of a setting. Throws the problem refused for what is none, and for everybody.
    #>
    param([AllowNull()][object]$Text)

    foreach ($word in @(Split-LeeboardWord $Text)) {
        $network = ConvertTo-LeeboardNetwork $word
        if (-not $network -or $network.EndsWith('/0')) {
            throw (New-LeeboardProblem -Code refused -Why "'$word' is no network that a rule can be about")
        }
        $network
    }
}

function ConvertTo-LeeboardOpeningRule {
    <#
    .SYNOPSIS
    The rule that an opening comes to, as @{Name; Rule}. Throws the problem refused for what is none.
    #>
    param([Parameter(Mandatory = $true)][string]$Word)

    if ($Word -cnotmatch $script:Opening) {
        throw (New-LeeboardProblem -Code refused -Why "'$Word' is no port that can be let in, such as tcp:443")
    }
    $protocol, $ports = $Matches['protocol'], $Matches['ports']
    $from = 'any'
    if ($Matches.ContainsKey('from')) { $from = @(ConvertTo-LeeboardNetworkList $Matches['from'])[0] }
    $name = 'Leeboard-opening-' + ("$protocol-$ports" + $(if ($from -ne 'any') { "-$from" } else { '' }) -replace '[:/]', '_')
    return @{ Name = $name; Rule = "$protocol $ports $from" }
}

function Split-LeeboardRule {
    <#
    .SYNOPSIS
    @{On; Protocol; Ports; From} of a rule as text: From is empty for everybody. $null for what is none.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Rule)

    if ($Rule -cnotmatch $script:Rule) { return }
    $from = @()
    if ($Matches['from'] -ne 'any') { $from = $Matches['from'].Split(',') }
    return @{
        On = -not $Matches.ContainsKey('off'); Protocol = $Matches['protocol']
        Ports = [string[]]$Matches['ports'].Split(','); From = [string[]]$from
    }
}

function Join-LeeboardRule {
    <#
    .SYNOPSIS
    A rule as text.
    #>
    param(
        [Parameter(Mandatory = $true)][string]$Protocol,
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][string[]]$Ports,
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][string[]]$From
    )

    $whence = 'any'
    if ($From.Length) { $whence = [string]::Join(',', [string[]]@(Get-Ordered $From)) }
    return "$Protocol $([string]::Join(',', [string[]]@(Get-Ordered $Ports))) $whence"
}

# Each once, in an order that no language changes.
function Get-Ordered {
    param([AllowEmptyCollection()][string[]]$Texts)

    $set = New-Object -TypeName 'System.Collections.Generic.SortedSet[string]' -ArgumentList ([StringComparer]::Ordinal)
    foreach ($text in $Texts) { [void]$set.Add($text) }
    foreach ($text in $set) { $text }
}

Export-ModuleMember -Function ConvertTo-LeeboardNetwork, Test-LeeboardWithin, Split-LeeboardWord,
    ConvertTo-LeeboardNetworkList, ConvertTo-LeeboardOpeningRule, Split-LeeboardRule, Join-LeeboardRule
