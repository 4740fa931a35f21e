# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..group_policy.PolicyPlace

# The driver `winrm`: how WinRM lets people in and asks others, by the policy where there is one, else as the service
# answers at this moment. Addresses: Service:NAME and Client:NAME, by the names of the policies, and `listeners`. What it
# writes is WinRmChange.psm1's, and of listeners WinRmListener.psm1's.
#
# WindowsRemoteManagement.admx has the policies. The service is asked by Get-WSManInstance, which gives the XML of
# [MS-WSMV]: no translated words, and the attribute Source where a policy decides. A value that the policy sets and the
# service does not yet follow is the aspect running.

Set-StrictMode -Version 2.0

$script:Driver = 'winrm'
$script:Policies = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM'
# Address -> where the service has it in its answer, by element; '' is in none.
$script:Elements = [ordered]@{
    'Client:AllowBasic'               = 'Client/Auth/Basic'
    'Client:AllowDigest'              = 'Client/Auth/Digest'
    'Client:AllowUnencryptedTraffic'  = 'Client/AllowUnencrypted'
    'Service:AllowBasic'              = 'Service/Auth/Basic'
    'Service:AllowUnencryptedTraffic' = 'Service/AllowUnencrypted'
    'Service:DisableRunAs'            = ''
}
$script:Answers = @{ true = 1L; false = 0L }
# Faults, by numbers that no language changes: the service is not there to be asked; access is denied.
$script:Stopped = '2150858770'
$script:Denied = '5', '2147942405'
$script:Patience = 25

function Read-LeeboardWinRm {
    <#
    .SYNOPSIS
    A reading for each address.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][AllowEmptyString()][string[]]$Addresses)

    $readings = [ordered]@{}
    foreach ($address in $Addresses) {
        $readings[$address] = Invoke-LeeboardAttempt -Driver $script:Driver -Address $address -Find {
            if ($address -ceq 'listeners') { Get-ListenerReading } else { Get-WinRmReading $address }
        }
    }
    return $readings
}

function Get-WinRmReading {
    param([string]$Address)

    if (@($script:Elements.Keys) -cnotcontains $Address) {
        throw (New-LeeboardProblem -Code malformed -Why "'$Address' is no address of the driver $script:Driver")
    }
    $side, $name = $Address -split ':', 2
    $came = Resolve-LeeboardPolicy -Places @{ Path = "$script:Policies\$side"; Name = $name }
    $element = $script:Elements[$Address]
    $running = $null
    if ($element -and $came.IsPolicy) {
        $running = Get-Unlike $element $came.Found
    } elseif ($element) {
        $came.Effective = Get-Answer $element $came.Effective
    }
    return New-LeeboardReading -Driver $script:Driver -Address $Address -Effective $came.Effective `
        -Configured $came.Configured -Running $running -Owner $came.Owner
}

# What the service says of an element where no policy decides.
function Get-Answer {
    param([string]$Element, [System.Collections.IDictionary]$Unset)

    $config = Get-Config
    if ($null -eq $config) {
        $note = 'WinRM does not run, and so nobody answers for its own settings'
        return New-LeeboardAbsent -Source $Unset.source -Note $note
    }
    $value = Read-Switch $config $Element
    return New-LeeboardValue -Value $value -Type dword -Source "WinRM as it answers: $Element"
}

# The aspect running, where the service does not do what the policy says; nothing where it does or cannot be asked.
function Get-Unlike {
    param([string]$Element, [hashtable]$Policy)

    try {
        $config = Get-Config
        if ($null -eq $config) { return }
        $value = Read-Switch $config $Element
    } catch {
        return  # the policy was read, and counts as soon as the service asks for it
    }
    if ([string]$value -ne [string]$Policy.value) {
        return New-LeeboardValue -Value $value -Type dword -Source "WinRM as it answers: $Element"
    }
}

function Read-Switch {
    param([System.Xml.XmlElement]$Config, [string]$Element)

    $steps = $Element -split '/' | ForEach-Object { "*[local-name()='$_']" }
    $found = $Config.SelectSingleNode([string]::Join('/', [string[]]@($steps)))
    $said = if ($null -ne $found) { $found.InnerText.Trim() } else { 'nothing' }
    if (-not $script:Answers.ContainsKey($said)) {
        throw (New-LeeboardProblem -Code malformed -Why "WinRM says '$said' of $Element, where true or false is meant")
    }
    return $script:Answers[$said]
}

function Get-ListenerReading {
    $source = 'WinRM as it answers: winrm/config/listener'
    $listeners = (Get-LeeboardWinRmListener).Listeners
    if ($null -eq $listeners) {
        $aspect = New-LeeboardAbsent -Source "$source`: it does not run"
    } else {
        $texts = @($listeners | ForEach-Object {
                $told = [ordered]@{ address = $_.address; transport = $_.transport; port = $_.port; certificate = $_.certificate }
                ConvertTo-Json -InputObject $told -Compress
            })
        $aspect = New-LeeboardValue -Value ([string[]]$texts) -Type winrm_listener -Whole -Source $source
    }
    return New-LeeboardReading -Driver $script:Driver -Address listeners -Effective $aspect
}

