# The service runs, and asks nobody for the time.
# kind: value
# flips: FWD-05
# expect: drifted
# mends: no
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' /v Type /t REG_SZ /d NoSync /f /reg:64
