# A 32-bit tool left another label in WOW6432Node, where nobody looks.
# kind: precedence
reg.exe add 'HKLM\SOFTWARE\WOW6432Node\Leeboard' /v Label /t REG_SZ /d OFFICIAL /f /reg:64
