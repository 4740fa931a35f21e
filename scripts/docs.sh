#!/usr/bin/env bash
# Build the site of the documentation into build/site, from what git knows (and would know after `git add`). A warning,
# such as a link that leads nowhere, is a failure, and so is a CHANGELOG.md that is not what its fragments make.
# `docs.sh changes` writes CHANGELOG.md and nothing else. What both need lies apart from the tests', in build/docs-venv.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${LEEBOARD_DOCS_VENV:-$PWD/build/docs-venv}
stamp=$({ echo "$venv"; cat requirements/docs.txt; } | sha256sum)
if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
    echo "Setting up $venv (once) ..." >&2
    rm -rf "$venv"
    .venv/bin/python -m venv "$venv"
    "$venv/bin/pip" install --quiet --no-input --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements/docs.txt || { echo "pip could not install what the documentation needs" >&2; exit 1; }
    echo "$stamp" >"$venv/stamp"
fi
export PATH=$venv/bin:$PATH LC_ALL=C.UTF-8

if [ "${1:-}" = changes ]; then
    exec python scripts/changes.py
fi
python scripts/changes.py --check

work=$PWD/build/docs    # a copy, where antsibull-docs finds a collection, and its pages a place beside the others
source=$work/ansible_collections/leeboard/schools
rm -rf "$work" build/site
mkdir -p "$source/collection"
git ls-files --cached --others --exclude-standard -z -- . ':!collections' |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from - | tar --extract --directory "$source"
ANSIBLE_COLLECTIONS_PATH=$work antsibull-docs --config-file docs/antsibull.cfg collection \
    --use-current --squash-hierarchy --fail-on-error --dest-dir "$source/collection" leeboard.schools
sphinx-build --quiet --fail-on-warning --keep-going --builder html --conf-dir docs "$source" build/site
first='<!doctype html><title>Leeboard</title><meta http-equiv="refresh" content="0; url=README.html">'
echo "$first" >build/site/index.html
echo "build/site/index.html"
