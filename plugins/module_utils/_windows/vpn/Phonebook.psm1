# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.Profiles
#AnsibleRequires -PowerShell ..system.RegistryKey

# Phonebooks (rasphone.pbk), in which Windows keeps VPN profiles: those of the machine, and those of every person, signed
# in or not. [MS-RRASM] 2.2.2 has their keys. A profile comes out in the words that Linux uses (_linux/vpn/profile.py).
#
# A person's phonebooks lie in the folder for roaming data, which may be redirected, to a server for instance: where that
# is, User Shell Folders in the person's registry says (Microsoft, Folder Redirection and User Shell Folders), which is
# loaded while the person is signed in. Of the others only the profile itself is looked at.
#
# What that page leaves open was worked out from files that the cmdlets wrote, in public projects: CustomIPSecPolicies is
# six numbers in the order of integrity, encryption, DH group, cipher and hash of the traffic, and PFS group.

Set-StrictMode -Version 2.0

$script:ProfileList = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
$script:ShellFolders = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders'
$script:Below = 'Microsoft\Network\Connections\Pbk'
$script:Largest = 2097152  # bytes of one phonebook
# VpnStrategy: only these mean one protocol; all others try several.
$script:Protocols = @{ '1' = 'pptp'; '3' = 'l2tp'; '5' = 'sstp'; '7' = 'ikev2' }
# AuthRestrictions, by the value of the bit.
$script:Passwords = 0x8, 0x10, 0x20, 0x40, 0x200, 0x400  # PAP, SPAP, CHAP, MS-CHAP in three kinds
$script:Eap, $script:MachineCertificate, $script:SharedKey = 0x80, 0x800, 0x1000
# CustomAuthKey: the EAP method, by IANA's numbers. PEAP and TTLS hide what is inside.
$script:Methods = @{ '13' = 'certificate'; '21' = 'inside ttls'; '25' = 'inside peap' }
# Numbers of iketypes.h and ipsectypes.h, in the words of proposals.
$script:Hashes = @{ 0 = 'md5'; 1 = 'sha1'; 2 = 'sha256'; 3 = 'sha384' }
$script:Ciphers = @{
    0 = 'des'; 1 = '3des'; 2 = 'aes128'; 3 = 'aes192'; 4 = 'aes256'; 5 = 'aes128gcm16'; 6 = 'aes256gcm16'
}
$script:Traffic = @{
    1 = 'des'; 2 = '3des'; 3 = 'aes128'; 4 = 'aes192'; 5 = 'aes256'
    6 = 'aes128gcm16'; 7 = 'aes192gcm16'; 8 = 'aes256gcm16'
}
$script:Groups = @{ 1 = 'modp768'; 2 = 'modp1024'; 3 = 'modp2048'; 4 = 'ecp256'; 5 = 'ecp384'; 6 = 'modp2048s256' }
$script:PfsGroups = @{ 1 = 'modp768'; 2 = 'modp1024'; 3 = 'modp2048'; 4 = 'ecp256'; 5 = 'ecp384'; 7 = 'modp2048s256' }
$script:PfsOfMain = 6
$script:Book = 'rasphone.pbk'

function Get-LeeboardVpnProfile {
    <#
    .SYNOPSIS
    @{Profiles}: every VPN profile in every phonebook, as dictionaries. A phonebook that cannot be read is thrown: what is
    in it is not known to be right.
    #>
    return Get-LeeboardOnce -Name 'VPN profiles' -Read {
        $found = foreach ($place in Get-PhonebookPlace) {
            foreach ($file in @(Get-PhonebookFile $place.Folder)) {
                # A name is looked up only where there is something to tell of it.
                $whose = if ($place['Sid']) { Get-LeeboardAccountName $place.Sid } else { $place.Whose }
                Read-Phonebook $file $whose
            }
        }
        @{ Profiles = [object[]]@($found) }
    }
}

function Get-LeeboardPhonebook {
    <#
    .SYNOPSIS
    The path of the phonebook of the machine, into which the cmdlets write with -AllUserConnection.
    #>
    return [System.IO.Path]::Combine((Get-MachineFolder), $script:Book)
}

function Get-LeeboardPhonebookEntry {
    <#
    .SYNOPSIS
    The entry of the machine's phonebook with this name, as ConvertFrom-LeeboardPhonebook gives it; nothing where there
    is none.
    #>
    param([Parameter(Mandatory = $true)][string]$Name)

    Get-MachineEntry | Where-Object { $_.Name -eq $Name } | Select-Object -First 1
}

