# The built-in administrator is never locked, so that is the account to guess.
# kind: precedence
# flips: LCK-05
# expect: drifted
$inf = Join-Path $env:TEMP 'lockout.inf'
@'
[Unicode]
Unicode=yes
[System Access]
AllowAdministratorLockout = 0
[Version]
signature="$CHICAGO$"
Revision=1
'@ | Set-Content -LiteralPath $inf -Encoding Unicode
secedit.exe /configure /db (Join-Path $env:TEMP 'lockout.sdb') /cfg $inf /areas SECURITYPOLICY /quiet
