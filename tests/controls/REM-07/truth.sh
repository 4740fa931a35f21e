#!/bin/bash
# REM-07 as sshd says it for people of this machine and for networks chosen by hand, and when it was last started or
# reloaded by its own journal. Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
wrong="" waits=""
case ${LEVEL:-standard} in high) most=300 ;; sensitive) most=900 ;; *) most=1800 ;; esac

in_seconds() { # 90, 15m, 1h30m
    local left=$1 sum=0
    while [[ $left =~ ^([0-9]+)([smhdw]?) ]]; do
        case ${BASH_REMATCH[2]} in m) unit=60 ;; h) unit=3600 ;; d) unit=86400 ;; w) unit=604800 ;; *) unit=1 ;; esac
        sum=$((sum + BASH_REMATCH[1] * unit)) left=${left#"${BASH_REMATCH[0]}"}
    done
    echo "$sum"
}

mkdir -p /run/sshd
main=$(systemctl show -P MainPID ssh)
read -ra running < <(tr '\0' ' ' <"/proc/$main/cmdline" | sed 's/^sshd: //; s/ \[listener.*//')
# The first question is about nobody: OpenSSH 10.0p1 takes ChannelTimeout from outside of Match blocks only.
for who in anybody pupil technician root; do
    for from in 127.0.0.1 10.0.2.2 192.168.7.7 203.0.113.5; do
        whom=(-C "user=$who,host=h,addr=$from,laddr=10.0.2.15,lport=22")
        [ "$who" != anybody ] || whom=()
        if ! said=$(sshd -T "${running[@]:2}" "${whom[@]}" 2>&1); then
            wrong="sshd does not take its configuration. "
            break 2
        fi
        interval=$(awk '$1 == "clientaliveinterval" { print $2 }' <<<"$said")
        count=$(awk '$1 == "clientalivecountmax" { print $2 }' <<<"$said")
        for kind in session:shell session:command; do
            idle=0
            # shellcheck disable=SC2013
            for pair in $(awk '$1 == "channeltimeout" { $1 = ""; print }' <<<"$said"); do
                # shellcheck disable=SC2053
                if [[ $kind == ${pair%%=*} ]]; then idle=$(in_seconds "${pair#*=}"); break; fi
            done
            [ "$idle" -gt 0 ] && [ "$idle" -le "$most" ] || wrong+="$who from $from: $kind ends after $idle s. "
        done
        [ "$interval" -gt 0 ] && [ "$interval" -le 300 ] || wrong+="$who from $from: asked after $interval s. "
        [ "$count" -gt 0 ] && [ "$count" -le 3 ] || wrong+="$who from $from: dropped after $count questions. "
    done
done
started=$(journalctl -u ssh -o short-unix -g 'Server listening' -n 1 -q | cut -d. -f1)
for place in /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d/*; do
    [ "$(stat -c %Y "$place")" -le "${started:-0}" ] || waits="$place is newer than sshd. "
done
if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
