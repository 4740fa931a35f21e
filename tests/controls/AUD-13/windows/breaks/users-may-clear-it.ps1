# Every user may clear the Security log.
# kind: permission
# flips: AUD-13
# expect: drifted
# mends: no
wevtutil.exe sl Security '/ca:O:BAG:SYD:(A;;CCLCSDRCWDWO;;;SY)(A;;CCLC;;;BA)(A;;CC;;;ER)(A;;0x4;;;BU)'
