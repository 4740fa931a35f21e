# The command line is left out at level high.
# kind: value
# flips: AUD-06
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit' /v ProcessCreationIncludeCmdLine_Enabled /t REG_DWORD /d '0' /f /reg:64
