# The machine's policy is gone, and only one person's own is left.
# kind: per_user
# flips: REM-09
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v DisablePasswordSaving /f /reg:64
reg.exe add 'HKCU\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v DisablePasswordSaving /t REG_DWORD /d '1' /f
