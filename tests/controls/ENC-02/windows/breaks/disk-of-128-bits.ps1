# The data disk was encrypted anew with 128 bits, whatever the policy says.
# kind: precedence
# alone: yes
# flips: ENC-02
# expect: drifted
# pending: ENC-10
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='D:'"
[void]($volume | Invoke-CimMethod -MethodName Decrypt)
[void]($volume | Invoke-CimMethod -MethodName Encrypt -Arguments @{ EncryptionMethod = [uint32]6 })
