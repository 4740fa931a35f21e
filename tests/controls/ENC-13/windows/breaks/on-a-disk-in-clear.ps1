# The page file was moved to another disk, which is being decrypted.
# kind: value
# alone: yes
# flips: ENC-10 ENC-13
# expect: drifted
# restart: yes
$place = @{ Namespace = 'root\CIMV2\Security\MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$volume = Get-CimInstance @place -Filter "DriveLetter='D:'"
[void]($volume | Invoke-CimMethod -MethodName Decrypt)
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management' /v PagingFiles /t REG_MULTI_SZ /d 'D:\pagefile.sys 0 0' /f /reg:64
