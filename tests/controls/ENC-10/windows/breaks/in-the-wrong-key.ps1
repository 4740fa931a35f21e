# The ban on writing stands where the other values of BitLocker stand, and Windows reads it elsewhere.
# kind: precedence
# flips: ENC-10
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v FDVDenyWriteAccess /t REG_DWORD /d '1' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE' /v FDVDenyWriteAccess /t REG_DWORD /d '0' /f /reg:64
