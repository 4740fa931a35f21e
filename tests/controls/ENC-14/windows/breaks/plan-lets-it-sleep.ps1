# There is no policy for battery any more, and the power plan lets the laptop sleep.
# kind: precedence
# flips: ENC-14
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\abfc2519-3608-4c2a-94ea-171b0ed546ab' /v DCSettingIndex /f /reg:64
