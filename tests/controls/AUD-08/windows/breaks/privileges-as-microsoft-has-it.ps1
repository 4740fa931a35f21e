# Microsoft's baseline records successes only, which is not enough at level high.
# kind: value
# flips: AUD-08
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9228-69AE-11D9-BED3-505054503030}' /success:enable /failure:disable
