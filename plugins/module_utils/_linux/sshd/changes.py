"""What a change of how sshd lets people in comes to: lines in our own file, tried with sshd itself first.

It is written only where sshd then says what is wanted for an ordinary user, root, an administrator, somebody of each
Match block and whoever is connected now; where nothing else becomes different; and where neither this connection nor
the last administrator would be shut out (visitor.py, administrators.py).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.overlay_host import OverlayHost
from ..engine.reading import Aspect, Readings
from . import our_file
from .administrators import administrators, refuse_last
from .answers import PROGRAM, Answer, Replies, ask, files_of, older_note, ready
from .visitor import Visitor, refuse_shut_out, visitor

Effective = Callable[[Host, str, Replies], Aspect]
ROOT = ("yes", "no", "without-password", "prohibit-password", "forced-commands-only")
# What a number may not fall below: nobody could sign in, or work, any more.
LEAST = {
    "MaxAuthTries": 2, "LoginGraceTime": 15, "ClientAliveInterval": 15, "ClientAliveCountMax": 1, "ChannelTimeout": 60,
    "MaxStartups.begin": 2, "MaxStartups.rate": 1, "MaxStartups.full": 2,
}  # fmt: skip
STARTUPS = ("MaxStartups.begin", "MaxStartups.rate", "MaxStartups.full")
SESSIONS = ("session:shell", "session:command")


def dry_run(host: Host, changes: list[Change], effective: Effective) -> DryRun:
    """Our file as it will be and the reload of sshd. `effective(host, address, replies)` is an address's aspect.

    Raises ChangeRefused, HostError.
    """
    wanted = {change["address"]: _taken(change["address"], change["value"]) for change in changes}
    if not wanted:
        return DryRun()
    if not host.exists(PROGRAM):
        raise ChangeRefused("OpenSSH server is not installed, so there is nothing to change")
    who, chiefs = visitor(host), administrators(host)
    more = [*([who.question] if who else []), *(chief.question for chief in chiefs)]
    wrapper = ready(host)
    try:
        before = ask(host, wrapper, more=more)
    except HostError as problem:
        raise ChangeRefused(
            f"sshd does not take its configuration as it is, and would not start again: {problem.why}; "
            "put that right first"
        ) from None
    _hear(before, who)
    pending = bool(older_note(host, files_of(host)))
    drifted = {address: value for address, value in wanted.items() if _misses(effective, host, address, before, value)}
    after, text = before, ""
    if drifted:
        _know_each(drifted, before)
        text = our_file.with_values(host, _lines(drifted, before))
        after = our_file.tried(host, text, more)
        _hear(after, who)
        for address, value in drifted.items():
            _has_effect(effective, host, address, after, value)
        _nothing_else(before, after, {address.partition(".")[0].lower() for address in drifted})
    elif not pending:
        return DryRun()
    if who:
        refuse_shut_out(who, before.every[who.question.spec], after.every[who.question.spec], pending)
    else:
        refuse_last(host, chiefs, before.every, after.every)
    overlay = OverlayHost(host)
    if drifted:
        our_file.put(overlay, text)
    return overlay.result(our_file.load(host), _confirm(host, wanted))


def _hear(replies: Replies, who: Visitor | None) -> None:
    """Let what sshd says of this very connection count like what it says of the usual people."""
    if who:
        replies.usual.append(replies.every[who.question.spec])


def _taken(address: str, value: Any) -> str | int:
    """A wanted value, as sshd says it. Raises ChangeRefused."""
    if address in LEAST:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ChangeRefused(f"{address}: the wanted value must be a number, not {value!r}")
        return value
    if address == "PermitRootLogin" and value in ROOT:
        return "without-password" if value == "prohibit-password" else str(value)
    if value not in ("yes", "no"):
        raise ChangeRefused(f"{address}: {value!r} is nothing that can be written there")
    return str(value)


def _misses(effective: Effective, host: Host, address: str, replies: Replies, wanted: str | int) -> bool:
    aspect = effective(host, address, replies)
    return aspect.get("value") != wanted or bool(_weaker(aspect, wanted))


def _weaker(aspect: Aspect, wanted: str | int) -> list[dict[str, Any]]:
    """The others for whom something else counts; a lower number that is not nought is stricter everywhere."""
    return [other for other in aspect.get("others", []) if not _as_strict(other["value"], wanted)]


def _as_strict(value: Any, wanted: str | int) -> bool:
    if isinstance(wanted, int) and isinstance(value, int):
        return value == wanted or 0 < value < wanted
    return bool(value == wanted)


def _know_each(drifted: Mapping[str, str | int], before: Replies) -> None:
    """Raises ChangeRefused for what this sshd cannot do, and for a number with which nobody could work."""
    for address, value in drifted.items():
        if isinstance(value, int) and value < LEAST[address]:
            raise ChangeRefused(f"{address} {value} would shut people out; at least {LEAST[address]} can be written")
        if address == "ChannelTimeout" and not any("channeltimeout" in one.settings for one in before.usual):
            raise ChangeRefused("this sshd ends no idle session: ChannelTimeout needs OpenSSH 9.2 or later")


def _lines(drifted: Mapping[str, str | int], before: Replies) -> dict[str, str]:
    """{keyword: text} for our file."""
    lines = {address: str(value) for address, value in drifted.items() if address not in STARTUPS}
    # What counts outside of Match blocks: all of our lines stand there.
    now = (before.outside or before.usual[0]).settings
    if "ChannelTimeout" in lines:
        lines["ChannelTimeout"] = _channels(lines["ChannelTimeout"], now.get("channeltimeout", "none"))
    if any(address in drifted for address in STARTUPS):
        parts = now.get("maxstartups", "").split(":")
        if len(parts) != len(STARTUPS):
            raise ChangeRefused(f"sshd's MaxStartups is {':'.join(parts)[:60]!r}, which is not three numbers")
        numbers = [str(drifted.get(address, parts[at])) for at, address in enumerate(STARTUPS)]
        lines["MaxStartups"] = ":".join(numbers)
    return lines


def _channels(seconds: str, now: str) -> str:
    """Ours first, since the first pattern for a channel counts; limits of other channels stay."""
    pairs = [pair for pair in now.replace('"', "").split() if "=" in pair]
    others = [pair for pair in pairs if not pair.startswith("session") and not _never(pair)]
    return " ".join([f"session*={seconds}", *others])


def _never(pair: str) -> bool:
    """A pattern that is there to keep sessions: behind ours it says nothing about them any more."""
    pattern, _equals, time = pair.partition("=")
    return time in ("0", "none") and any(fnmatch.fnmatchcase(kind, pattern) for kind in SESSIONS)


def _has_effect(effective: Effective, host: Host, address: str, after: Replies, wanted: str | int) -> None:
    """Raises ChangeRefused, with the place that would still decide."""
    keyword = address.partition(".")[0]
    aspect = effective(host, address, after)
    weaker = _weaker(aspect, wanted)
    # The block itself, with file and line, rather than somebody whom it means.
    block = next((other for other in weaker if "Match " in other["who"]), None)
    if block:
        raise ChangeRefused(f"{block['who']} would still decide {keyword} ({block['value']}); take it out there")
    if weaker or aspect.get("value") != wanted:
        raise ChangeRefused(our_file.what_decides(host, keyword, after))


def _nothing_else(before: Replies, after: Replies, keywords: set[str]) -> None:
    """Raises ChangeRefused where a keyword that is not ours to change would change with it."""
    for spec, answer in before.every.items():
        others = {key for key, _text in _differences(answer, after.every[spec])} - keywords
        if others:
            raise ChangeRefused(f"the change would change {', '.join(sorted(others))[:200]} as well")


def _differences(before: Answer, after: Answer) -> set[tuple[str, str]]:
    return set(before.lines) ^ set(after.lines)


def _confirm(host: Host, wanted: Mapping[str, str | int]) -> Callable[[Readings], str]:
    """What tells, once sshd was reloaded, whether it still runs and says what is wanted."""
    ran = our_file.running(host)

    def confirm(after: Readings) -> str:
        if ran and not our_file.running(host):
            return f"{ran} does not run any more"
        for address, value in wanted.items():
            now = after[address]["effective"]
            if now.get("value") != value:
                return f"{address} is {now.get('value', now.get('why', now['state']))!r} and not {value!r}"
        return ""

    return confirm
