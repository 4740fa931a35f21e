# Split tunnelling was switched on, since the tunnel was slow.
# kind: value
# flips: REM-04
# expect: drifted
# mends: no
Set-VpnConnection -Name School -SplitTunneling $true -AllUserConnection
