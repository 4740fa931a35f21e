# Somebody emptied the Security log.
# kind: value
# flips: AUD-13
# expect: drifted
# mends: no
wevtutil.exe cl Security
