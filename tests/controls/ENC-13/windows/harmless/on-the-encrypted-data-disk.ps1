# The page file was moved to the data disk, which is encrypted.
# kind: value
# restart: yes
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management' /v PagingFiles /t REG_MULTI_SZ /d 'D:\pagefile.sys 0 0' /f /reg:64
