#!/bin/bash
# ENC-06 by counting, in what cryptsetup prints for people: the slots of each LUKS disk that belong to its data, those of
# a TPM as one. Prints compliant or drifted, then the counts.
set -u
verdict=compliant counted=""
for disk in $(blkid -t TYPE=crypto_LUKS -o device); do
    said=$(cryptsetup luksDump "$disk" 2>/dev/null)
    # A slot that is not bound to the data says so where its digest would stand.
    slots=$(awk '/^Keyslots:/ { on = 1 } /^Tokens:/ { on = 0 } on && /^  [0-9]+: luks2/ { slot = $1; sub(":", "", slot); if (/unbound/) next; print slot }' <<<"$said")
    tpm=$(awk '/systemd-tpm2$/ { on = 1 } on && /Keyslot:/ { print $2; on = 0 }' <<<"$said")
    own=$(grep -vxF "${tpm:-none}" <<<"$slots" | grep -c .)
    ways=$((own + ($(grep -c . <<<"$tpm") > 0)))
    counted="$counted $disk=$ways"
    [ "$ways" -ge 2 ] || verdict=drifted
done
[ -n "$counted" ] || verdict=drifted
echo $verdict
echo "ways:$counted"
