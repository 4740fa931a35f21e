#!/bin/bash
# LBL-02 by looking: the file holds the label of the level, and nothing else. Prints compliant or drifted, then why.
set -u
declare -A labels=([standard]=OFFICIAL [sensitive]=OFFICIAL-SENSITIVE [high]="LOCAL HIGH")
said=$(sed -E 's/^[[:space:]]+//; s/[[:space:]]+$//' /etc/leeboard/label 2>&1)
if [ "$said" = "${labels[$LEVEL]}" ]; then echo compliant; else echo drifted; fi
echo "the label says: $said"
