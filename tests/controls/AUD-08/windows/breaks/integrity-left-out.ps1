# Breaches of the integrity of the system are not recorded.
# kind: lock_removed
# flips: AUD-08
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9212-69AE-11D9-BED3-505054503030}' /success:disable /failure:disable
