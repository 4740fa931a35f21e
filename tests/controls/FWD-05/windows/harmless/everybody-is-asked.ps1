# Domain and servers are asked; there is no domain, so the servers tell.
# kind: value
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' /v Type /t REG_SZ /d AllSync /f /reg:64
