# Somebody let everything in on public networks, to try a printer.
# kind: value
# flips: REM-12
# expect: drifted
Set-NetFirewallProfile -Name Public -DefaultInboundAction Allow
