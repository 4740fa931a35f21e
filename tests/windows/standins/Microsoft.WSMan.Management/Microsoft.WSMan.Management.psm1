<#
Stand-in for the cmdlets of WinRM: a service with a configuration, kept in C:\standins\state\winrm.json.

    {"running": false, "config": {"Client": {...}, "Service": {"AllowUnencrypted": false, "Auth": {"Basic": false, ...}}},
     "listeners": [{"Address": "*", "Transport": "HTTP", "Port": 5985, "Enabled": true, "CertificateThumbprint": "",
                    "Source": "GPO"}],
     "policy": "applied", "behaviour": {}}

Policies in the registry win over what is set here, and show as Source="GPO"; what a policy sets cannot be set by hand.
With "policy": "waiting" the service has not taken them over yet. `behaviour`: {"mode": "denied" | "deaf" | "fail" |
"rubbish" | "deaf to switches"} makes it misbehave. A listener with a Source is a policy's, and nobody changes it by hand.

Sources: MicrosoftDocs/PowerShell-Docs, reference/5.1/Microsoft.WSMan.Management; [MS-WSMV] for the elements;
MicrosoftDocs/win32, desktop-src/WinRM, installation-and-configuration for the defaults; [Source="GPO"] and the fault
2150858770 of a service that does not run: third-party captures. The words of faults are recalled.
#>

Set-StrictMode -Version 2.0
$path = 'C:\standins\state\winrm.json'
$space = 'http://schemas.microsoft.com/wbem/wsman/1/config'
$ports = @{ HTTP = 5985; HTTPS = 5986 }
# Values below SOFTWARE\Policies\Microsoft\Windows\WinRM, and the element each of them rules.
$ruled = @{
    Client = @{ AllowBasic = 'Auth/Basic'; AllowDigest = 'Auth/Digest'; AllowUnencryptedTraffic = 'AllowUnencrypted' }
    Service = @{ AllowBasic = 'Auth/Basic'; AllowUnencryptedTraffic = 'AllowUnencrypted'; AllowKerberos = 'Auth/Kerberos' }
}

function Get-State { [IO.File]::ReadAllText($path) | ConvertFrom-Json -AsHashtable }

function Save-State([hashtable]$State) { [IO.File]::WriteAllText($path, (ConvertTo-Json $State -Depth 6)) }

function Write-Call([string]$Program, [string]$Argument) {
    $line = ConvertTo-Json -Compress @{ program = $Program; arguments = @($Argument) }
    [IO.File]::AppendAllText('C:\standins\calls.jsonl', $line + "`n")
}

function New-Fault([string]$Code, [string]$Words) {
    $text = "<f:WSManFault xmlns:f=`"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault`" Code=`"$Code`" Machine=`"localhost`">" +
        "<f:Message>$Words </f:Message></f:WSManFault>"
    [InvalidOperationException]::new($text)
}

# The state, or the fault of a service that does not run or misbehaves.
function Open-Service {
    $state = Get-State
    switch ($state.behaviour['mode']) {
        'denied' { throw (New-Fault 5 'Access is denied.') }
        'fail' { throw (New-Fault 2150859027 'The service cannot process the request.') }
        'deaf' { Start-Sleep -Seconds 86400 }
    }
    if (-not $state.running) {
        throw (New-Fault 2150858770 'The client cannot connect to the destination specified in the request.')
    }
    $state
}

# What a policy says of an element, or nothing.
function Get-Policy([string]$Side, [string]$Element) {
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("SOFTWARE\Policies\Microsoft\Windows\WinRM\$Side")
    if (-not $key) { return }
    foreach ($name in $ruled[$Side].Keys) {
        $value = $key.GetValue($name)
        if ($ruled[$Side][$name] -eq $Element -and $null -ne $value) { return [bool][int]$value }
    }
}

function Add-Element([Xml.XmlElement]$Parent, [string]$Name, [object]$Value, [string]$Source = '') {
    $element = $Parent.OwnerDocument.CreateElement('cfg', $Name, $space)
    if ($Value -is [bool]) { $Value = "$Value".ToLowerInvariant() }
    if ($null -ne $Value) { $element.InnerText = "$Value" }
    if ($Source) { $element.SetAttribute('Source', $Source) }
    $null = $Parent.AppendChild($element)
    $element
}

function Add-Side([Xml.XmlElement]$Parent, [string]$Side, [string]$At, [hashtable]$Values, [hashtable]$State) {
    foreach ($name in $Values.Keys | Sort-Object) {
        $place = if ($At) { "$At/$name" } else { $name }
        if ($Values[$name] -is [hashtable]) {
            Add-Side (Add-Element $Parent $name $null) $Side $place $Values[$name] $State
            continue
        }
        $policy = if ($State.policy -eq 'applied') { Get-Policy $Side $place }
        if ($null -eq $policy) { $null = Add-Element $Parent $name $Values[$name] }
        else { $null = Add-Element $Parent $name $policy 'GPO' }
    }
}

# The listener that selectors name, or the fault of one that is not there.
function Find-Listener([hashtable]$State, [hashtable]$Selectors) {
    $found = @($State.listeners | Where-Object { $_.Transport -eq $Selectors.Transport -and $_.Address -eq $Selectors.Address })
    if (-not $found.Count) { throw (New-Fault 2150858752 'There is no such listener.') }
    $found[0]
}

