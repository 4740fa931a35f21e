"""How sshd lets people in, as it would treat them from its next start.

Addresses, one for each keyword of sshd_config(5):

    PermitRootLogin, PermitEmptyPasswords, PasswordAuthentication, KbdInteractiveAuthentication, PubkeyAuthentication,
    PermitUserEnvironment           str as sshd says it (without-password, never prohibit-password)
    MaxAuthTries, ClientAliveCountMax            int
    LoginGraceTime, ClientAliveInterval          int, seconds; 0 means no limit
    ChannelTimeout                  int, seconds until an idle shell or command is ended; 0 means never
    MaxStartups.begin, .rate, .full int, the three numbers of MaxStartups

Who is meant differs: PermitRootLogin counts for root alone, everything else for whomever a Match block names as well.
ChannelTimeout is asked for outside of Match blocks too: OpenSSH 10.0p1 takes it from there whatever a block says
(tried), though sshd -T prints the block's.
A daemon that is older than its files does not tell what it runs with: that is *running*, unreadable.

A slip could cut a technician off, so a change goes under a checkpoint: changes.py and cover.py.
"""

from __future__ import annotations

import fnmatch
import re
from functools import partial
from typing import TYPE_CHECKING

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, reading, unreadable, value
from ..engine.safe_read import attempt, foreign, not_installed, number
from .answers import PROGRAM, Replies, ask, files_of, older_note, ready
from .people import may_be_root

if TYPE_CHECKING:
    from ..engine.cover import Cover

