# A group policy names the same server; the service's own key has what somebody set before, which does not count.
# kind: precedence
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\W32Time\Parameters' /v Type /t REG_SZ /d NTP /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\W32Time\Parameters' /v NtpServer /t REG_SZ /d 'time.windows.com,0x9' /f /reg:64
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' /v NtpServer /t REG_SZ /d 'time.old.example,0x9' /f /reg:64
