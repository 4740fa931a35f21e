#!/usr/bin/env bash
# Install PowerShell, and Wine with PowerShell's Windows build, for tests/windows: as root where CI=true, from the archives
# in the folder that LEEBOARD_TOOLS names (else ../shared/tools). Where that cannot be, say why in one line: those tests
# are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "${LEEBOARD_WINDOWS:-}" != off ] || exit 0
missing=()
for program in pwsh wine wine-pwsh; do
    command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0

install=${LEEBOARD_TOOLS:-../shared/tools}/install-powershell
skip() {
    printf 'The tests of Windows are skipped: %s missing, and %s. See tests/windows/README.md\n' "${missing[*]}" "$1" >&2
    exit 0
}
[ "${CI:-}" = true ] || skip 'they are installed only where CI=true'
[ "$(id -u)" = 0 ] || skip 'only root can install them'
command -v apt-get >/dev/null || skip 'they are installed only on Debian and Ubuntu'
[ -e "$install" ] || skip "there is no $install"

printf 'Installing PowerShell and Wine for the tests of Windows with %s\n' "$install" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! sh "$install" --wine </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    printf 'It failed; its last lines stand above. Tests that need them are skipped.\n' >&2
fi
