# The policy for idle sessions was disabled, which writes the text 0: never.
# kind: syntax
# flips: REM-07
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' /v MaxIdleTime /t REG_SZ /d '0' /f /reg:64
