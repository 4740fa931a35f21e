# The key of the log itself, which does not count beside the policy, says less.
# kind: precedence
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Security' /v MaxSize /t REG_DWORD /d 1048576 /f /reg:64
