# A server that nobody knows is asked as well.
# kind: value
# flips: FWD-05
# expect: drifted
# mends: no
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' /v NtpServer /t REG_SZ /d 'time.windows.com,0x9 time.stranger.example,0x1' /f /reg:64
