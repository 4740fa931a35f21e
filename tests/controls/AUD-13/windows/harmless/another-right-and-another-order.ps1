# Other rights change, and the accounts of one stand in another order.
# kind: syntax
Set-Content -LiteralPath C:\rights.inf -Encoding Unicode -Value @'
[Unicode]
Unicode=yes
[Version]
signature="$CHICAGO$"
Revision=1
[Privilege Rights]
SeAuditPrivilege = *S-1-5-20, *S-1-5-19
SeBackupPrivilege = *S-1-5-32-544
'@
secedit.exe /configure /db C:\rights.sdb /cfg C:\rights.inf /areas USER_RIGHTS
