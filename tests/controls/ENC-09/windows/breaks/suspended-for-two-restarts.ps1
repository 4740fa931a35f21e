# BitLocker is suspended for two restarts, which is one too many at level high.
# kind: value
# alone: yes
# flips: ENC-01 ENC-09
# expect: drifted
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
[void]($volume | Invoke-CimMethod -MethodName DisableKeyProtectors -Arguments @{ DisableCount = [uint32]2 })
