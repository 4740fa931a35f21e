# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# What the codes mean with which BitLocker and the TPM refuse something, and what to do next. Codes that Microsoft's pages
# of the methods have (win32, desktop-src/SecProv), and those of Winerror.h that a policy or a drive can lead to
# (desktop-src/com/com-error-codes-6.md).

Set-StrictMode -Version 2.0

$script:Words = @{
    '00000001' = 'it did not do what was asked, and calls that no error (S_FALSE)'
    '80070005' = 'access was denied; it takes an administrator, and nobody may be using the volume'
    '80070057' = 'it does not accept what it was given, or group policy wants another value'
    '80070070' = 'the drive is full; make room on it'
    '80280001' = 'the password of the owner of the TPM is wrong'
    '80280803' = 'the TPM is locked out after too many wrong tries; wait until it lets go, or restart the machine'
    '80284008' = 'this machine has no TPM that Windows can use'
    '80310000' = 'the volume is locked; unlock it first'
    '80310001' = 'the volume is not encrypted'
    '80310007' = 'the volume has no protector that is safe enough for this'
    '80310008' = 'the volume has no protector at all'
    '80310009' = 'BitLocker is busy with another request; try again'
    '8031000a' = 'the schema of Active Directory has no place for recovery information of BitLocker'
    '8031000b' = 'Active Directory answered with data of another type than was expected'
    '8031000c' = 'Active Directory answered with data of another size than was expected'
    '8031000d' = 'an attribute that was read from Active Directory has no value'
    '8031000e' = 'an attribute was not set in Active Directory'
    '8031000f' = 'Active Directory has no such GUID'
    '80310011' = 'the volume has too little free space'
    '80310012' = 'Windows starts from this volume as well; it needs a start-up partition of its own'
    '80310013' = 'BitLocker does not support this file system'
    '80310015' = 'this drive cannot be encrypted'
    '80310017' = 'the volume is not opened automatically'
    '80310018' = 'the TPM is not set up; let Windows set it up (tpm.msc)'
    '80310019' = 'this cannot be done to the volume of Windows'
    '8031001d' = 'it is the last protector of an encrypted volume'
    '8031001e' = 'the machine belongs to a cluster'
    '8031001f' = 'it opens the volume automatically already'
    '80310020' = 'the volume of Windows is not protected, so it cannot open another one'
    '80310021' = 'the key of the volume lies in clear beside it'
    '80310022' = 'the volume has neither a recovery password nor a key of its own'
    '80310023' = 'a TPM protects the volume of the running Windows alone'
    '80310024' = 'another program is changing the protectors; try again'
    '80310027' = 'no recovery password of the volume is this one'
    '80310028' = 'this can be done to the volume of the running Windows alone'
    '80310029' = 'the volume of Windows opens data volumes automatically'
    '8031002c' = 'group policy wants a recovery password before the volume is encrypted'
    '8031002d' = 'the volume is encrypted by another method, which stays as it is'
    '8031002e' = 'the volume has no protector yet'
    '80310030' = 'there is a CD, DVD or medium that the machine could start from; take it out and restart'
    '80310031' = 'a protector of this type is there already'
    '80310033' = 'the volume has no such protector'
    '80310035' = 'that is no recovery password'
    '80310037' = 'the FIPS policy forbids recovery passwords'
    '80310038' = 'the FIPS policy forbids keys in files'
    '80310039' = 'the volume is encrypted in part or whole already'
    '8031003a' = 'the protector is of another type'
    '8031003b' = 'no protector is there that a hardware test could try'
    '8031003f' = 'the TPM is switched off; switch it on in the firmware'
    '80310040' = 'this cannot be done in safe mode'
    '80310041' = 'the TPM saw another start than the one it was told to expect'
    '80310043' = 'the PIN was wrong'
    '80310048' = 'the firmware does not do what BitLocker needs'
    '80310049' = 'this edition of Windows has no BitLocker'
    '8031004e' = 'the machine has to be restarted first'
    '8031005c' = 'group policy forbids recovery passwords'
    '8031005d' = 'group policy requires a recovery password'
    '80310060' = 'group policy does not permit a PIN at the start'
    '80310061' = 'group policy requires a PIN at the start'
    '80310062' = 'group policy does not permit a key on a USB stick at the start'
    '80310063' = 'group policy requires a key on a USB stick at the start'
    '80310066' = 'group policy does not permit the TPM alone'
    '80310067' = 'group policy requires the TPM alone'
    '80310068' = 'the PIN is shorter than group policy wants, or longer than 20 characters'
    '8031006d' = 'the volume of Windows takes no password'
    '80310075' = 'group policy does not permit that data volumes are opened automatically'
    '80310083' = 'the policies for recovery and for automatic unlocking of data volumes contradict each other'
    '80310090' = 'the policies for recovery of the volume of Windows contradict each other'
    '80310091' = 'the policies for recovery of data volumes contradict each other'
    '80310097' = 'the volume is opened automatically, so it cannot be locked'
    '8031009a' = 'the PIN has characters that group policy does not permit'
    '803100a5' = 'this storage can only be encrypted where it is used, not as a whole'
    '803100b0' = 'the drive''s own encryption is in use already'
    '803100b1' = 'group policy forbids the drive''s own encryption'
    '803100b5' = 'the machine has no keyboard before the start, so nobody could type a PIN'
    '803100ba' = 'Secure Boot is off, so nothing can be bound to it'
    '803100bb' = 'Secure Boot is set up in a way that BitLocker does not trust'
    '803100bd' = 'the volume has shadow copies; remove them first'
}

# What a code means of one method alone.
$script:OfMethod = @{
    'BackupRecoveryInformationToActiveDirectory 00000001' =
        'the group policy does not permit that recovery information goes to Active Directory'
    'BackupRecoveryInformationToActiveDirectory 80310008' = 'the volume has no protector that could be backed up'
    'BackupRecoveryInformationToActiveDirectory 8031003a' = 'this protector is no recovery password'
}

function Get-LeeboardBitLockerWord {
    <#
    .SYNOPSIS
    What a code of BitLocker or the TPM means, with the code itself. With Method what it means there.
    #>
    param([Parameter(Mandatory = $true)][long]$Code, [string]$Method = '')

    $number = '{0:x8}' -f $Code
    $own = $script:OfMethod["$Method $number"]
    if ($own) { return "$own (0x$number)" }
    if ($script:Words.ContainsKey($number)) { return "$($script:Words[$number]) (0x$number)" }
    return "Microsoft's pages do not tell what 0x$number means here"
}

Export-ModuleMember -Function Get-LeeboardBitLockerWord
