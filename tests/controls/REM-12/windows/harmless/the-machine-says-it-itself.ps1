# The machine says by itself, on the school's network, what Windows does anyway.
# kind: value
Set-NetFirewallProfile -Name Domain -Enabled True -DefaultInboundAction Block
