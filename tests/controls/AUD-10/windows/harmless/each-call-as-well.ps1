# Each call of a block is recorded as well, as NCSC has it.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging' /v EnableScriptBlockInvocationLogging /t REG_DWORD /d 1 /f /reg:64
