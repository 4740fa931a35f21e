# Successes in place of failures.
# kind: value
# flips: AUD-05
# expect: drifted
auditpol.exe /set '/subcategory:{0CCE9234-69AE-11D9-BED3-505054503030}' /success:enable /failure:disable
