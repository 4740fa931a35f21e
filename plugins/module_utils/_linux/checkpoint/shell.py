"""The part of the put-back script that is the same for every checkpoint; `shell_hand.py` has its end.

It is a text here, since Ansible sends a device only what Python imports. `sh` is dash on Debian and Ubuntu, and bash
elsewhere: both run it in the tests.
"""

from __future__ import annotations

SHELL = r"""#!/bin/sh
# Leeboard's checkpoint: puts this device back as it was before a change, unless somebody confirms it.
# On a terminal:  leeboard-checkpoint status | confirm | rollback
set -u
umask 077
@FACTS@
HERE=$ROOT/var/lib/leeboard/checkpoint
UNITS=$ROOT/etc/systemd/system
PATH=$ROOT/usr/sbin:$ROOT/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
NAME=leeboard-checkpoint
LEFT=
CHANGED=

@ABOUT@
# What is said goes to the journal, or to the terminal.
say() {
    printf '%s\n' "$*"
}

# SECONDS COMMAND...: a command that hangs is ended, and what it returns decides nothing by itself.
run() {
    longest=$1
    shift
    case $1 in
    /*)
        program=$ROOT$1
        shift
        set -- "$program" "$@"
        ;;
    esac
    timeout -k 5 "$longest" "$@" </dev/null 9>&-
}

try() {
    run "$@" || say "$2 ended with status $?"
}

# What was written or renamed in folders lasts through a power cut; one that is gone by now has nothing to lose.
flush() {
    timeout -k 5 30 sync "$@" 2>/dev/null || :
}

state() {
    for one in arming armed putting-back confirmed back; do
        if [ -e "$HERE/state.$one" ]; then
            printf '%s\n' "$one"
            return
        fi
    done
    printf 'none\n'
}

# One rename decides: of two that come at once, one finds the file.
turn() {
    mv -f "$HERE/state.$1" "$HERE/state.$2" 2>/dev/null || return 1
    flush "$HERE"
}

missing() {
    LEFT="$LEFT$*
"
}

# Files ------------------------------------------------------------------

put_file() {
    target=$ROOT$2
    case $1 in
    absent)
        if [ -d "$target" ] && [ ! -L "$target" ]; then
            return # it is one of the folders: see new_entries
        fi
        if [ -e "$target" ] || [ -L "$target" ]; then
            rm -f "$target"
        fi
        return
        ;;
    folder)
        if [ ! -d "$target" ] && mkdir -p "$target"; then
            chown "$4" "$target"
            chmod "$3" "$target"
        fi
        return
        ;;
    esac
    copy=$ROOT$3
    is_back "$copy" "$target" && return
    [ -d "${target%/*}" ] || mkdir -p "${target%/*}"
    [ -d "$target" ] && [ ! -L "$target" ] && return
    new=${target%/*}/.leeboard-back-${target##*/}
    rm -f "$new"
    # A link keeps the copy for another try; where none can be made, the copy itself is moved.
    if ln -P "$copy" "$new" && mv -f "$new" "$target"; then
        rm -f "$new"
    else
        rm -f "$new"
        mv -f "$copy" "$target"
    fi
}

# A copy that is gone was moved to its place by an earlier try.
is_back() {
    if [ -L "$1" ]; then
        [ -L "$2" ] && [ "$(readlink "$1")" = "$(readlink "$2")" ]
    elif [ -e "$1" ]; then
        [ ! -L "$2" ] && [ "$1" -ef "$2" ]
    else
        return 0
    fi
}

# Everything below a folder that was not there before goes: this very script is asked for each.
new_entries() {
    [ -d "$ROOT$1" ] || return 0
    find "$ROOT$1" -depth -exec sh "$HERE/put-back" came {} +
}

came() {
    for entry in "$@"; do
        was_there "${entry#"$ROOT"}" && continue
        if [ -d "$entry" ] && [ ! -L "$entry" ]; then
            rmdir "$entry"
        else
            rm -f "$entry"
        fi
    done
}

unmake() {
    [ ! -d "$ROOT$1" ] || rmdir "$ROOT$1" 2>/dev/null || :
}

file_left() {
    target=$ROOT$2
    case $1 in
    absent)
        if [ -e "$target" ] || [ -L "$target" ]; then
            missing "$2 is still there"
        fi
        ;;
    folder) [ -d "$target" ] || missing "$2 is missing" ;;
    *) is_back "$ROOT$3" "$target" || missing "$2 is not as it was" ;;
    esac
}

# Units ------------------------------------------------------------------

is_enabled() {
    run 30 systemctl is-enabled -- "$1" 2>/dev/null
}

is_active() {
    [ "$(run 30 systemctl is-active -- "$1" 2>/dev/null)" = active ]
}

# NAME ENABLED ACTIVE, as it was
enablement() {
    if [ "$2" = absent ]; then
        rm -f "$UNITS"/*.wants/"$1" "$UNITS"/*.requires/"$1"
        CHANGED="$CHANGED $1 "
        return
    fi
    now=$(is_enabled "$1")
    [ "$now" != "$2" ] || return 0
    CHANGED="$CHANGED $1 "
    case $now in
    masked) try 30 systemctl --no-reload unmask -- "$1" ;;
    masked-runtime) try 30 systemctl --no-reload --runtime unmask -- "$1" ;;
    esac
    case $2 in
    enabled) try 30 systemctl --no-reload enable -- "$1" ;;
    enabled-runtime) try 30 systemctl --no-reload --runtime enable -- "$1" ;;
    disabled) try 30 systemctl --no-reload disable -- "$1" ;;
    masked) try 30 systemctl --no-reload mask -- "$1" ;;
    masked-runtime) try 30 systemctl --no-reload --runtime mask -- "$1" ;;
    esac
}

activity() {
    case $3 in
    active)
        if ! is_active "$1"; then
            run 30 systemctl reset-failed -- "$1"
            try 120 systemctl start -- "$1"
        fi
        ;;
    inactive)
        if is_active "$1"; then
            try 120 systemctl stop -- "$1"
        fi
        ;;
    esac
}

# At a start nothing is waited for.
queue() {
    case $3 in
    active) try 30 systemctl --no-block start -- "$1" ;;
    inactive)
        case $CHANGED in
        *" $1 "*) try 30 systemctl --no-block stop -- "$1" ;;
        esac
        ;;
    esac
}

# A dead sshd cannot be reloaded, and a unit that failed too often does not start: so it is a restart, after a reset.
restart() {
    [ "$2" != inactive ] || return 0
    base=${1%.service}
    case $base in
    ssh | sshd) try 30 /usr/sbin/sshd -t ;;
    esac
    run 30 systemctl reset-failed -- "$1" 2>/dev/null
    run 30 systemctl reset-failed -- "$base.socket" 2>/dev/null
    if [ "$2" = socket ]; then
        # The socket refuses to start while its service runs.
        try 120 systemctl stop -- "$1"
        try 120 systemctl restart -- "$base.socket"
    else
        try 120 systemctl restart -- "$1"
    fi
}

unit_left() {
    case $2 in
    absent | other) ;;
    *) [ "$(is_enabled "$1")" = "$2" ] || missing "$1 is not $2" ;;
    esac
    case $3 in
    active) is_active "$1" || missing "$1 does not run" ;;
    inactive) ! is_active "$1" || missing "$1 still runs" ;;
    esac
}

# TEXT FILE SECONDS COMMAND...
proof() {
    shown=$1
    expected=$2
    shift 2
    if [ "$expected" = - ]; then
        run "$@" >/dev/null || missing "$shown did not end well"
    else
        { run "$@"; printf '\nended with %s\n' "$?"; } | cmp -s - "$HERE/proofs/$expected" ||
            missing "$shown does not say what it said"
    fi
}

# Putting back -----------------------------------------------------------

put_files() {
    files put_file
    folders new_entries
    made_folders unmake
    touched
}

# The lines of the journal that the undo reads: what is back already is left alone.
note() {
    journal=$ROOT/var/lib/leeboard/journal
    [ -e "$journal/$RUN.back" ] && return
    ln "$HERE/note" "$journal/$RUN.back" || mv "$HERE/note" "$journal/$RUN.back"
    flush "$journal"
}

keep_left() {
    if printf '%s' "$LEFT" >"$HERE/left.new"; then
        mv -f "$HERE/left.new" "$HERE/left"
    else
        rm -f "$HERE/left.new"
    fi
}

begin() {
    turn armed putting-back || :
    case $(state) in
    putting-back) return 0 ;;
    armed)
        say "the state cannot be changed"
        exit 1
        ;;
    esac
    return 1
}

put_back() {
    begin || return 0
    say "putting back what $BY (run $RUN) changed"
    put_files
    units enablement
    units enablement # one unit's links may name another
    try 60 systemctl daemon-reload
    units activity
    restarts restart
    commands try
    files file_left
    units unit_left
    proofs proof
    keep_left
    if [ -n "$LEFT" ]; then
        printf 'not back yet: %s' "$LEFT"
        exit 1
    fi
    note
    turn putting-back back || exit 1
    say "all is back as it was"
}

put_back_at_start() {
    [ "$(cat "$ROOT/proc/sys/kernel/random/boot_id")" != "$BOOT" ] || exit 0
    # What has ended is tidied up by the service: from within its own turn the start's unit cannot be stopped.
    if ! begin; then
        try 30 systemctl --no-block start -- "$NAME.service"
        return
    fi
    say "this start finds a checkpoint that nobody confirmed: putting back what $BY (run $RUN) changed"
    put_files
    units enablement
    units enablement
    try 60 systemctl daemon-reload
    commands_at_start try
    units queue
    # It goes on, with all that waits for daemons and with the proofs, once the machine has come up.
    try 30 systemctl --no-block start -- "$NAME.service"
}

# What is not needed any more goes, the script last: killed anywhere, its unit or the next checkpoint goes on. After the
# reload a service whose file is gone has systemd's usual 90 s, counted from its start, and putting back may have taken
# longer: so the service does this in a turn that is counted by itself (ExecStartPost).
clean() {
    copies remove_folder
    rm -rf "$HERE/kept" "$HERE/proofs"
    rm -f "$HERE/note" "$HERE/left" "$HERE/left.new" "$HERE/elsewhere"
    run 30 systemctl stop -- "$NAME.timer"
    # The start's own unit counts as running until it is stopped, also when its file is gone.
    run 30 systemctl stop -- "$NAME-start.service"
    rm -f "$UNITS/timers.target.wants/$NAME.timer" "$UNITS/sysinit.target.wants/$NAME-start.service"
    rm -f "$UNITS/$NAME.timer" "$UNITS/$NAME-start.service" "$UNITS/$NAME.service"
    rm -f "$UNITS/.leeboard-$NAME"* "$ROOT/usr/local/sbin/.leeboard-$NAME" # of an arming that was killed
    flush "$UNITS"
    try 60 systemctl daemon-reload
    rm -f "$ROOT/usr/local/sbin/$NAME"
    case $(state) in
    arming | none) rm -f "$HERE/manifest" "$HERE/put-back" "$HERE/state.arming" ;;
    *) rm -f "$HERE/put-back" ;;
    esac
    flush "$HERE"
}

remove_folder() {
    rm -rf "$ROOT${1:?}"
}
"""
