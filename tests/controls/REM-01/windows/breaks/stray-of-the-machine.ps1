# A supplier left a profile for everybody on the machine, with everything right, that leads to the supplier's own gateway.
# kind: value
# flips: REM-01
# expect: drifted
# mends: no
Add-VpnConnection -Name Supplier -ServerAddress vpn.supplier.example -TunnelType Ikev2 -AuthenticationMethod MachineCertificate -AllUserConnection
Set-VpnConnectionIPsecConfiguration -ConnectionName Supplier -AllUserConnection -AuthenticationTransformConstants GCMAES256 -CipherTransformConstants GCMAES256 -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 -PfsGroup ECP384
