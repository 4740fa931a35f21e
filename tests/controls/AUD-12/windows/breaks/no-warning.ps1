# Nobody is warned that the Security log is nearly full.
# kind: lock_removed
# flips: AUD-12
# expect: drifted
reg.exe delete 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Security' /v WarningLevel /f /reg:64
