"""Leeboard's own file of sshd, for all who set a keyword in it: read first, since for sshd the first value counts.

What somebody else wrote into it stays, below our lines. It is tried with sshd itself in a private mount namespace
before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.safe_read import first_of, text_or_nothing
from ..system.systemd_unit import properties
from .answers import FAILED, UNITS, Replies, alone, ask, files_of, options
from .files import MAIN, words
from .people import Question

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

FOLDER = "/etc/ssh/sshd_config.d"
NAME = "00-leeboard.conf"
OURS = f"{FOLDER}/{NAME}"
RUNS = ("active", "reloading", "refreshing")
HEAD = "# Written by Leeboard (LBL-01, REM-07, REM-10)."
WRITTEN = "# Written by Leeboard"
# The keywords that are ours, in the order in which they are written.
KEYWORDS = (
    "Banner", "PermitRootLogin", "PermitEmptyPasswords", "PasswordAuthentication", "KbdInteractiveAuthentication",
    "PubkeyAuthentication", "PermitUserEnvironment", "MaxAuthTries", "LoginGraceTime", "MaxStartups",
    "ClientAliveInterval", "ClientAliveCountMax", "ChannelTimeout",
)  # fmt: skip
# The old file may be a link: it goes first, so that nothing is written through it.
TRIAL = (
    f'mount -n -t tmpfs -o mode=0755 tmpfs /run || {{ echo "{FAILED}/run" >&2; exit 120; }}\n'
    "mkdir -m 0755 /run/sshd /run/new || exit 120\n"
    f"cp -a {FOLDER}/. /run/new/ || exit 120\n"
    f"rm -f /run/new/{NAME} || exit 120\n"
    f"cat >/run/new/{NAME} || exit 120\n"
    f'mount -n --bind /run/new {FOLDER} || {{ echo "{FAILED}{FOLDER}" >&2; exit 120; }}\nexec "$@"\n'
)


def with_values(host: Host, values: Mapping[str, str]) -> str:
    """The text of our file with some keywords set anew. Raises ChangeRefused, HostError."""
    refuse_unread(host, ", ".join(values))
    spelling = {name.lower(): name for name in KEYWORDS}
    ours: dict[str, str] = {}
    rest: list[str] = []
    in_block = False
    for line in (text_or_nothing(host, OURS) or "").splitlines():
        keyword, text = words(line)
        in_block = in_block or keyword == "match"
        if keyword in spelling and not in_block:
            ours.setdefault(spelling[keyword], text)
        elif not line.startswith(WRITTEN):
            rest.append(line)
    ours.update(values)
    return "\n".join([HEAD, *(f"{name} {ours[name]}" for name in KEYWORDS if name in ours), *rest]) + "\n"


def refuse_unread(host: Host, keyword: str) -> None:
    """Raises ChangeRefused where sshd would not read our file at all, HostError."""
    if "-f" in options(host) or not first_of(host, (FOLDER,)) or not host.exists(MAIN):
        raise ChangeRefused(f"sshd does not read {FOLDER} here, so {keyword} must be set by hand")


def tried(host: Host, text: str, more: Sequence[Question] = ()) -> Replies:
    """What sshd would answer with `text` as our file. Raises ChangeRefused, HostError."""
    files = files_of(host)
    try:
        return ask(host, alone(TRIAL, files), text, more)
    except HostError as problem:
        raise ChangeRefused(f"the change could not be tried before it is made: {problem.why}") from None


def what_decides(host: Host, keyword: str, after: Replies) -> str:
    """What decides a keyword though our file is there, in words that follow "would still decide". Raises HostError."""
    lines = [line for line in files_of(host).lines if line.keyword == keyword.lower()]
    held = {text for answer in after.usual for text in answer.matched}
    for line in lines:
        if line.match and line.match in held:
            return f"Match {line.match} ({line.place}) would still decide {keyword}; take it out there"
    asked = options(host)
    for at, word in enumerate(asked[:-1]):
        if word == "-o" and asked[at + 1].lower().startswith(keyword.lower()):
            return f"the option -o {asked[at + 1]} of sshd's service would still decide {keyword}; take it out there"
    places = [line.place for line in lines if not line.match and not line.place.startswith(f"{OURS},")]
    if not places:
        return f"{MAIN} does not include {FOLDER} outside of Match blocks, so {keyword} must be set by hand"
    # Tried with 10.0p1: of MaxStartups, and of nothing else here, the last value counts.
    place, counts = (places[-1], "last") if keyword == "MaxStartups" else (places[0], "first")
    return f"{place} would still decide {keyword}, since sshd takes the {counts} value; take it out there"


def put(overlay: OverlayHost, text: str) -> None:
    """Plan `text` as our file. Raises ChangeRefused, HostError."""
    overlay.put(OURS, text, mode=0o644)


def load(host: Host) -> list[list[str]]:
    """What makes a running sshd read its files again. Raises HostError.

    One that its socket starts for the first connection reads them then. Neither port nor address is ever changed from
    here, so the socket stays as it is.
    """
    unit = running(host)
    return [read_again(host, unit)] if unit else []


def read_again(host: Host, unit: str) -> list[str]:
    """The command after which a running sshd has read its files. Raises HostError.

    One that was started by its socket would end when it is told to reload: it can bind no address a second time (tried
    with Debian 13's 10.0p1: "fatal: Cannot bind any address"). Sessions outlive its restart (KillMode=process).
    """
    socket = f"{unit.rpartition('.')[0]}.socket"
    done = host.query(["systemctl", "show", "-p", "ActiveState", "--", socket])
    return ["systemctl", "restart" if done.out.strip() == "ActiveState=active" else "reload", unit]


def running(host: Host) -> str:
    """The unit by which sshd runs, an empty text for none. One that was told to reload just now runs too. HostError."""
    return next((unit for unit in UNITS if properties(host, unit).get("ActiveState") in RUNS), "")
