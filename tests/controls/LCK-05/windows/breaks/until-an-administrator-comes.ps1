# Whoever is locked out stays so until an administrator comes, so a pupil can lock a teacher out for good.
# kind: value
# flips: LCK-05
# expect: drifted
$inf = Join-Path $env:TEMP 'lockout.inf'
@'
[Unicode]
Unicode=yes
[System Access]
LockoutDuration = -1
[Version]
signature="$CHICAGO$"
Revision=1
'@ | Set-Content -LiteralPath $inf -Encoding Unicode
secedit.exe /configure /db (Join-Path $env:TEMP 'lockout.sdb') /cfg $inf /areas SECURITYPOLICY /quiet
