# The client's policy for Digest is gone, and its own default, which is on, counts.
# kind: precedence
# flips: REM-10
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Client' /v AllowDigest /f /reg:64
