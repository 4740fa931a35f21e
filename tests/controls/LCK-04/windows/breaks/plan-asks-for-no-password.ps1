# The power plan asks for no password on mains, and there is no policy that would.
# kind: precedence
# flips: LCK-04
# expect: drifted
powercfg.exe /setacvalueindex SCHEME_CURRENT fea3413e-7e05-4911-9a71-700331f1c294 0e796bdb-100d-47d6-a2d5-f7d2daa51f51 0
