# The policy for what leaves on public networks is gone, at level high.
# kind: lock_removed
# flips: REM-12
# expect: drifted
# mends: no
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile' /v DefaultOutboundAction /f /reg:64
