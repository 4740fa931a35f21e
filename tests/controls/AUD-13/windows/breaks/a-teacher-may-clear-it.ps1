# A technician gave a teacher the right to manage auditing, and with it to clear the Security log.
# kind: permission
# flips: AUD-13
# expect: drifted
Set-Content -LiteralPath C:\rights.inf -Encoding Unicode -Value @'
[Unicode]
Unicode=yes
[Version]
signature="$CHICAGO$"
Revision=1
[Privilege Rights]
SeSecurityPrivilege = *S-1-5-32-544,*S-1-5-21-1-2-3-1107
'@
secedit.exe /configure /db C:\rights.sdb /cfg C:\rights.inf /areas USER_RIGHTS
