# The machine came from the office of another school, and so did its label.
# kind: value
# flips: LBL-02
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Leeboard' /v Label /t REG_SZ /d 'OFFICIAL' /f /reg:64
