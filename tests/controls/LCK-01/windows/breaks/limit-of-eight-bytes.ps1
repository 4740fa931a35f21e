# A script wrote the limit as a value of eight bytes (REG_QWORD).
# kind: syntax
# flips: LCK-01
# expect: drifted
# restart: yes
reg.exe delete 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' /v InactivityTimeoutSecs /f /reg:64
[Microsoft.Win32.Registry]::SetValue('HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System', 'InactivityTimeoutSecs', [int64]300, 'QWord')
