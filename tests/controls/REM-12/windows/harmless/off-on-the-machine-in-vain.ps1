# Somebody switched the firewall off on the machine, and the policy, which wins, has it on.
# kind: precedence
Set-NetFirewallProfile -Name Public -Enabled False
