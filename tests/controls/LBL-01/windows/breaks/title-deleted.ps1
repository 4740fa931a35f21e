# The title was deleted.
# kind: lock_removed
# flips: LBL-01
# expect: drifted
# pending: LCK-01
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v LegalNoticeCaption /f /reg:64
