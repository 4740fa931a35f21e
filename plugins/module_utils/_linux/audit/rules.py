"""The rules of the Linux audit system: are they in the kernel, and does a restart bring them back?

Addresses: a rule's text without action and architecture, such as `-F path=/etc/passwd -F perm=wa -F key=identity`
(bool; absent when what it is about is not on this machine and nothing records it); `privileged` (list of setuid and
setgid programs that no rule records), `sudo-logs` (list of sudo's log files that no rule watches),
`sign-in-records` (list of rules that throw away the records of signing in),
`daemon` (bool: auditing is on and a daemon takes the records),
`locked` (bool, -e 2) and `continue` (bool, -c or -i before the first rule).

*configured* is what the files in /etc/audit/rules.d bring back, *effective* what is recorded now and after a restart,
*running* what is recorded now while the rules are locked: a change then waits for the restart.
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, absent, reading, value
from ..engine.safe_read import attempt, first_of, foreign, not_installed
from ..sudo import log_file
from . import cover, kernel, privileged
from .cover import Answer
from .files import FOLDER
from .rule import RECORDS, BadLine, Rule
from .state import State, is_address, log_rule, program_rule, wanted_rule

NAME = "audit_rules"
NAMED = ("privileged", "sudo-logs", "sign-in-records", "daemon", "locked", "continue")
TEXT = r"-[FCS] [A-Za-z0-9_./,:@+=!<>&-]{1,400}"
ADDRESSES = re.compile(rf"\A(?:{'|'.join(NAMED)}|{TEXT}(?: {TEXT}){{0,20}})\Z")
MISSING = "auditd is not installed"
SIGNING_IN = ("USER_AUTH", "USER_LOGIN", "USER_START", "USER_END", "LOGIN", "RESP_ACCT_LOCK")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    state: State | HostError | None = None
    try:
        if kernel.installed(host) and any(_known(address) for address in addresses):
            state = State(host)
    except HostError as problem:
        state = problem
    return {
        address: attempt(NAME, address, partial(_read, host, address, state))
        if _known(address)
        else foreign(NAME, address)
        for address in addresses
    }


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Our file of rules as it will be. Raises ChangeRefused, HostError."""
    from . import writing  # a check does without

    return writing.dry_run(host, changes)


def _known(address: str) -> bool:
    return bool(ADDRESSES.match(address)) and (address in NAMED or is_address(address))


def _read(host: Host, address: str, state: HostError | State | None) -> Reading:
    if isinstance(state, HostError):
        raise state
    if address not in NAMED:
        return _rule(host, address, state) if state else reading(NAME, address, value(False, MISSING, "bool"))
    if state is None:
        return reading(NAME, address, not_installed("auditd"))
    if address == "privileged":
        program_rules = {path: program_rule(path) for path in privileged.programs(host)}
        return _unrecorded(address, program_rules, state)
    if address == "sudo-logs":
        return _sudo_logs(host, state)
    if address == "sign-in-records":
        dropped = _dropped(state)
        return reading(NAME, address, value(dropped, f"{kernel.KERNEL} and {FOLDER}", "list"))
    if address == "daemon":
        return reading(NAME, address, value(state.kernel.enabled > 0 and state.kernel.daemon, "auditctl -s", "bool"))
    if address == "locked":
        return _locked(state)
    carries_on = value(bool(state.files.carries_on), state.files.carries_on or FOLDER, "bool")
    return reading(NAME, address, carries_on, dict(carries_on))


def _rule(host: Host, address: str, state: State) -> Reading:
    try:
        wanted = wanted_rule(address, state.machine)
    except BadLine as problem:
        raise HostError("malformed", f"{address!r} is no rule: {problem}") from None
    if not wanted.calls:
        return reading(NAME, address, absent("this machine has none of these system calls"))
    later, now = state.after_restart(wanted), state.now(wanted)
    missing = _not_here(host, wanted)
    if missing and (later.missing or now.missing):
        gone = absent(f"{missing} does not exist on this machine")
        return reading(NAME, address, gone, dict(gone))
    configured = _aspect(later)
    if not later.missing and now.missing and state.locked:
        return reading(NAME, address, dict(configured), configured, _aspect(now))
    if later.missing and not now.missing:
        later.missing = f"it is recorded now and would not be after a restart: {later.missing}"
    return reading(NAME, address, _aspect(later if later.missing else now, [later, now]), configured)


def _aspect(answer: Answer, answers: list[Answer] | None = None) -> Aspect:
    places = [place for part in answers or [answer] for place in part.where]
    aspect = value(not answer.missing, ", ".join(dict.fromkeys(places))[:300] or FOLDER, "bool")
    notes = [answer.missing] if answer.missing else answer.notes
    if notes:
        aspect["note"] = "; ".join(notes)[:500]
    return aspect


def _not_here(host: Host, wanted: Rule) -> str:
    """The file, folder or program that a rule is about and that this machine does not have, or an empty text."""
    about = [field for field in wanted.fields if field.name in ("path", "dir", "exe") and field.op == "="]
    return next((field.value for field in about if not host.exists(field.value)), "")


def _sudo_logs(host: Host, state: State) -> Reading:
    """Another log than the one that the policy's rule watches may be emptied unseen; any rule for it will do."""
    if not first_of(host, log_file.PROGRAMS):
        return reading(NAME, "sudo-logs", not_installed("sudo"))
    # sudo follows a link, and a rule about the name of a link records nothing of the file that it leads to.
    real = {host.real(path) for path in log_file.log_files(host)}
    return _unrecorded("sudo-logs", {path: log_rule(path) for path in sorted(real)}, state)


def _unrecorded(address: str, wanted_rules: dict[str, str], state: State) -> Reading:
    """The reading of what has no rule, of {path: the rule that is asked for it}."""
    unsaid, unrecorded = [], []
    for path, text in wanted_rules.items():
        try:
            wanted = wanted_rule(text, state.machine)
        except BadLine:
            unsaid.append(path)
            unrecorded.append(path)
            continue
        if state.after_restart(wanted).missing:
            unsaid.append(path)
        if state.now(wanted).missing:
            unrecorded.append(path)
    configured = value(unsaid, FOLDER, "list")
    if state.locked:
        running = value(unrecorded, kernel.KERNEL, "list")
        return reading(NAME, address, dict(configured), configured, running)
    paths = sorted({*unsaid, *unrecorded})
    return reading(NAME, address, value(paths, f"{kernel.KERNEL} and {FOLDER}", "list"), configured)


def _dropped(state: State) -> list[str]:
    """The rules by which a record of signing in is thrown away, each with a type that is hit."""
    dropped = []
    for rules in (state.loaded, state.on_disk):
        for rule in [*rules.exclude, *(one for one in rules.user if one.action == "never")]:
            hit = [name for name in SIGNING_IN if cover.drops(rule, RECORDS[name])]
            if hit and not cover.spares_sign_ins(rule):
                dropped.append(f"{rule.place}: {hit[0]}")
    return dropped


def _locked(state: State) -> Reading:
    at_start = state.files.enabled == 2 and not state.not_loaded
    configured = value(at_start, state.not_loaded or state.files.enabled_place or FOLDER, "bool")
    effective = value(at_start and state.locked, configured["source"], "bool")
    if state.locked and not at_start:
        effective["note"] = "the rules are locked now and would not be after a restart"
    return reading(NAME, "locked", effective, configured)
