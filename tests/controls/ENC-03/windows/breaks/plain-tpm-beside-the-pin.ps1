# Somebody added a TPM protector, since the PIN was a nuisance: it opens without the PIN now.
# kind: precedence
# alone: yes
# flips: ENC-03
# expect: drifted
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='C:'"
[void]($volume | Invoke-CimMethod -MethodName ProtectKeyWithTPM)
