# The same server with other flags and in capitals.
# kind: syntax
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' /v NtpServer /t REG_SZ /d 'Time.Windows.com,0x8' /f /reg:64
