# A supplier was let in by the rule that Leeboard wrote, and Windows' own rules keep everybody else out.
# kind: precedence
# flips: REM-12
# expect: drifted
New-NetFirewallRule -Name Leeboard-management -DisplayName Leeboard-management -Group Leeboard -Direction Inbound `
    -Action Allow -Profile Any -Protocol TCP -LocalPort 5986 -RemoteAddress 10.20.0.0/16, 192.0.2.0/24
