# Somebody keeps the room number beside the label.
# kind: value
reg.exe add 'HKLM\SOFTWARE\Leeboard' /v Room /t REG_SZ /d 'B12' /f /reg:64
