# The lock-out was switched off; Windows then keeps no times either.
# kind: lock_removed
# flips: LCK-05
# expect: drifted
$inf = Join-Path $env:TEMP 'lockout.inf'
@'
[Unicode]
Unicode=yes
[System Access]
LockoutBadCount = 0
[Version]
signature="$CHICAGO$"
Revision=1
'@ | Set-Content -LiteralPath $inf -Encoding Unicode
secedit.exe /configure /db (Join-Path $env:TEMP 'lockout.sdb') /cfg $inf /areas SECURITYPOLICY /quiet
