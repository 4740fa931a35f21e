# A second profile was left at Automatic, since IKEv2 did not work in a hotel.
# kind: value
# flips: REM-01
# expect: drifted
# mends: no
Add-VpnConnection -Name Hotel -ServerAddress vpn.lab.example -AuthenticationMethod MachineCertificate -AllUserConnection
