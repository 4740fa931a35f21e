# A second profile leads to the same gateway, its name in other letters.
# kind: value
Add-VpnConnection -Name 'School 2' -ServerAddress VPN.Lab.Example -TunnelType Ikev2 -AuthenticationMethod MachineCertificate -AllUserConnection
Set-VpnConnectionIPsecConfiguration -ConnectionName 'School 2' -AllUserConnection -AuthenticationTransformConstants GCMAES256 -CipherTransformConstants GCMAES256 -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 -PfsGroup ECP384
