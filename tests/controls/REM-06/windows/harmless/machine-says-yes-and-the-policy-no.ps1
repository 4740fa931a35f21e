# The machine's own switch lets people in, and the policy, which wins, does not.
# kind: precedence
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server' /v fDenyTSConnections /t REG_DWORD /d '0' /f /reg:64
