# Somebody wrote a word where a number is meant.
# kind: syntax
# flips: AUD-11
# expect: drifted
reg.exe add 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Application' /v MaxSize /t REG_SZ /d large /f /reg:64
