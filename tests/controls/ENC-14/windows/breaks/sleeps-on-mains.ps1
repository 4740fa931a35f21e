# The policy lets the laptop sleep on mains.
# kind: value
# flips: ENC-14
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\abfc2519-3608-4c2a-94ea-171b0ed546ab' /v ACSettingIndex /t REG_DWORD /d '1' /f /reg:64
