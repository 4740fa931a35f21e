# The rekey uses the group of the key exchange (PFSMM).
# kind: value
Set-VpnConnectionIPsecConfiguration -ConnectionName School -AllUserConnection -AuthenticationTransformConstants GCMAES256 -CipherTransformConstants GCMAES256 -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 -PfsGroup PFSMM
