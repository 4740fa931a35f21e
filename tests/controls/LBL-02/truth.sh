#!/bin/bash
# LBL-02 by looking: the file holds the label of the level and nothing else, and a pupil can neither change nor replace
# it. Prints compliant or drifted, then why.
set -u
declare -A labels=([standard]=OFFICIAL [sensitive]=OFFICIAL-SENSITIVE [high]="LOCAL HIGH")
said=$(sed -E 's/^[[:space:]]+//; s/[[:space:]]+$//' /etc/leeboard/label 2>&1)
may=""
runuser -u nobody -- test -w /etc/leeboard/label && may=" Anybody may change it."
runuser -u nobody -- test -w /etc/leeboard && may=" Anybody may replace it."
if [ "$said" = "${labels[$LEVEL]}" ] && [ -z "$may" ]; then echo compliant; else echo drifted; fi
echo "the label says: $said.$may"
