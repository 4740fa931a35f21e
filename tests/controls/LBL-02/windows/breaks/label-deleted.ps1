# The label was deleted.
# kind: lock_removed
# flips: LBL-02
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Leeboard' /v Label /f /reg:64
