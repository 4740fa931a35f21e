# The policy was taken away, and Windows offers what it has, down to group 2.
# kind: lock_removed
# flips: REM-02
# expect: drifted
# mends: no
Set-VpnConnectionIPsecConfiguration -ConnectionName School -RevertToDefault -AllUserConnection
