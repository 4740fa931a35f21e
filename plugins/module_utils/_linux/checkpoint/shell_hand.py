"""The end of the put-back script: what a person does with it on a terminal, and how it is called."""

from __future__ import annotations

HAND = r"""
# By hand ----------------------------------------------------------------

terminal() {
    if ! [ -t 0 ]; then
        say "this needs a terminal"
        exit 1
    fi
}

# The session must be younger than the checkpoint: only then somebody could still come in after the change.
fresh() {
    session=$(sed -n 's,.*/session-\([0-9a-z]*\)\.scope.*,\1,p' "$ROOT/proc/self/cgroup" | head -n 1)
    began=
    [ -z "$session" ] || began=$(loginctl show-session "$session" --property=TimestampMonotonic --value)
    case $began in
    '' | *[!0-9]*)
        say "it is not known when this session began: sign in anew, at the console or by SSH, and confirm from there"
        exit 1
        ;;
    esac
    if [ "$began" -le "$ARMED" ]; then
        say "this session began before the change: sign in anew, to see that one still can, and confirm from there"
        exit 1
    fi
}

confirm() {
    terminal
    [ "$(state)" != armed ] || fresh
    if turn armed confirmed; then
        say "confirmed: the changes of $BY (run $RUN) stay"
        clean
        return
    fi
    say "nothing to confirm: the checkpoint is $(state)"
    exit 1
}

rollback() {
    terminal
    case $(state) in
    armed | putting-back) ;;
    *)
        say "nothing to put back: the checkpoint is $(state)"
        exit 1
        ;;
    esac
    # As a service it goes on when this terminal is cut off.
    run 900 systemctl start -- "$NAME.service"
    say "the checkpoint is $(state)"
    [ "$(state)" = back ]
}

status() {
    say "$(state): armed by $BY (run $RUN) for $DRIVERS"
    case $(state) in
    armed) run 30 systemctl list-timers --no-pager -- "$NAME.timer" ;;
    putting-back) [ ! -e "$HERE/left" ] || sed 's/^/not back yet: /' "$HERE/left" ;;
    esac
}

# One at a time; but nobody who holds the lock keeps a device from coming back.
alone() {
    if [ -e "$HERE.lock" ]; then
        exec 9>>"$HERE.lock"
        flock -w 20 9 || :
    fi
}

main() {
    case ${1-} in
    timer)
        alone
        put_back
        ;;
    start)
        alone
        put_back_at_start
        ;;
    clean)
        alone
        case $(state) in
        armed | putting-back) exit 1 ;;
        esac
        clean
        ;;
    came)
        shift
        came "$@"
        ;;
    status | confirm | rollback) "$1" ;;
    *)
        say "usage: $NAME status | confirm | rollback"
        exit 2
        ;;
    esac
}

main "$@"
exit
"""
