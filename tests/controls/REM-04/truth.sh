#!/bin/bash
# REM-04 as swanctl lists it: what each child of a connection that this machine calls takes, as loaded now, as the files
# say, and as agreed on; then WireGuard's files. Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""

# shellcheck source=tests/controls/truth_charon.sh
. "${0%/*}/truth_charon.sh" || exit

# Lines of a connection begin with two blanks, those of its children with four. Halves count as a whole.
split_off() {
    awk '
        function done() {
            if (name != "" && calls && (v4 < 2 || v6 < 2 || past)) print name
            calls = v4 = v6 = past = 0
        }
        /^[^ ]/ { done(); name = $1 }
        /^  remote: / { for (i = 2; i <= NF; i++) if ($i != "%any") calls = 1 }
        /^  [^ ]+: PASS/ { past = 1 }
        /^    remote:/ {
            for (i = 2; i <= NF; i++) {
                if ($i == "0.0.0.0/0") v4 += 2
                if ($i == "0.0.0.0/1" || $i == "128.0.0.0/1") v4++
                if ($i == "::/0") v6 += 2
                if ($i == "::/1" || $i == "8000::/1") v6++
            }
        }
        END { done() }' <<<"$1"
}
[ -z "$(split_off "$after")" ] || wrong+="traffic will go past $(split_off "$after"). "
if [ -z "$newer" ] && [ -n "$(split_off "$before")" ]; then wrong+="traffic goes past $(split_off "$before"). "; fi
for agreed in $(swanctl --list-sas 2>/dev/null | awk '/^    remote/ { for (i = 2; i <= NF; i++) print $i }'); do
    case $agreed in 0.0.0.0/0 | ::/0) ;; *) wrong+="a peer agreed to $agreed only. " ;; esac
done
for file in /etc/wireguard/*.conf; do
    [ -e "$file" ] || continue
    grep -qiE '^ *endpoint' "$file" || continue
    for family in 0.0.0.0/0 ::/0; do
        grep -iE '^ *allowedips' "$file" | grep -qF "$family" || wrong+="$file lacks $family. "
    done
    if grep -iE '^ *table *=' "$file" | grep -qviE '= *auto'; then wrong+="$file makes no routes. "; fi
done
if grep -qrsE '^service-type=.*\.pptp$' /etc/NetworkManager/system-connections; then wrong+="PPTP carries no IPv6. "; fi
if grep -rsA9 -F '[vpn-secrets]' /etc/NetworkManager/system-connections | grep -q 'password=.'; then
    wrong+="a password is saved. "
fi

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
