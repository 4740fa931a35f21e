# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading

# The words in which the school's own VPN profile is described: setting and reading, with blanks between them. They are
# those of Linux (_linux/vpn/ikev2/words.py) as far as a profile of Windows can say them.
#
#     gateway:vpn.example.sch.uk              the name in its certificate, by which it is called
#     ike:aes256gcm16-prfsha384-ecp384        one proposal: a profile has one suite
#     esp:aes256gcm16-ecp384
#     authority:SHA-256                       of the root: a certificate of the machine is taken that comes from it
#     eku:1.3.6.1.5.5.7.3.2                   and that has this purpose
#     to:0.0.0.0/0 to:::/0                    what goes through it
#
# "none" is no profile. A reading has words beside them for what Leeboard would not write: changed:NAME=VALUE.

Set-StrictMode -Version 2.0

$script:None = 'none'
$script:Most = 60  # words of one kind
$script:Grammar = @{
    gateway   = '\A(?=.{1,253}\z)[a-z0-9](?:[a-z0-9-]{0,62}\.)+[a-z0-9-]{0,62}[a-z0-9]\z'
    authority = '\A[0-9a-f]{64}\z'
    eku       = '\A[0-2](?:\.[0-9]{1,10}){1,20}\z'
    ike       = '\A(?<cipher>aes(?:128|256)gcm16)-prf(?<hash>sha(?:256|384))-(?<group>ecp(?:256|384))\z'
    esp       = '\A(?<cipher>aes(?:128|192|256)gcm16)-(?<group>ecp(?:256|384))\z'
}
$script:Everything = '0.0.0.0/0', '::/0'
# Set-VpnConnectionIPsecConfiguration has these words for the same.
$script:Ciphers = @{ aes128gcm16 = 'GCMAES128'; aes192gcm16 = 'GCMAES192'; aes256gcm16 = 'GCMAES256' }

function ConvertFrom-LeeboardTunnel {
    <#
    .SYNOPSIS
    The profile that words describe: @{Gateway; Ike; Esp; Authority; Eku; To; Everything}; nothing for none. Throws the
    problem refused for anything that is not in these words.
    #>
    param([Parameter(Mandatory = $true)][AllowNull()][AllowEmptyString()][object]$Words)

    if ($Words -isnot [string]) { Stop-Words 'a profile is described by a text with blanks between its words' }
    $listed = @($Words.ToLowerInvariant() -split '\s+' | Where-Object { $_ })
    if ($listed.Length -eq 1 -and $listed[0] -ceq $script:None) { return }
    $found = @{ gateway = @(); ike = @(); esp = @(); authority = @(); eku = @(); to = @() }
    foreach ($word in $listed) {
        $kind, $rest = $word -split ':', 2
        if (-not $found.ContainsKey($kind) -or -not $rest) { Stop-Words "'$(Limit-Word $word)' says nothing of a profile" }
        $found[$kind] += $rest
    }
    foreach ($kind in 'gateway', 'ike', 'esp', 'authority', 'eku') {
        if ($found[$kind].Length -ne 1) { Stop-Words "a profile of Windows has one $kind, not $($found[$kind].Length)" }
        if ($found[$kind][0] -cnotmatch $script:Grammar[$kind]) { Stop-Words (Format-Fault $kind $found[$kind][0]) }
    }
    if (-not $found.to.Length -or $found.to.Length -gt $script:Most) {
        Stop-Words "1 to $script:Most networks go through a tunnel, not $($found.to.Length)"
    }
    $networks = @($found.to | ForEach-Object { ConvertTo-Network $_ } | Sort-Object -Unique)
    $isWhole = @($script:Everything | Where-Object { $networks -contains $_ })
    # Windows has one switch for both families (SplitTunneling), and routes beside it only where that is on.
    if ($isWhole.Length -eq 1 -or ($isWhole.Length -and $networks.Length -gt 2)) {
        Stop-Words 'everything is to:0.0.0.0/0 to:::/0 and nothing else, for a profile has one switch for both families'
    }
    return @{
        Gateway = $found.gateway[0]; Ike = $found.ike[0]; Esp = $found.esp[0]; Authority = $found.authority[0]
        Eku = $found.eku[0]; To = [string[]]$networks; Everything = [bool]$isWhole.Length
    }
}

function Get-LeeboardSuiteParameter {
    <#
    .SYNOPSIS
    The six parameters of Set-VpnConnectionIPsecConfiguration that a profile's proposals come to.
    #>
    param([Parameter(Mandatory = $true)][hashtable]$Tunnel)

    $main = [regex]::Match($Tunnel.Ike, $script:Grammar.ike).Groups
    $quick = [regex]::Match($Tunnel.Esp, $script:Grammar.esp).Groups
    $cipher = $script:Ciphers[$quick['cipher'].Value]
    return @{
        EncryptionMethod = $script:Ciphers[$main['cipher'].Value]
        IntegrityCheckMethod = $main['hash'].Value.ToUpperInvariant()
        DHGroup = $main['group'].Value.ToUpperInvariant()
        CipherTransformConstants = $cipher
        AuthenticationTransformConstants = $cipher
        PfsGroup = $quick['group'].Value.ToUpperInvariant()
    }
}

function ConvertTo-Network {
    param([string]$Word)

    $address, $length = $Word -split '/', 2
    $parsed = $null
    $bits = 0
    $isSo = [System.Net.IPAddress]::TryParse($address, [ref]$parsed) -and $length -cmatch '\A[0-9]{1,3}\z' -and
        [int]::TryParse($length, [ref]$bits)
    if (-not $isSo -or $bits -gt 8 * $parsed.GetAddressBytes().Length) {
        Stop-Words "'$(Limit-Word $Word)' is no network such as 10.0.0.0/8"
    }
    return "$parsed/$bits"
}

function Format-Fault {
    param([string]$Kind, [string]$Word)

    switch ($Kind) {
        'gateway' { return "'$(Limit-Word $Word)' is no name such as vpn.example.sch.uk; Windows compares it with the certificate" }
        'authority' { return "'$(Limit-Word $Word)' is no SHA-256 in hex" }
        'eku' { return "'$(Limit-Word $Word)' is no purpose of certificates such as 1.3.6.1.5.5.7.3.2" }
    }
    return "Windows has no suite '$(Limit-Word $Word)': a profile has one, of AES-GCM, SHA-2 and P-256 or P-384"
}

function Limit-Word {
    param([string]$Word)

    if ($Word.Length -le 80) { return $Word }
    return $Word.Substring(0, 80) + '...'
}

function Stop-Words {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

Export-ModuleMember -Function ConvertFrom-LeeboardTunnel, Get-LeeboardSuiteParameter
