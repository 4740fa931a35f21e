#!/bin/bash
# ENC-05 by asking the TPM itself what it is. Prints compliant or drifted, then what it said.
set -u
said=$(tpm2_getcap properties-fixed 2>/dev/null | grep -A 2 TPM2_PT_FAMILY_INDICATOR)
if grep -q 'value: "2.0"' <<<"$said"; then echo compliant; else echo drifted; fi
echo "${said:-no TPM answers}"
