# A guide from the web put the switch one key too high, where Windows does not look.
# kind: precedence
# flips: REM-08
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services\Client' /v DisableCloudClipboardIntegration /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v DisableCloudClipboardIntegration /t REG_DWORD /d '1' /f /reg:64
