# What is started is not recorded.
# kind: lock_removed
# flips: AUD-06
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE922B-69AE-11D9-BED3-505054503030}' /success:disable /failure:disable
