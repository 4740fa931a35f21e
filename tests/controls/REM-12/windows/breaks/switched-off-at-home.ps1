# A game asked for it: the firewall is off on private and public networks.
# kind: lock_removed
# flips: REM-12
# expect: drifted
Set-NetFirewallProfile -Name Private, Public -Enabled False
