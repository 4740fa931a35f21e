# A technician suspended BitLocker, and resumed it when he was done.
# kind: not_loaded
# alone: yes
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
[void]($volume | Invoke-CimMethod -MethodName DisableKeyProtectors -Arguments @{ DisableCount = [uint32]1 })
[void]($volume | Invoke-CimMethod -MethodName EnableKeyProtectors)
