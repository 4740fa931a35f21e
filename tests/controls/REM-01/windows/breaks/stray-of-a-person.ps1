# A person made a profile of his own, with everything right, that leads to another gateway.
# kind: per_user
# flips: REM-01
# expect: drifted
# mends: no
Add-VpnConnection -Name Home -ServerAddress vpn.stranger.example -TunnelType Ikev2 -AuthenticationMethod MachineCertificate
Set-VpnConnectionIPsecConfiguration -ConnectionName Home -AuthenticationTransformConstants GCMAES256 -CipherTransformConstants GCMAES256 -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 -PfsGroup ECP384
