# Somebody let everything in on public networks, to try a printer.
# kind: value
# flips: REM-12
# expect: drifted
# mends: no
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile' /v DefaultInboundAction /f /reg:64
Set-NetFirewallProfile -Name Public -DefaultInboundAction Allow
