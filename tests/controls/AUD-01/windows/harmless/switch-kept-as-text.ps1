# The switch says what Windows does anyway, and is kept as text.
# kind: value
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Lsa' /v SCENoApplyLegacyAuditPolicy /t REG_SZ /d 1 /f
