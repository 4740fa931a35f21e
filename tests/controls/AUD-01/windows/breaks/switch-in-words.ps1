# Somebody wrote the switch in words.
# kind: syntax
# flips: AUD-01
# expect: drifted
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Lsa' /v SCENoApplyLegacyAuditPolicy /t REG_SZ /d off /f
