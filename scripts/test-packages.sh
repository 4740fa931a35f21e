#!/usr/bin/env bash
# Install the packages of requirements/debian-test.txt that are missing, as root on Debian or Ubuntu; else do nothing.
# Lines marked `ci` count only where CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0

missing=()
while read -r first second; do
    package=${second:-$first}
    [ -z "$second" ] || [ "${CI:-}" = true ] || continue
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done < <(sed 's/#.*//; s/[[:space:]]*$//; /^$/d' requirements/debian-test.txt)
[ ${#missing[@]} -gt 0 ] || exit 0

printf 'Installing what the tests need with apt: %s\n' "${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
    </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    printf 'apt could not install them; its last lines stand above. Tests that need them are skipped.\n' >&2
fi
