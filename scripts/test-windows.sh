#!/usr/bin/env bash
# Install PowerShell, and Wine with PowerShell's Windows build, for tests/windows: as root where CI=true, from the archives
# in the folder that LEEBOARD_TOOLS names (else ../shared/tools). Where they are not, do nothing: those tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] && [ "${CI:-}" = true ] && command -v apt-get >/dev/null || exit 0
install=${LEEBOARD_TOOLS:-../shared/tools}/install-powershell
[ -e "$install" ] || exit 0
if command -v pwsh >/dev/null && command -v wine-pwsh >/dev/null && command -v wine >/dev/null; then exit 0; fi

printf 'Installing PowerShell and Wine for the tests of Windows with %s\n' "$install" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! sh "$install" --wine </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    printf 'It failed; its last lines stand above. Tests that need them are skipped.\n' >&2
fi
