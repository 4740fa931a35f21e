# The switch was deleted: Windows then does what we want.
# kind: value
reg.exe delete 'HKLM\SYSTEM\CurrentControlSet\Control\Lsa' /v SCENoApplyLegacyAuditPolicy /f
