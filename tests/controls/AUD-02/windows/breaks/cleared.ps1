# Somebody ran auditpol /clear.
# kind: lock_removed
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07 AUD-08 AUD-09
# expect: drifted
auditpol.exe /clear /y
