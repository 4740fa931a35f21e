# Changes to the audit policy itself are not recorded.
# kind: lock_removed
# flips: AUD-05
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE922F-69AE-11D9-BED3-505054503030}' /success:disable
