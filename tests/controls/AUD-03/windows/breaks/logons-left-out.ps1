# Failed sign-ins are no longer recorded.
# kind: value
# flips: AUD-03
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9215-69AE-11D9-BED3-505054503030}' /failure:disable
