# The group of start-up options is off, so Windows ignores all of them.
# kind: lock_removed
# flips: ENC-03
# expect: drifted
# alone: yes
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v UseAdvancedStartup /t REG_DWORD /d '0' /f /reg:64
