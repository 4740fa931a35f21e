# Failures are recorded beside the successes that are asked for.
# kind: value
auditpol.exe /set '/subcategory:{0CCE9237-69AE-11D9-BED3-505054503030}' /success:enable /failure:enable
