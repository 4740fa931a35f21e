# Failed changes to accounts are not recorded.
# kind: value
# flips: AUD-04
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9235-69AE-11D9-BED3-505054503030}' /failure:disable
