# The machine's certificate was deleted: the VPN and WinRM over HTTPS have none any more.
# kind: lock_removed
# flips: REM-03 REM-10
# expect: drifted
# mends: no
reg.exe delete 'HKLM\SOFTWARE\Microsoft\SystemCertificates\My\Certificates' /f /reg:64
