#!/bin/bash
# Somebody gave the TPM's lockout a password, as hardening guides say. The TPM is there all the same.
# kind: value
# image: encrypted
set -eu
tpm2_changeauth -c lockout a-long-password
