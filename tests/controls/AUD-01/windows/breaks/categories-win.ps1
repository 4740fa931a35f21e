# The old categories may overwrite the subcategories.
# kind: precedence
# flips: AUD-01
# expect: drifted
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Lsa' /v SCENoApplyLegacyAuditPolicy /t REG_DWORD /d 0 /f
