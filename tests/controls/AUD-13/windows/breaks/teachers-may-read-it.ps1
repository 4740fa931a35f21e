# A group of teachers may read the Security log.
# kind: permission
# flips: AUD-13
# expect: drifted
# mends: no
wevtutil.exe sl Security '/ca:O:BAG:SYD:(A;;CCLCSDRCWDWO;;;SY)(A;;CCLC;;;BA)(A;;CC;;;ER)(A;;0x1;;;S-1-5-21-1-2-3-1107)'
