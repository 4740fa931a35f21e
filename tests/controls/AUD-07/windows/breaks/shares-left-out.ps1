# Shares are not recorded at level high.
# kind: lock_removed
# flips: AUD-07
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9224-69AE-11D9-BED3-505054503030}' /success:disable /failure:disable
