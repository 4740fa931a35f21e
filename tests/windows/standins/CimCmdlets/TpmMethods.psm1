<#
Stand-in for the methods of Win32_Tpm, over what its instance has in cim.json as `tpm`:

    "tpm": {"enabled": true, "activated": true, "owned": true, "needs": 0, "locked_out": false, "seed": 0, "pcrs": {"7": 0}}

`needs` is a mask (win32-tpm-isreadyinformation.md), `seed` another number after each time it was cleared, and `pcrs` what
was measured at the last start. All after `needs` may be left out.

Source: MicrosoftDocs/win32, desktop-src/SecProv, isenabled, isactivated, isowned, win32-tpm-isreadyinformation, disable,
clear and resetauthlockout (-win32-tpm.md). IsLockedOut has no page: microsoft/wmi, server2019. A TPM that was locked out
refuses to be cleared; any owner's password but none is wrong, since Windows keeps none (clear, resetauthlockout).
#>

Set-StrictMode -Version 2.0
Import-Module (Join-Path $PSScriptRoot 'VolumeMethods.psm1')

$wrongOwner = [uint32]2150105089   # TPM_E_AUTHFAIL, 0x80280001
$defends = [uint32]2150107139      # TPM_E_DEFEND_LOCK_RUNNING, 0x80280803

function Invoke-TpmMethod([System.Collections.IDictionary]$Found, [string]$Name, [System.Collections.IDictionary]$Given) {
    $at = $Found.tpm
    $before = ConvertTo-Json $at -Depth 5 -Compress
    $owner = if ($Given) { [string]$Given['OwnerAuth'] } else { '' }
    $answer = switch ($Name) {
        'IsEnabled' { @{ IsEnabled = $at.enabled } }
        'IsActivated' { @{ IsActivated = $at.activated } }
        'IsOwned' { @{ IsOwned = $at.owned } }
        'IsReadyInformation' { @{ IsReady = -not $at.needs; Information = $at.needs } }
        'IsLockedOut' { @{ IsLockedOut = [bool]$at['locked_out'] } }
        'Disable' { $at.enabled, $at.needs = $false, ($at.needs -bor 0x20); @{} }
        'Clear' {
            if ($at['locked_out']) { $defends; break }
            if ($owner) { $wrongOwner; break }
            $at['seed'] = 1 + [int]$at['seed']
            $at.owned, $at.needs = $false, ($at.needs -bor 0x4)
            @{}
        }
        'ResetAuthLockOut' {
            if ($owner) { $wrongOwner; break }
            $at['locked_out'] = $false
            @{}
        }
        default { return }
    }
    @{ Answer = Complete-Answer $answer; Changed = $before -ne (ConvertTo-Json $at -Depth 5 -Compress) }
}

Export-ModuleMember -Function Invoke-TpmMethod
