# Failed use of removable storage is not recorded.
# kind: value
# flips: AUD-07
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9245-69AE-11D9-BED3-505054503030}' /failure:disable
