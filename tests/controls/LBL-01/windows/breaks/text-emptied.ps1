# The text of the notice is there, and empty, as on a new Windows.
# kind: value
# flips: LBL-01
# expect: drifted
# pending: LCK-01
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v LegalNoticeText /t REG_SZ /d '' /f /reg:64
