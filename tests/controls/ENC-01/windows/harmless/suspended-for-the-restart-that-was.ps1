# BitLocker was suspended for one restart, and that was made.
# kind: value
# alone: yes
# restart: yes
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
[void]($volume | Invoke-CimMethod -MethodName DisableKeyProtectors -Arguments @{ DisableCount = [uint32]1 })
