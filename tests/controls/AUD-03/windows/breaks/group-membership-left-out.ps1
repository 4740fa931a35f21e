# The groups of whoever signs in are not recorded.
# kind: lock_removed
# flips: AUD-03
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9249-69AE-11D9-BED3-505054503030}' /success:disable /failure:disable
