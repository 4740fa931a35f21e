#!/bin/bash
# REM-10 by trying: root with a key at the running sshd and at one that is started from the same files now, over
# loopback and over the network card; numbers as sshd says them for people and networks chosen by hand; other servers
# by what they answer. Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
wrong="" waits=""
work=$(mktemp -d)
tidy_up() {
    kill "$next" 2>/dev/null
    mv -f "$work/kept" /root/.ssh/authorized_keys 2>/dev/null || rm -f /root/.ssh/authorized_keys
    rm -rf "$work"
}
trap tidy_up EXIT
mkdir -p /run/sshd /root/.ssh
chmod 700 /root/.ssh
[ ! -e /root/.ssh/authorized_keys ] || cp -a /root/.ssh/authorized_keys "$work/kept"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
cat "$work/key.pub" >>/root/.ssh/authorized_keys
chmod 600 /root/.ssh/authorized_keys

main=$(systemctl show -P MainPID ssh)
read -ra running < <(tr '\0' ' ' <"/proc/$main/cmdline" | sed 's/^sshd: //; s/ \[listener.*//')
/usr/sbin/sshd -D "${running[@]:2}" -o Port=2299 -o PidFile=none 2>/dev/null &
next=$!
for _try in $(seq 50); do ss -Hltn 'sport = :2299' | grep -q . && break; sleep 0.2; done
ss -Hltn 'sport = :2299' | grep -q . || wrong+="sshd would not start with its files. "

address=$(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
root_gets_in() { # port
    for place in 127.0.0.1 "$address"; do
        ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10 \
            -i "$work/key" -p "$1" "root@$place" true 2>/dev/null </dev/null && return 0
    done
    return 1
}
! root_gets_in 2299 || wrong+="root gets in. "
! root_gets_in 22 || waits+="root still gets in now. "

for who in pupil technician root; do
    for from in 127.0.0.1 10.0.2.2 192.168.7.7 203.0.113.5; do
        for port in 22 2222; do
            said=$(sshd -T "${running[@]:2}" -C "user=$who,host=h,addr=$from,laddr=10.0.2.15,lport=$port" 2>/dev/null)
            [ -n "$said" ] || continue
            one() { awk -v key="$1" '$1 == key { print $2 }' <<<"$said"; }
            tries=$(one maxauthtries)
            [ "$tries" -le 4 ] && [ "$tries" -gt 0 ] || wrong+="$who: $tries tries. "
            [ "$(one logingracetime)" -le 60 ] && [ "$(one logingracetime)" -gt 0 ] || wrong+="no time limit. "
            IFS=: read -r begin rate full <<<"$(one maxstartups)"
            [ "$begin" -le 10 ] && [ "$rate" -le 30 ] && [ "$full" -le 60 ] || wrong+="MaxStartups $begin:$rate:$full. "
            [ "$(one permitemptypasswords)" = no ] || wrong+="$who needs no password. "
            [ "$(one permituserenvironment)" = no ] || wrong+="users bring an environment. "
            if [ "${LEVEL:-standard}" = high ]; then
                [ "$(one passwordauthentication)$(one kbdinteractiveauthentication)" = nono ] || wrong+="passwords. "
                [ "$(one pubkeyauthentication)" = yes ] || wrong+="no keys. "
            fi
        done
    done
done
# Whoever speaks SSH on another port with a host key or name of its own.
for port in $(ss -Hltn | awk '{ print $4 }' | grep -vE '^(127\.|\[::1\])' | sed 's/.*://' | sort -un); do
    [ "$port" != 2299 ] || continue
    said=$(timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && head -c 40 <&3" 2>/dev/null | tr -d '\0\r' | head -1)
    case $said in
        SSH-*dropbear*) wrong+="dropbear answers on port $port. " ;;
        SSH-*) ! root_gets_in "$port" || [ "$port" = 22 ] || wrong+="root gets in on port $port. " ;;
    esac
done
if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
