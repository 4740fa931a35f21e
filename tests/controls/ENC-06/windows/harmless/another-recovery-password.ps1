# A second recovery password was added, and the first is still there.
# kind: value
# alone: yes
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
[void]($volume | Invoke-CimMethod -MethodName ProtectKeyWithNumericalPassword)
