# Changes to security groups are not recorded.
# kind: lock_removed
# flips: AUD-04
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9237-69AE-11D9-BED3-505054503030}' /success:disable
