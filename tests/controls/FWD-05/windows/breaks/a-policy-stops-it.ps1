# A group policy tells the service to ask nobody, and switches its client off; the service's own key looks as ever.
# kind: precedence
# flips: FWD-05
# expect: drifted
# mends: no
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\W32Time\Parameters' /v Type /t REG_SZ /d NoSync /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\W32Time\TimeProviders\NtpClient' /v Enabled /t REG_DWORD /d 0 /f /reg:64
