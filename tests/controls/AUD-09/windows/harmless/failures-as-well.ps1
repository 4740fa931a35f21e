# Refused access is recorded as well.
# kind: value
auditpol.exe /set '/subcategory:{0CCE921D-69AE-11D9-BED3-505054503030}' /failure:enable
