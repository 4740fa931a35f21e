# The policy keeps recovery passwords to the machine.
# kind: value
# flips: ENC-07
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v OSActiveDirectoryBackup /t REG_DWORD /d '0' /f /reg:64
