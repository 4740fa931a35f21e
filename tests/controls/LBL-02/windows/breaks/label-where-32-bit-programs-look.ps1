# A 32-bit tool wrote the label, and it landed in WOW6432Node; the one that counts is gone.
# kind: precedence
# flips: LBL-02
# expect: drifted
reg.exe delete 'HKLM\SOFTWARE\Leeboard' /v Label /f /reg:64
reg.exe add 'HKLM\SOFTWARE\WOW6432Node\Leeboard' /v Label /t REG_SZ /d 'LOCAL HIGH' /f /reg:64
