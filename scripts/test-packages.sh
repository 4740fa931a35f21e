#!/usr/bin/env bash
# Install the packages of requirements/debian-test.txt that are missing, as root on Debian or Ubuntu; else say in one line
# that they are. Lines marked `ci` count only where CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v apt-get >/dev/null; then
    printf 'Tests that need a package are skipped where it is missing: see requirements/debian-test.txt\n' >&2
    exit 0
fi

missing=()
while read -r first second; do
    package=${second:-$first}
    [ -z "$second" ] || [ "${CI:-}" = true ] || continue
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done < <(sed 's/#.*//; s/[[:space:]]*$//; /^$/d' requirements/debian-test.txt)
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
    printf 'Tests that need these are skipped, as only root can install them: %s\n' "${missing[*]}" >&2
    exit 0
fi

printf 'Installing what the tests need with apt: %s\n' "${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
    </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    printf 'apt could not install them; its last lines stand above. Tests that need them are skipped.\n' >&2
fi
