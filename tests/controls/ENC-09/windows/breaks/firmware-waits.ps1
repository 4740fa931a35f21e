# An update of the firmware waits, the TPM is bound to the firmware's PCRs, and nobody suspended BitLocker.
# kind: not_loaded
# alone: yes
# flips: ENC-09
# expect: drifted
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
$found = $volume | Invoke-CimMethod -MethodName GetKeyProtectors -Arguments @{ KeyProtectorType = [uint32]4 }
$ids = @($found.VolumeKeyProtectorID)
[void]($volume | Invoke-CimMethod -MethodName DeleteKeyProtector -Arguments @{ VolumeKeyProtectorID = $ids[0] })
[void]($volume | Invoke-CimMethod -MethodName ProtectKeyWithTPMAndPIN -Arguments @{ PlatformValidationProfile = [byte[]](0, 2, 4, 11); PIN = '19283746' })
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources\{6DB0F4A5-0000-4000-8000-000000000001}' /v Phase /t REG_DWORD /d '1' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources\{6DB0F4A5-0000-4000-8000-000000000001}' /v Version /t REG_DWORD /d '801' /f /reg:64
