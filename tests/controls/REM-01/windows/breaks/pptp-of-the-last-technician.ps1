# The last technician left a profile with PPTP for all users, which leads to the school.
# kind: value
# flips: REM-01
# expect: drifted
# mends: no
Add-VpnConnection -Name 'Old way in' -ServerAddress vpn.lab.example -TunnelType Pptp -AuthenticationMethod MachineCertificate -AllUserConnection
