# The profile was changed to a password, since the certificate had run out.
# kind: value
# flips: REM-03
# expect: drifted
# mends: no
Set-VpnConnection -Name School -AuthenticationMethod MSChapv2 -AllUserConnection