function Get-WSManInstance {
    <# .SYNOPSIS
       The configuration, its listeners, or one of them, as XML. #>
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][Uri]$ResourceURI, [switch]$Enumerate, [hashtable]$SelectorSet)
    Write-Call 'wsman' "$ResourceURI"
    $state = Open-Service
    $document = [Xml.XmlDocument]::new()
    if ($state.behaviour['mode'] -eq 'rubbish') { return 'rubbish' }
    if ("$ResourceURI" -eq 'winrm/config/listener' -and ($Enumerate -or $SelectorSet)) {
        foreach ($listener in $SelectorSet ? @(Find-Listener $state $SelectorSet) : $state.listeners) {
            $element = $document.CreateElement('cfg', 'Listener', $space)
            if ($listener['Source']) { $element.SetAttribute('Source', $listener['Source']) }
            foreach ($name in 'Address', 'Transport', 'Port', 'Hostname', 'Enabled', 'URLPrefix', 'CertificateThumbprint') {
                $null = Add-Element $element $name $listener[$name]
            }
            $element
        }
        return
    }
    if ("$ResourceURI" -ne 'winrm/config') { throw (New-Fault 2150858752 'The resource URI is not known here.') }
    $root = $document.CreateElement('cfg', 'Config', $space)
    foreach ($side in 'Client', 'Service') { Add-Side (Add-Element $root $side $null) $side '' $state.config[$side] $state }
    $root
}

function Set-WSManInstance {
    <# .SYNOPSIS
       Set values of winrm/config/SIDE or winrm/config/SIDE/auth, or of one listener. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][Uri]$ResourceURI, [Parameter(Position = 1)][hashtable]$SelectorSet,
        [Parameter(Mandatory)][hashtable]$ValueSet
    )
    $state = Open-Service
    if ("$ResourceURI" -eq 'winrm/config/listener') {
        $listener = Find-Listener $state $SelectorSet
        if ($listener['Source']) { throw (New-Fault 2150858837 'It is controlled by policies.') }
        if ($state.behaviour['mode'] -ne 'deaf to switches') { $listener.Enabled = $ValueSet.Enabled -eq 'true' }
        return Save-State $state
    }
    if ("$ResourceURI" -notmatch '^winrm/config/(client|service)(/auth)?$') { throw (New-Fault 2150858752 'Not known here.') }
    $side = @{ client = 'Client'; service = 'Service' }[$Matches[1]]
    $values, $at = $state.config[$side], ''
    if ($Matches.ContainsKey(2)) { $values, $at = $values.Auth, 'Auth/' }
    foreach ($name in $ValueSet.Keys) {
        if (-not $values.ContainsKey($name)) { throw (New-Fault 2150858816 "There is no $name.") }
        if ($null -ne (Get-Policy $side "$at$name")) { throw (New-Fault 2150858837 'It is controlled by policies.') }
        $values[$name] = if ($values[$name] -is [bool]) { $ValueSet[$name] -eq 'true' } else { $ValueSet[$name] }
    }
    Save-State $state
}

function New-WSManInstance {
    <# .SYNOPSIS
       Add a listener. #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][Uri]$ResourceURI, [Parameter(Mandatory, Position = 1)][hashtable]$SelectorSet,
        [hashtable]$ValueSet = @{}
    )
    $state = Open-Service
    if (@($state.listeners | Where-Object { $_.Transport -eq $SelectorSet.Transport -and $_.Address -eq $SelectorSet.Address }).Count) {
        throw (New-Fault 2150858833 'There is such a listener.')
    }
    $state.listeners = @($state.listeners) + @{
        Address = $SelectorSet.Address; Transport = $SelectorSet.Transport.ToUpperInvariant(); Enabled = $true
        Port = $ports[$SelectorSet.Transport.ToUpperInvariant()]; Hostname = "$($ValueSet['Hostname'])"; URLPrefix = 'wsman'
        CertificateThumbprint = "$($ValueSet['CertificateThumbprint'])"
    }
    Save-State $state
}

function Remove-WSManInstance {
    <# .SYNOPSIS
       Take a listener away. #>
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][Uri]$ResourceURI, [Parameter(Mandatory, Position = 1)][hashtable]$SelectorSet)
    $state = Open-Service
    $state.listeners = @($state.listeners | Where-Object {
            $_.Transport -ne $SelectorSet.Transport -or $_.Address -ne $SelectorSet.Address })
    Save-State $state
}

function Set-WSManQuickConfig {
    <# .SYNOPSIS
       Start the service and let it listen over HTTP. #>
    [CmdletBinding()]
    param([switch]$UseSSL, [switch]$Force)
    if ($UseSSL) { throw [NotSupportedException]'the stand-in does not look for certificates' }
    $state = Get-State
    $state.running = $true
    if (-not @($state.listeners | Where-Object { $_.Transport -eq 'HTTP' }).Count) {
        $state.listeners = @($state.listeners) + @{
            Address = '*'; Transport = 'HTTP'; Port = 5985; Hostname = ''; Enabled = $true; URLPrefix = 'wsman'; CertificateThumbprint = ''
        }
    }
    Save-State $state
}

Export-ModuleMember -Function Get-WSManInstance, Set-WSManInstance, New-WSManInstance, Remove-WSManInstance, Set-WSManQuickConfig
