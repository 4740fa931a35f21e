#!/bin/bash
# The TPM's driver was taken away: to the system it is as if the TPM were switched off in the firmware.
# kind: not_loaded
# image: encrypted
# flips: ENC-05
# expect: drifted
# mends: no
set -eu
for device in /sys/bus/acpi/drivers/tpm_crb/*:*; do basename "$device" > /sys/bus/acpi/drivers/tpm_crb/unbind; done
udevadm settle
