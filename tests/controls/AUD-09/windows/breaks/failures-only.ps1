# Only what was refused is recorded, and an administrator is refused nothing.
# kind: value
# flips: AUD-09
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE921D-69AE-11D9-BED3-505054503030}' /success:disable /failure:enable
