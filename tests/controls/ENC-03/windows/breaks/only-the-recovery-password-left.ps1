# The PIN's protector was deleted: every start asks for 48 digits.
# kind: not_loaded
# alone: yes
# flips: ENC-03
# expect: drifted
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
$found = $volume | Invoke-CimMethod -MethodName GetKeyProtectors -Arguments @{ KeyProtectorType = [uint32]4 }
$ids = @($found.VolumeKeyProtectorID)
[void]($volume | Invoke-CimMethod -MethodName DeleteKeyProtector -Arguments @{ VolumeKeyProtectorID = $ids[0] })
