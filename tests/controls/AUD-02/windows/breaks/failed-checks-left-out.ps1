# Failed checks of passwords are no longer recorded.
# kind: value
# flips: AUD-02
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE923F-69AE-11D9-BED3-505054503030}' /success:enable /failure:disable
