#!/bin/bash
# REM-08 by Python's own reader of such files. Prints compliant or drifted, then why. LEVEL is the device's level.
set -u
python3 - "${LEVEL:-standard}" <<'EOF'
import configparser, sys
said = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#", ";"))
said.read("/etc/xrdp/xrdp.ini")
on = ("1", "true", "on", "yes")
allowed = said.get("Globals", "allow_channels", fallback="true").lower() in on
passed = [name for name in ("rdpdr", "cliprdr") if said.get("Channels", name, fallback="false").lower() in on]
wrong = [name for name in passed if allowed and (name == "rdpdr" or sys.argv[1] == "high")]
print("drifted" if wrong else "compliant")
print(", ".join(wrong))
EOF
