# The group of recovery options is off, so Windows ignores all of them.
# kind: precedence
# flips: ENC-06 ENC-07
# expect: drifted
# alone: yes
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v OSRecovery /t REG_DWORD /d '0' /f /reg:64
