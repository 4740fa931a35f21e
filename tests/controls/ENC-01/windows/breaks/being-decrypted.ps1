# Somebody switched BitLocker off because the machine was slow.
# kind: value
# alone: yes
# flips: ENC-01 ENC-13
# expect: drifted
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
[void]($volume | Invoke-CimMethod -MethodName ClearAllAutoUnlockKeys)
[void]($volume | Invoke-CimMethod -MethodName Decrypt)
