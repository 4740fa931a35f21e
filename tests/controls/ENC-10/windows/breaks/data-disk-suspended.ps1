# The data disk was suspended, which lasts until somebody resumes it.
# kind: not_loaded
# alone: yes
# flips: ENC-10 ENC-09
# expect: drifted
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='D:'"
[void]($volume | Invoke-CimMethod -MethodName DisableKeyProtectors)
