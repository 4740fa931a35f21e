# An example has GCM for integrity and no cipher: nothing is encrypted (at level standard).
# kind: value
# level: standard
# flips: REM-02
# expect: drifted
# mends: no
Set-VpnConnectionIPsecConfiguration -ConnectionName School -AllUserConnection -AuthenticationTransformConstants GCMAES256 -CipherTransformConstants None -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 -PfsGroup ECP384
