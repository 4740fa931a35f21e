#!/bin/bash
# FWD-05 by asking the running timesyncd itself which servers it has, now and after it starts again, and by counting
# what else could set the clock. The lab's time server is localhost. Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""
unit=systemd-timesyncd

# Names with their order and doubles taken away; the lists that it would ask now.
asked() {
    local list=""
    for name in SystemNTPServers RuntimeNTPServers LinkNTPServers; do
        list+=" $(timedatectl show-timesync --value -p "$name")"
    done
    if [ -z "${list// /}" ]; then list=$(timedatectl show-timesync --value -p FallbackNTPServers); fi
    tr ' ' '\n' <<<"$list" | grep . | sort -u | tr '\n' ' '
}

systemctl is-active --quiet $unit || wrong+="$unit does not run. "
[ "$(systemctl is-enabled $unit 2>/dev/null)" = enabled ] || wrong+="$unit is not started at boot. "
# As the processes of chrony, ntpsec, openntpd and ntpd-rs are called. The last is the one that Debian installs beside
# another: it does not say that it is a time-daemon.
others=$(pgrep -lx 'chronyd|ntpd|ntpdate|openntpd|ntp-daemon' | cut -d ' ' -f 2 | sort -u | tr '\n' ' ')
[ -z "$others" ] || wrong+="$others runs too. "
if systemctl is-active --quiet $unit; then
    now=$(asked)
    [ "$now" = "localhost " ] || waits+="it asks $now now. "
    systemctl restart $unit
    next=$(asked)
    [ "$next" = "localhost " ] || wrong+="it asks $next. "
    for _ in $(seq 20); do
        agrees=$(timedatectl show --value -p NTPSynchronized)
        [ "$agrees" != yes ] || break
        sleep 1
    done
    [ "$agrees" = yes ] || wrong+="the clock agrees with nobody. "
fi

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
