# The policy of a guide from the web has no group for the rekey.
# kind: value
# flips: REM-02
# expect: drifted
# mends: no
Set-VpnConnectionIPsecConfiguration -ConnectionName School -AllUserConnection -AuthenticationTransformConstants GCMAES256 -CipherTransformConstants GCMAES256 -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 -PfsGroup None
