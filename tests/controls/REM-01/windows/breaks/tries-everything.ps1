# The school's profile was set to Automatic, since IKEv2 did not work in a hotel.
# kind: value
# flips: REM-01
# expect: drifted
# mends: no
Set-VpnConnection -Name School -TunnelType Automatic -AllUserConnection