function Get-LeeboardMachineProfile {
    <#
    .SYNOPSIS
    The entries of the machine's phonebook that are VPN profiles: @{Name; Gateways; Delivered; Lines}.
    #>
    foreach ($entry in @(Get-MachineEntry | Where-Object { Test-Vpn $_ })) {
        $gateways = @($entry.Numbers | ForEach-Object { $_ -split '\s+' } | Where-Object { $_ } | Select-Object -Unique)
        if (-not $gateways.Length) { $gateways = @('nowhere') }
        @{
            Name = $entry.Name; Gateways = [string[]]$gateways; Delivered = Test-Delivered $entry.Keys
            Lines = [string[]]$entry.Lines
        }
    }
}

function Get-MachineEntry {
    $file = Get-LeeboardPhonebook
    if (@(Get-PhonebookFile (Get-MachineFolder)) -notcontains $file) { return }
    ConvertFrom-LeeboardPhonebook (Get-PhonebookText $file)
}

function Test-Vpn {
    param([hashtable]$Entry)

    return $Entry.Keys['Type'] -eq '2' -or $Entry.Devices -contains 'vpn'
}

# Whether an MDM service brought it, which would bring it again: it says who, or is what only such a service makes.
# Microsoft documents none of these keys; ProvisioningAuthority is a property of VpnConnection.
function Test-Delivered {
    param([hashtable]$Keys)

    return [bool]$Keys['ProvisioningAuthority'] -or $Keys['AlwaysOnCapable'] -eq '1' -or $Keys['DeviceTunnel'] -eq '1'
}

function Get-MachineFolder {
    return [System.IO.Path]::Combine([System.Environment]::GetFolderPath('CommonApplicationData'), $script:Below)
}

# @{Folder; Whose; Sid}: where phonebooks may lie; with a Sid, whose they are is an account.
function Get-PhonebookPlace {
    @{ Folder = Get-MachineFolder; Whose = 'this machine' }
    $key = Open-LeeboardKey $script:ProfileList
    if ($null -eq $key) {
        throw (New-LeeboardProblem -Code failed -Why "$script:ProfileList is not there, so nobody's phonebook is known")
    }
    try { $sids = $key.GetSubKeyNames() } finally { $key.Dispose() }
    $homes = @(foreach ($sid in $sids) {
            $path = Get-LeeboardMachineValue -Path "$script:ProfileList\$sid" -Name ProfileImagePath
            if ($path.state -eq 'value') { @{ Path = [string]$path.value; Sid = $sid } }
        })
    $default = Get-LeeboardMachineValue -Path $script:ProfileList -Name Default
    if ($default.state -eq 'value') { $homes += @{ Path = [string]$default.value; Sid = '' } }
    foreach ($one in $homes) {
        $path = [System.Environment]::ExpandEnvironmentVariables($one.Path)
        $roaming = [System.IO.Path]::Combine($path, 'AppData', 'Roaming')
        if ($one.Sid) { $roaming = Get-RoamingFolder $one.Sid $path $roaming }
        @{ Folder = [System.IO.Path]::Combine($roaming, $script:Below); Sid = $one.Sid; Whose = 'everybody who is new' }
    }
}

