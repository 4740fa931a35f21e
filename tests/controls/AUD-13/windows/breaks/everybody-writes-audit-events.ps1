# Every user may write audit events, and so make up a story.
# kind: value
# flips: AUD-13
# expect: drifted
Set-Content -LiteralPath C:\rights.inf -Encoding Unicode -Value @'
[Unicode]
Unicode=yes
[Version]
signature="$CHICAGO$"
Revision=1
[Privilege Rights]
SeAuditPrivilege = *S-1-5-20,*S-1-5-32-545,*S-1-5-19
'@
secedit.exe /configure /db C:\rights.sdb /cfg C:\rights.inf /areas USER_RIGHTS
