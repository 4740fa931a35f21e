# What PowerShell runs is no longer recorded.
# kind: value
# flips: AUD-10
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging' /v EnableScriptBlockLogging /t REG_DWORD /d 0 /f /reg:64
