# The policy lets people open data disks with a password.
# kind: value
# flips: ENC-10
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v FDVPassphrase /t REG_DWORD /d '1' /f /reg:64
