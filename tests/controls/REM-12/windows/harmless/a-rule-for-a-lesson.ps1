# A program's rule lets the school's own network in to one port.
# kind: value
New-NetFirewallRule -Name lesson -DisplayName lesson -Direction Inbound -Action Allow -Protocol TCP -LocalPort 8080 `
    -RemoteAddress 10.20.0.0/16
