# Sticks that other organisations encrypted may be written to.
# kind: value
# flips: ENC-11
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v RDVDenyCrossOrg /t REG_DWORD /d '0' /f /reg:64
