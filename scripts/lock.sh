#!/usr/bin/env bash
# Write requirements/run.txt, test.txt and docs.txt: exact versions with hashes, for every Python that pyproject.toml
# allows.
#
# Versions that are locked stay, as far as pyproject.toml allows them; UPGRADE=1 takes the newest. No index address
# goes into the files: whoever installs uses the settings of their own machine.
set -euo pipefail
cd "$(dirname "$0")/.."

uv_version=0.13.9
python=.venv/bin/python
[ -x "$python" ] || python=/usr/bin/python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"

compile() {  # $1: the lock; the rest: what it is made from
    local lock=$1
    shift
    "$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.12 --generate-hashes --only-binary :all: \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
        ${UPGRADE:+--upgrade} --output-file "$lock" "$@" >/dev/null
}

compile requirements/run.txt pyproject.toml requirements/run.in
compile requirements/test.txt pyproject.toml --extra postgresql requirements/run.in requirements/test.in \
    --constraint requirements/run.txt
compile requirements/docs.txt requirements/docs.in --constraint requirements/run.txt
grep -c '^[a-z].*==' requirements/run.txt requirements/test.txt requirements/docs.txt