# Where a person's roaming data lies: what User Shell Folders says, or else the usual place.
function Get-RoamingFolder {
    param([string]$Sid, [string]$Profile_, [string]$Usual)

    $found = Get-LeeboardMachineValue -Path "HKU\$Sid\$script:ShellFolders" -Name AppData
    if ($found.state -ne 'value' -or -not ([string]$found.value).Trim()) { return $Usual }
    # Variables of the person are not those of whoever asks; those of the machine are the same for both.
    $leaf = (Get-LeeboardAccountName $Sid).Split('\')[-1]
    $folder = [string]$found.value -replace '%USERPROFILE%', $Profile_.Replace('$', '$$')
    $folder = $folder -replace '%USERNAME%', $leaf.Replace('$', '$$')
    if ($folder -match '%(?!(SystemRoot|SystemDrive|windir|ProgramData|PUBLIC)%)[^%\\]+%') {
        $why = "the roaming data of $leaf lies in $($found.value), and what $($Matches[0]) is there is not known"
        throw (New-LeeboardProblem -Code failed -Why $why)
    }
    return [System.Environment]::ExpandEnvironmentVariables($folder)
}

# Each phonebook in a folder, and in the hidden one below it. A folder that is not there has none; one that cannot be
# looked into is thrown, since "exists" is also false of a folder that is refused.
function Get-PhonebookFile {
    param([string]$Folder)

    foreach ($one in $Folder, [System.IO.Path]::Combine($Folder, '_hiddenPbk')) {
        try {
            [System.IO.Directory]::GetFiles($one, '*.pbk') | Sort-Object
        } catch {
            $inner = $_.Exception.GetBaseException()
            if ($inner -is [System.IO.DirectoryNotFoundException]) { continue }
            $code = if ($inner -is [System.UnauthorizedAccessException]) { Get-LeeboardDenial } else { 'failed' }
            throw (New-LeeboardProblem -Code $code -Why "$one could not be looked into: $($inner.Message)")
        }
    }
}

function Read-Phonebook {
    param([string]$File, [string]$Whose)

    foreach ($entry in ConvertFrom-LeeboardPhonebook (Get-PhonebookText $File)) {
        if (Test-Vpn $entry) { ConvertTo-VpnProfile $entry $File $Whose }
    }
}

function Get-PhonebookText {
    param([string]$File)

    try {
        $size = (New-Object -TypeName System.IO.FileInfo -ArgumentList $File).Length
        if ($size -gt $script:Largest) {
            throw (New-LeeboardProblem -Code too_large -Why "$File has $size bytes, which no phonebook needs")
        }
        return [System.IO.File]::ReadAllText($File)  # UTF-8, unless a mark says otherwise
    } catch [System.IO.IOException] {
        throw (New-LeeboardProblem -Code failed -Why "$File could not be read: $($_.Exception.GetBaseException().Message)")
    }
}

function ConvertFrom-LeeboardPhonebook {
    <#
    .SYNOPSIS
    The entries of a phonebook: @{Name; Keys; Devices; Numbers; Lines}. The first of two lines with one key counts.
    #>
    param([AllowEmptyString()][string]$Text)

    $entry = $null
    foreach ($line in $Text -split '\r?\n|\r') {
        if ($line -match '^\[(.*)\]\s*$') {
            if ($null -ne $entry) { $entry }
            $entry = @{ Name = $Matches[1]; Keys = @{}; Devices = @(); Numbers = @(); Lines = @() }
            continue
        }
        if ($null -eq $entry) { continue }
        $entry.Lines += $line
        if ($line -match '^\s*([^=]+?)\s*=\s*(.*?)\s*$') {
            $name, $value = $Matches[1], $Matches[2]
            switch ($name) {
                'DEVICE' { $entry.Devices += $value }
                'PhoneNumber' { if ($value) { $entry.Numbers += $value } }
            }
            if (-not $entry.Keys.ContainsKey($name)) { $entry.Keys[$name] = $value }
        }
    }
    if ($null -ne $entry) { $entry }
}

function ConvertTo-VpnProfile {
    param([hashtable]$Entry, [string]$File, [string]$Whose)

    $keys = $Entry.Keys
    $protocol = $script:Protocols[[string]$keys['VpnStrategy']]
    if (-not $protocol) { $protocol = 'automatic' }
    $vpn = [ordered]@{
        name = Limit-Text $Entry.Name 100; program = 'Windows'; where = Limit-Text $File 300; protocol = $protocol
        role = 'initiates'; owner = Limit-Text $Whose 200
        gateway = Limit-Text ([string]::Join(' ', [string[]]@($Entry.Numbers | Select-Object -Unique))) 300
        authentication = [string[]]@(Get-Authentication $keys $protocol | Sort-Object -Unique)
        stored = [string[]]@(Get-Stored $keys)
    }
    $tunnel = [ordered]@{ to = [string[]]@(Get-Selector $keys) }
    if ($protocol -eq 'ikev2') {
        $offered = @(Get-Proposal $keys $Entry.Name)
        $vpn['ike'] = [string[]]@($offered | ForEach-Object { $_.Ike })
        $tunnel['esp'] = [string[]]@($offered | ForEach-Object { $_.Esp })
    }
    $vpn['tunnels'] = [object[]]@($tunnel)
    if (Test-Delivered $keys) { $vpn['delivered'] = 'an MDM service' }
    return $vpn
}

function Limit-Text {
    param([AllowEmptyString()][string]$Text, [int]$Most)

    if ($Text.Length -le $Most) { return $Text }
    return $Text.Substring(0, $Most)
}

# What the profile proves itself with, in the words certificate, password, psk, unspecified, or what cannot be told.
function Get-Authentication {
    param([hashtable]$Keys, [string]$Protocol)

    $bits = 0
    [void][int]::TryParse([string]$Keys['AuthRestrictions'], [ref]$bits)
    if (@($script:Passwords | Where-Object { $bits -band $_ }).Length) { 'password' }
    if ($bits -band $script:MachineCertificate) { 'certificate' }
    if ($bits -band $script:SharedKey) { 'psk' }
    if ($bits -band $script:Eap) {
        $method = $script:Methods[[string]$Keys['CustomAuthKey']]
        if ($method) { $method } else { 'password' }
    }
    if ($Protocol -eq 'l2tp') {
        # Bit 1 of IpSecFlags: a shared key in place of a certificate.
        $flags = 0
        [void][int]::TryParse([string]$Keys['IpSecFlags'], [ref]$flags)
        if ($flags -band 1) { 'psk' } else { 'certificate' }
    }
    if (-not $bits) { 'unspecified' }
}

# That there is something, never what it is.
function Get-Stored {
    param([hashtable]$Keys)

    if ($Keys['CacheCredentials'] -eq '1') { 'password' }
    if ($Keys['PreSharedKey']) { 'psk' }
    if ($Keys['ApnInfoPassword']) { 'other' }
}

# What goes through the tunnel, by family; a phonebook that does not say so is one in which all of it does.
function Get-Selector {
    param([hashtable]$Keys)

    if ($Keys['IpPrioritizeRemote'] -ne '0') { '0.0.0.0/0' }
    if ($Keys['Ipv6PrioritizeRemote'] -ne '0') { '::/0' }
}

# {Ike; Esp}: one for each custom policy, or `default` for what Windows proposes by itself.
function Get-Proposal {
    param([hashtable]$Keys, [string]$Name)

    $count = [string]$Keys['NumCustomPolicy']
    if (-not $count -or $count -eq '0') { return @{ Ike = 'default'; Esp = 'default' } }
    $hex = [string]$Keys['CustomIPSecPolicies']
    if ($hex -notmatch '\A([0-9a-fA-F]{48})+\z') {
        $why = "the VPN profile $Name has a custom IPsec policy that makes no sense"
        throw (New-LeeboardProblem -Code malformed -Why $why)
    }
    for ($start = 0; $start -lt $hex.Length; $start += 48) {
        $n = @(for ($at = 0; $at -lt 48; $at += 8) { ConvertFrom-Bytes $hex.Substring($start + $at, 8) })
        Format-LeeboardSuite -Hash $n[0] -Cipher $n[1] -Group $n[2] -Traffic $n[3] -PfsGroup $n[5]
    }
}

function Format-LeeboardSuite {
    <#
    .SYNOPSIS
    @{Ike; Esp}: what numbers of a policy mean, in the words of proposals. The sixth, the hash of the traffic, says
    nothing beside a cipher that is its own.
    #>
    param([int]$Hash, [int]$Cipher, [int]$Group, [int]$Traffic, [int]$PfsGroup)

    $hashed = Get-Word $script:Hashes $Hash
    $ike = Get-Word $script:Ciphers $Cipher
    $agreed = Get-Word $script:Groups $Group
    if ($ike -match 'gcm') { $hashed = "prf$hashed" }
    $esp = Get-Word $script:Traffic $Traffic
    $pfs = if ($PfsGroup -eq $script:PfsOfMain) { $agreed } elseif ($PfsGroup) { Get-Word $script:PfsGroups $PfsGroup }
    if ($pfs) { $esp = "$esp-$pfs" }
    return @{ Ike = "$ike-$hashed-$agreed"; Esp = $esp }
}

# A number of four bytes, the lowest first.
function ConvertFrom-Bytes {
    param([string]$Hex)

    $bytes = for ($at = 0; $at -lt 8; $at += 2) { [System.Convert]::ToByte($Hex.Substring($at, 2), 16) }
    return [System.BitConverter]::ToInt32([byte[]]$bytes, 0)
}

# A number that nobody knows counts for nothing, by the judgement of proposals.
function Get-Word {
    param([hashtable]$Words, [int]$Number)

    if ($Words.ContainsKey($Number)) { return $Words[$Number] }
    return "unknown$Number"
}

Export-ModuleMember -Function Get-LeeboardVpnProfile, ConvertFrom-LeeboardPhonebook, Get-LeeboardPhonebook,
    Get-LeeboardPhonebookEntry, Get-LeeboardMachineProfile, Format-LeeboardSuite
