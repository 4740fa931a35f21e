# Either will do: a certificate or a password inside EAP.
# kind: precedence
# flips: REM-03
# expect: drifted
# mends: no
Set-VpnConnection -Name School -AuthenticationMethod MachineCertificate, Eap -AllUserConnection
