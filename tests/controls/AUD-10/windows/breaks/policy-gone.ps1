# The policy was taken away, and PowerShell records suspicious blocks only.
# kind: lock_removed
# flips: AUD-10
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging' /f /reg:64
