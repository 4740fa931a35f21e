# Somebody disabled the TPM: the next start asks for the recovery password.
# kind: not_loaded
# alone: yes
# flips: ENC-05 ENC-03 ENC-09
# expect: drifted
$tpm = Get-CimInstance -Namespace root\CIMV2\Security\MicrosoftTpm -ClassName Win32_Tpm
[void]($tpm | Invoke-CimMethod -MethodName Disable)
