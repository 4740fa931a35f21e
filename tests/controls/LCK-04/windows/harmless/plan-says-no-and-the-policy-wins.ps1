# The power plan asks for no password, and the policy, which wins, does.
# kind: precedence
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\0e796bdb-100d-47d6-a2d5-f7d2daa51f51' /v ACSettingIndex /t REG_DWORD /d 1 /f /reg:64
powercfg.exe /setacvalueindex SCHEME_CURRENT fea3413e-7e05-4911-9a71-700331f1c294 0e796bdb-100d-47d6-a2d5-f7d2daa51f51 0
