# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..registry.Registry
#AnsibleRequires -PowerShell ..system.RegistryKey
#AnsibleRequires -PowerShell .OwnWay
#AnsibleRequires -PowerShell .WinRmListener

# What the driver `winrm` writes: values of the policy, which WinRM obeys before its own configuration; and listeners over
# HTTP that nobody is connected to are switched off (WinRmListener.psm1). None is made, exchanged or taken away, so the
# one that we talk through stays. What would shut out whoever comes as we do is refused beforehand: WinRM may take a policy
# over later than the new connection that confirms the change.

Set-StrictMode -Version 2.0

$script:Policies = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM'
$script:Plugins = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Plugin'
$script:Names = 'Client:AllowBasic', 'Client:AllowDigest', 'Client:AllowUnencryptedTraffic', 'Service:AllowBasic',
    'Service:AllowUnencryptedTraffic', 'Service:DisableRunAs'
# What WinRM reads again only when it is told, so that it is started anew once the values are back.
$script:LetIn = 'Service:AllowBasic', 'Service:AllowUnencryptedTraffic'
$script:Listeners = 'listeners'

function Get-LeeboardWinRmChange {
    <#
    .SYNOPSIS
    The edits that changes come to: values of the policy, and listeners. Changes nothing; throws the problem refused.
    .PARAMETER Changes
    Dictionaries with address and value: 0 or 1, and for listeners an empty list.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    foreach ($change in @($Changes | Where-Object { $_.address -ceq $script:Listeners })) {
        Get-LeeboardListenerEdit -Wanted $change.value
    }
    $values = foreach ($change in @($Changes | Where-Object { $_.address -cne $script:Listeners })) {
        $target = Get-Target $change.address
        if ([string]$change.value -cnotin '0', '1') { Stop-Change "$($change.address)`: it is 0 or 1" }
        if ([string]$change.value -eq '0' -and $script:LetIn -ccontains $change.address) { Assert-OwnWay $change.address }
        if ([string]$change.value -eq '1' -and $change.address -ceq 'Service:DisableRunAs') { Assert-NoCredential }
        @{ address = $target; value = $change.value; type = 'dword' }
    }
    Get-LeeboardRegistryChange -Changes @($values)
}

function Set-LeeboardWinRmChange {
    <#
    .SYNOPSIS
    Make edits: values of the registry, and listeners.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Edits)

    foreach ($edit in $Edits) {
        if (Test-LeeboardListenerPlace $edit.Target) { Set-LeeboardListenerChange -Edits @($edit) }
        else { Set-LeeboardRegistryChange -Edits @($edit) }
    }
}

function Get-LeeboardWinRmCover {
    <#
    .SYNOPSIS
    What brings the device back: the policy's values as they are now, and WinRM started anew where it let people in by
    them; listeners over HTTP as they are now.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][object[]]$Changes)

    # An undo gives no value, but names the listeners one by one.
    $listeners = foreach ($change in $Changes) {
        if ($change.address -ceq $script:Listeners -and $null -ne $change['value']) { Get-LeeboardListenerPlace }
        elseif (Test-LeeboardListenerPlace $change.address) { $change.address }
    }
    $values = @($Changes | ForEach-Object { $_.address } | Where-Object {
            $_ -cne $script:Listeners -and -not (Test-LeeboardListenerPlace $_)
        })
    $restart = @($Changes | Where-Object { $script:LetIn -ccontains $_.address })
    return @{
        Values = [string[]]@($values | ForEach-Object { Get-Target $_ })
        Listeners = [object[]]@($listeners | Select-Object -Unique | ForEach-Object { ConvertTo-LeeboardListenerCover $_ })
        Services = @('WinRM')
        Restart = @(if ($restart.Length) { 'WinRM' })
    }
}

function Get-Target {
    param([string]$Address)

    if ($script:Names -cnotcontains $Address) { Stop-Change "'$Address' cannot be changed by the driver winrm" }
    $side, $name = $Address -split ':', 2
    return "$script:Policies\$side`:$name"
}

# Unencrypted traffic is left to the checkpoint where we came by HTTP and not by Basic: Negotiate and Kerberos encrypt
# each message themselves, unless the controller was told not to.
function Assert-OwnWay {
    param([string]$Address)

    $way = Get-LeeboardOwnWay
    $matters = $Address -ceq 'Service:AllowBasic' -or $way.Transports -contains 'HTTP'
    if (-not $matters -or $way.Basic -eq $false) { return }
    $instead = 'let it come by Kerberos or NTLM first (ansible_winrm_transport, or ansible_psrp_auth)'
    if ($null -eq $way.Basic) {
        Stop-Change ("$Address`: Windows does not say how Leeboard signed in, and the change would shut out whoever comes " +
            "by Basic authentication; $instead")
    }
    Stop-Change ("$Address`: Leeboard may have come by Basic authentication (a session of its account has the type " +
        "NetworkCleartext), and the change would shut it out; $instead")
}

# WindowsRemoteManagement.admx: what was stored is gone for good, so no undo would bring it back.
function Assert-NoCredential {
    foreach ($name in @(Get-LeeboardSubkeyName $script:Plugins)) {
        $found = Get-LeeboardMachineValue -Path "$script:Plugins\$name" -Name ConfigXML
        if ($found.state -eq 'value' -and [string]$found.value -match '\bRunAsUser\s*=\s*["''][^"'']') {
            Stop-Change ("Service:DisableRunAs: the session configuration $name has credentials of its own, which WinRM " +
                'would forget for good; take them out of it first, or accept the risk with a waiver')
        }
    }
}

function Stop-Change {
    param([string]$Why)

    throw (New-LeeboardProblem -Code refused -Why $Why)
}

Export-ModuleMember -Function Get-LeeboardWinRmChange, Set-LeeboardWinRmChange, Get-LeeboardWinRmCover