NAME = "sshd"
CUT_OFF = True
WORDS = (
    "PermitRootLogin", "PermitEmptyPasswords", "PasswordAuthentication", "KbdInteractiveAuthentication",
    "PubkeyAuthentication", "PermitUserEnvironment",
)  # fmt: skip
NUMBERS = ("MaxAuthTries", "ClientAliveCountMax")
SECONDS = ("LoginGraceTime", "ClientAliveInterval")
STARTUPS = {"MaxStartups.begin": 0, "MaxStartups.rate": 1, "MaxStartups.full": 2}
ALL = [*WORDS, *NUMBERS, *SECONDS, "ChannelTimeout", *STARTUPS]
ADDRESSES = re.compile(
    r"\A(?:PermitRootLogin|PermitEmptyPasswords|PasswordAuthentication|KbdInteractiveAuthentication"
    r"|PubkeyAuthentication|PermitUserEnvironment|MaxAuthTries|ClientAliveCountMax|LoginGraceTime|ClientAliveInterval"
    r"|ChannelTimeout|MaxStartups\.(?:begin|rate|full))\Z"
)
# Words that mean the same; sshd -T prints the second.
SAME = {"prohibit-password": "without-password"}
UNITS = {"s": 1, "": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SESSIONS = ("session:shell", "session:command")
TIME = re.compile(r"([0-9]{1,10})([smhdw]?)")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    answers: list[tuple[Replies, str]] = []  # sshd's answers, once it was asked
    return {
        address: attempt(NAME, address, partial(_read, host, address, answers))
        if ADDRESSES.match(address)
        else foreign(NAME, address)
        for address in addresses
    }


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Our file of sshd, and its reload. Raises ChangeRefused, HostError."""
    from . import changes as sshd_changes  # a check does without

    _only_ours(changes)
    return sshd_changes.dry_run(host, changes, _effective)


def cover(host: Host, changes: list[Change]) -> Cover:
    """What brings the device back from a change; a change's value may be None here. Raises ChangeRefused, HostError."""
    from . import cover as sshd_cover  # a check does without

    _only_ours(changes)
    return sshd_cover.cover(host, changes)


def _only_ours(changes: list[Change]) -> None:
    for change in changes:
        if not ADDRESSES.match(change["address"]):
            raise ChangeRefused(f"{change['address']!r} is no address of the driver {NAME}")


def _read(host: Host, address: str, answers: list[tuple[Replies, str]]) -> Reading:
    if not host.exists(PROGRAM):
        return reading(NAME, address, not_installed("OpenSSH server"))
    if not answers:
        answers.append((ask(host, ready(host)), older_note(host, files_of(host))))
    replies, older = answers[0]
    effective = _effective(host, address, replies)
    if not older:
        return reading(NAME, address, effective)
    effective["note"] = "; ".join(note for note in (effective.get("note"), older) if note)
    return reading(NAME, address, effective, running=unreadable("failed", older))


def _effective(host: Host, address: str, replies: Replies) -> Aspect:
    """What counts for an ordinary user, or for root where only root is meant, and for others who get something else."""
    answers = [*replies.usual, *replies.blocks]
    if address == "ChannelTimeout" and replies.outside is not None:
        answers.insert(0, replies.outside)
    root_only = address == "PermitRootLogin"
    if root_only:
        answers = [answer for answer in answers if answer.question.user == "root"] or answers[:1]
    values = [(answer.question.who, _value(address, answer.settings)) for answer in answers]
    first_who, first = values[0]
    aspect = value(first, f"sshd -T for {first_who}", "string" if isinstance(first, str) else "int")
    others = [(who, setting) for who, setting in values[1:] if setting != first]
    for block in replies.untried:
        if _keyword(address) not in block.settings or (root_only and not may_be_root(host, block)):
            continue
        setting = _value(address, block.settings)
        if setting != first:
            others.append(
                (f"Match {block.text} ({block.place}; nobody here is meant by it, so it was not tried)", setting)
            )
    if address == "ChannelTimeout" and re.search(
        r"(?:^|[\s\"])session=", answers[0].settings.get("channeltimeout", "")
    ):
        aspect["note"] = "ChannelTimeout session=TIME, as the manual has it, ends no session; write session*=TIME"
    if others:
        aspect["others"] = [{"who": who, "value": setting, "type": aspect["type"]} for who, setting in others[:100]]
    return aspect


def _keyword(address: str) -> str:
    return address.partition(".")[0].lower()


def _value(address: str, settings: dict[str, str]) -> str | int:
    """The value of one address in what sshd printed, or in the lines of a block. Raises HostError."""
    keyword = _keyword(address)
    text = settings.get(keyword)
    if keyword == "channeltimeout":
        return idle_limit(text or "none")  # before OpenSSH 9.2 there is no such keyword, and no limit
    if text is None:
        raise HostError("malformed", f"sshd -T printed no {keyword} line")
    if address in WORDS:
        return SAME.get(text.lower(), text if keyword == "permituserenvironment" else text.lower())
    if address in STARTUPS:
        parts = text.split(":")
        count = number(parts[STARTUPS[address]]) if len(parts) == 3 else None
    elif address in NUMBERS:
        count = number(text)
    else:
        count = seconds(text)
    if count is None:
        raise HostError("malformed", f"sshd's {keyword} is {text[:60]!r}, which is no number")
    return count


def seconds(time: str) -> int | None:
    """A time of sshd_config(5) in seconds (90, 15m, 1h30m), 0 for none; None for what is no time."""
    text = time.strip().lower()
    if text == "none":
        return 0
    parts = TIME.findall(text)
    if not parts or "".join(count + unit for count, unit in parts) != text:
        return None
    return sum(int(count) * UNITS[unit] for count, unit in parts)


def idle_limit(text: str) -> int:
    """Seconds after which ChannelTimeout ends an idle shell or command: by the first pattern for it, or by global.

    A session is called session:shell or session:command from the moment it does anything, and sshd looks its time up
    anew: `session=5m`, as the manual has it, ends none of them (tried with 10.0p1; its own regress tests say
    session:command). 0 means never. Raises HostError.
    """
    limits: dict[str, int] = {}
    for pair in text.replace('"', "").split():
        pattern, equals, time = pair.partition("=")
        if pair.lower() == "none":
            continue
        length = seconds(time) if equals else None
        if length is None:
            raise HostError("malformed", f"sshd's ChannelTimeout has {pair[:60]!r}, which is no type with a time")
        if pattern == "global":
            limits.setdefault("global", length)
        for kind in SESSIONS:
            if fnmatch.fnmatchcase(kind, pattern.replace("[", "[[]")):
                limits.setdefault(kind, length)
    both = [
        min((length for length in (limits.get(kind), limits.get("global")) if length), default=0) for kind in SESSIONS
    ]
    return max(both) if all(both) else 0
