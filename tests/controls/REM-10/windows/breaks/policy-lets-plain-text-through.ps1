# A group policy allows unencrypted traffic, whatever the service itself is set to.
# kind: precedence
# flips: REM-10
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' /v AllowUnencryptedTraffic /t REG_DWORD /d '1' /f /reg:64
