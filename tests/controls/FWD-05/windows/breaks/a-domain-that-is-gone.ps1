# The machine left its domain, and still waits for it to tell the time.
# kind: not_loaded
# flips: FWD-05
# expect: drifted
# mends: no
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' /v Type /t REG_SZ /d NT5DS /f /reg:64