function Get-LeeboardWinRmListener {
    <#
    .SYNOPSIS
    @{Listeners}: those that are on, each {address; transport; port; certificate; on; by}; $null where the service does
    not run. `by` is who makes it, where that is not the machine itself (GPO: a group policy).
    #>
    $all = (Find-Listener).Listeners
    if ($null -eq $all) { return @{ Listeners = $null } }
    return @{ Listeners = [object[]]@($all | Where-Object { $_.on }) }
}

function Get-LeeboardEveryListener {
    <#
    .SYNOPSIS
    The same for those that are off, too; nothing where the service does not run.
    #>
    @((Find-Listener).Listeners | Where-Object { $null -ne $_ })
}

function Find-Listener {
    return Get-LeeboardOnce -Name 'listeners of WinRM' -Read {
        if ($null -eq (Get-Config)) { return @{ Listeners = $null } }
        @{ Listeners = [object[]]@(Invoke-WsMan 'winrm/config/listener' -Enumerate | ForEach-Object { ConvertTo-Listener $_ }) }
    }
}

function Get-LeeboardListenedPort {
    <#
    .SYNOPSIS
    The ports on which the service listens, as texts; nothing where it does not run.
    #>
    $listeners = @((Get-LeeboardWinRmListener).Listeners | Where-Object { $null -ne $_ })
    return @($listeners | ForEach-Object { [string]$_.port } | Sort-Object -Unique)
}

function ConvertTo-Listener {
    param([System.Xml.XmlElement]$Element)

    $said = @{}
    foreach ($name in 'Address', 'Transport', 'Port', 'Enabled', 'CertificateThumbprint') {
        $child = $Element.SelectSingleNode("*[local-name()='$name']")
        $said[$name] = if ($null -ne $child) { $child.InnerText.Trim() } else { '' }
    }
    $isOn = $said.Enabled -ne 'false'
    $port = 0
    if (-not $said.Transport -or -not [int]::TryParse($said.Port, [ref]$port)) {
        $why = "a listener of WinRM has the transport '$($said.Transport)' and the port '$($said.Port)'"
        throw (New-LeeboardProblem -Code malformed -Why $why)
    }
    return [ordered]@{
        address = $said.Address; transport = $said.Transport.ToUpperInvariant(); port = $port
        certificate = $said.CertificateThumbprint -replace '\s', ''; on = $isOn; by = $Element.GetAttribute('Source')
    }
}

# The whole configuration as XML, or $null where the service does not run.
function Get-Config {
    $kept = Get-LeeboardOnce -Name 'configuration of WinRM' -Read {
        $answer = @(Invoke-WsMan 'winrm/config')
        if (-not $answer.Length) { return @{ Config = $null } }
        if ($answer[0] -isnot [System.Xml.XmlElement]) {
            throw (New-LeeboardProblem -Code malformed -Why 'Get-WSManInstance winrm/config gave no XML')
        }
        @{ Config = $answer[0] }
    }
    return $kept.Config
}

# What Get-WSManInstance gives; nothing where the service does not run.
function Invoke-WsMan {
    param([string]$Resource, [switch]$Enumerate)

    try {
        return Invoke-LeeboardBounded -What WinRM -PatienceSeconds $script:Patience -Add {
            param($query)
            [void]$query.AddCommand('Get-WSManInstance').AddParameter('ResourceURI', $Resource)
            if ($Enumerate) { [void]$query.AddParameter('Enumerate') }
            [void]$query.AddParameter('ErrorAction', 'Stop')
        }
    } catch {
        $problem = $_.Exception
        if ($problem.Data.Contains('LeeboardCode')) { throw }
        while ($null -ne $problem.InnerException) { $problem = $problem.InnerException }
        $code = if ($problem.Message -match '<f:WSManFault[^>]*\bCode="(\d+)"') { $Matches[1] } else { '' }
        if ($code -eq $script:Stopped) { return }
        throw (ConvertTo-WinRmProblem $problem $code $Resource)
    }
}

function ConvertTo-WinRmProblem {
    param([System.Exception]$Problem, [string]$Code, [string]$Resource)

    $kind = 'failed'
    $isRefused = $script:Denied -contains $Code -or $Problem -is [System.UnauthorizedAccessException]
    if ($isRefused) { $kind = Get-LeeboardDenial }
    if ($Problem -is [System.Management.Automation.CommandNotFoundException]) { $kind = 'missing_tool' }
    # The words of a fault are in the language of Windows; of its XML only they are for people.
    $said = $Problem.Message -replace '<[^>]*>', ''
    return New-LeeboardProblem -Code $kind -Why "WinRM gave no $Resource`: $($said.Trim())"
}

Export-ModuleMember -Function Read-LeeboardWinRm, Get-LeeboardWinRmListener, Get-LeeboardEveryListener,
    Get-LeeboardListenedPort
