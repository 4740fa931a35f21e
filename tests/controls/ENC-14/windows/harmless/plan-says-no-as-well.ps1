# There is no policy for battery any more, and the power plan forbids sleep.
# kind: precedence
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\abfc2519-3608-4c2a-94ea-171b0ed546ab' /v DCSettingIndex /f /reg:64
powercfg.exe /setdcvalueindex SCHEME_CURRENT SUB_SLEEP abfc2519-3608-4c2a-94ea-171b0ed546ab 0
