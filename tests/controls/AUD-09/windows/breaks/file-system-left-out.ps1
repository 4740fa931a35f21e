# What folders ask to have recorded is not recorded any more.
# kind: lock_removed
# flips: AUD-09
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE921D-69AE-11D9-BED3-505054503030}' /success:disable /failure:disable
