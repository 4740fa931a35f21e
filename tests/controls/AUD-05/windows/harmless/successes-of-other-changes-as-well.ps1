# Successes are recorded beside the failures that are asked for.
# kind: value
auditpol.exe /set '/subcategory:{0CCE9234-69AE-11D9-BED3-505054503030}' /success:enable /failure:enable
