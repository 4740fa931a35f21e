# The page file was moved to a drive that BitLocker does not know.
# kind: not_loaded
# flips: ENC-13
# expect: drifted
# restart: yes
reg.exe add 'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management' /v PagingFiles /t REG_MULTI_SZ /d 'E:\pagefile.sys 0 0' /f /reg:64
