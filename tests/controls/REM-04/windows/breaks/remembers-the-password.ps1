# The profile keeps the password of whoever used it last.
# kind: per_user
# flips: REM-04
# expect: drifted
# mends: no
Set-VpnConnection -Name School -RememberCredential $true -AllUserConnection
