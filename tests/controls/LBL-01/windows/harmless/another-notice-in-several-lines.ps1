# Another notice, as a value of several lines, and a restart.
# kind: value
# restart: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v LegalNoticeText /t REG_MULTI_SZ /d 'For authorised people only.\0Use is recorded.' /f /reg:64
