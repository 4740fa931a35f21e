# A second recovery password went nowhere; the first, which AD took, still opens the disk.
# kind: value
# alone: yes
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
[void]($volume | Invoke-CimMethod -MethodName ProtectKeyWithNumericalPassword)
