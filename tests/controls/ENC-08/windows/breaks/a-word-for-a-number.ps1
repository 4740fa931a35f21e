# A script wrote a word into the place of the profile.
# kind: syntax
# flips: ENC-08
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker' /v ConfigureRecoveryPasswordRotation /t REG_SZ /d 'off' /f /reg:64
