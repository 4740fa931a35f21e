# NETWORK SERVICE may read the Security log, since it forwards events.
# kind: permission
wevtutil.exe sl Security '/ca:O:BAG:SYD:(A;;CCLCSDRCWDWO;;;SY)(A;;CCLC;;;BA)(A;;CC;;;ER)(A;;0x1;;;S-1-5-20)'
