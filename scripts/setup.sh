#!/usr/bin/env bash
# Make .venv from the locked requirements: `setup.sh run` for the tool itself, `setup.sh test` for the tests as well.
#
# Does nothing when .venv is what the locks say. A set-up that was broken off (power, Ctrl-C) is done anew by the next
# call, and so is one whose folder was moved or whose Python is gone. Two calls at once wait for each other.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH

kind=${1:-run}
venv=.venv
goal=drift
[ "$kind" = run ] || goal="test"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "leeboard set-up: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 1
}

# What a set-up depends on, as one digest: the files named, and the folder, which a .venv has written all over it.
digest() { { printf '%s\n' "$PWD"; cat "$@"; } | sha256sum | cut -d ' ' -f 1; }

stamp_is() { [ "$(cat "$venv/leeboard-$1" 2>/dev/null)" = "$2" ]; }

# The first Python that is new enough, and for which the test in $1 holds; prints its path and version.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.14 python3.13 python3.12 python3 /usr/bin/python3; do
        "$candidate" -c "import sys
if sys.version_info < (3, 12): sys.exit(1)
$1
print(sys.executable, '%d.%d' % sys.version_info[:2], sep='\n')" 2>/dev/null && return
    done
    return 1
}

install_venv_module() {  # $1: the version of a Python that has no ensurepip
    local package=python3-venv
    [ "$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$1" ] ||
        package=python$1-venv
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "Python $1 is here, but not the part of it that makes environments ($package)." \
            "Do this, then 'make $goal' again:" "    sudo apt-get install $package"
    fi
    say "Installing $package with apt, since Python $1 here cannot make environments without it"
    if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package"; } \
        </dev/null >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "apt could not install $package; its last lines stand above." \
            "Put that right (or run 'apt-get install $package' yourself), then 'make $goal' again."
    fi
}

pip_install() {
    if ! "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@" </dev/null >"$log" 2>&1; then
        say ""
        tail -n 15 "$log" >&2
        fail "pip could not install what Leeboard needs; its last lines stand above." \
            "Mostly it is the network: pip uses its own settings for proxy and index (pip config list)." \
            "Then run 'make $goal' again."
    fi
}

exec 9<requirements/run.txt
if ! flock -n 9; then
    say "Waiting for another set-up in this folder"
    flock 9
fi

run=$(digest requirements/run.txt)
test=$(digest requirements/run.txt requirements/test.txt)
package=$(digest pyproject.toml)

# All packages of the lock are there, for a Python that is still there ("import pip" fails after an upgrade of Python).
sound() { [ ! -e "$venv/leeboard-unfinished" ] && stamp_is run "$run" && "$venv/bin/python" -c 'import pip' 2>/dev/null; }
complete() { stamp_is package "$package" && { [ "$kind" = run ] || stamp_is test "$test"; }; }

if sound && complete; then exit 0; fi

if [ -e "$venv" ] && [ ! -w "$venv" ]; then
    fail "$venv has to be renewed, but belongs to another user ($(stat -c %U "$venv"))." \
        "Do this, then 'make $goal' again:" "    sudo rm -rf $venv leeboard.egg-info"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
began=$SECONDS

if ! sound; then
    if ! found=$(find_python 'import ensurepip, venv'); then
        found=$(find_python '') || fail "Leeboard needs Python 3.12 or newer, and there is none here." \
            "Debian 13 and Ubuntu 24.04 have it: sudo apt-get install python3 python3-venv" \
            "One that is elsewhere is named like this: make $goal PYTHON=/opt/python3.13/bin/python3"
        install_venv_module "${found##*$'\n'}"
        found=$(find_python 'import ensurepip, venv') ||
            fail "Python still cannot make environments, though python3-venv was installed."
    fi
    python=${found%%$'\n'*}
    printf 'Setting up %s with Python %s (once, about half a minute) ... ' "$venv" "${found##*$'\n'}" >&2
    rm -rf "$venv"
    mkdir "$venv"
    : >"$venv/leeboard-unfinished"
    "$python" -m venv "$venv" >"$log" 2>&1 || { say ""; tail -n 15 "$log" >&2; fail "$python could not make $venv"; }
else
    printf 'Bringing %s up to date ... ' "$venv" >&2
    : >"$venv/leeboard-unfinished"
fi

locked() { pip_install --require-hashes --only-binary :all: -r "$1"; }

if [ "$kind" = test ]; then
    stamp_is test "$test" || locked requirements/test.txt
else
    stamp_is run "$run" || locked requirements/run.txt
fi
pip_install --no-deps --no-build-isolation --editable .
printf '%s\n' "$run" >"$venv/leeboard-run"
[ "$kind" = run ] || printf '%s\n' "$test" >"$venv/leeboard-test"
printf '%s\n' "$package" >"$venv/leeboard-package"
rm "$venv/leeboard-unfinished"
say "done after $((SECONDS - began)) s"
[ "$kind" = test ] || say "To call leeboard by its name in this shell: . $venv/bin/activate"
