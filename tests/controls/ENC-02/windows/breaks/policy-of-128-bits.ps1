# The policy takes Windows' own cipher.
# kind: value
# flips: ENC-02
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\FVE' /v EncryptionMethodWithXtsOs /t REG_DWORD /d '6' /f /reg:64
