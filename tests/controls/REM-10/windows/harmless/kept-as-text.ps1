# The switches are kept as text.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' /v AllowBasic /t REG_SZ /d '0' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Client' /v AllowDigest /t REG_SZ /d '0' /f /reg:64
