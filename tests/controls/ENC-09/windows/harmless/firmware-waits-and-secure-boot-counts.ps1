# An update of the firmware waits, and the TPM is bound to Secure Boot, which it does not touch.
# kind: value
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources\{6DB0F4A5-0000-4000-8000-000000000001}' /v Phase /t REG_DWORD /d '1' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources\{6DB0F4A5-0000-4000-8000-000000000001}' /v Version /t REG_DWORD /d '801' /f /reg:64
