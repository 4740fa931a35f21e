# The recovery password was deleted, and none put in its place.
# kind: value
# alone: yes
# flips: ENC-06 ENC-07
# expect: drifted
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
$found = $volume | Invoke-CimMethod -MethodName GetKeyProtectors -Arguments @{ KeyProtectorType = [uint32]3 }
$ids = @($found.VolumeKeyProtectorID)
[void]($volume | Invoke-CimMethod -MethodName DeleteKeyProtector -Arguments @{ VolumeKeyProtectorID = $ids[0] })
