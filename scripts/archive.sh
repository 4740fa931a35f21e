#!/usr/bin/env bash
# Build the Galaxy archive and the wheel into a folder, from a copy of what git knows (and would know after `git add`).
# `archive.sh --list` prints the files of the Galaxy archive instead.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:?the folder to build into, or --list}
bin=${LEEBOARD_BIN:-$PWD/.venv/bin}    # where ansible-galaxy and pip are

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/copy" "$work/built"
git ls-files --cached --others --exclude-standard -z -- . ':!collections' |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from - | tar --extract --directory "$work/copy"

"$bin/ansible-galaxy" collection build --output-path "$work/built" "$work/copy" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }
if [ "$target" = --list ]; then
    tar --list --gzip --file "$work"/built/*.tar.gz | grep -v '/$' | LC_ALL=C sort
    exit
fi

"$bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --disable-pip-version-check \
    --wheel-dir "$work/built" "$work/copy" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
mkdir -p "$target"
cp "$work"/built/* "$target/"
(cd "$work/built" && printf '%s\n' *) | sed "s|^|$target/|"
