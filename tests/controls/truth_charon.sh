#!/bin/bash
# For truth scripts, which read this file: $before and $after are the connections that charon has loaded, before and
# after it is told to load its files; $newer names the files that it had not loaded. Adds to $wrong and $waits.

# shellcheck disable=SC2034 # the variables are for the script that reads this file

# charon tells what it has loaded but for its proposals; a file that is newer than its last load counts as not loaded.
newer=""
since=$(systemctl show --timestamp=unix -P StateChangeTimestamp strongswan | tr -dc 0-9)
[ -z "$since" ] || newer=$(find /etc/swanctl/swanctl.conf /etc/swanctl/conf.d -newermt "@$((since + 1))")
before=$(swanctl --list-conns 2>/dev/null)
next=$(swanctl --load-conns 2>&1 | grep -v '^plugin ')
after=$(swanctl --list-conns 2>/dev/null)
if grep -q 'invalid config file' <<<"$next"; then wrong+="nothing could be loaded: $next. "; fi
if [ -n "$newer" ]; then waits+="charon has not loaded: $newer. "; fi
