"""The text that sshd shows before sign-in: its keyword Banner, as sshd itself understands its configuration.

A Match block that could not be tried is read from the files and named. A change is tried in a private mount namespace,
before any file is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, value
from ..engine.safe_read import first_of, not_installed
from ..system.systemd_unit import state
from .answers import FAILED, PROGRAM, UNITS, Answer, alone, ask, files_of, older_note, options, ready
from .files import MAIN

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

OURS = "/etc/ssh/sshd_config.d/00-leeboard.conf"
FOLDER = "/etc/ssh/sshd_config.d"
TRIAL = (
    f'mount -n -t tmpfs -o mode=0755 tmpfs /run || {{ echo "{FAILED}/run" >&2; exit 120; }}\n'
    "mkdir -m 0755 /run/sshd /run/new || exit 120\n"
    f"cp -a {FOLDER}/. /run/new/ || exit 120\n"
    "cat >/run/new/00-leeboard.conf || exit 120\n"
    f'mount -n --bind /run/new {FOLDER} || {{ echo "{FAILED}{FOLDER}" >&2; exit 120; }}\nexec "$@"\n'
)


def effective(host: Host, _address: str) -> Aspect:
    """The aspect of sshd:Banner. Raises HostError."""
    if not host.exists(PROGRAM):
        return not_installed("OpenSSH server")
    aspect = _replies(host, ready(host), "")
    note = older_note(host, files_of(host))
    if note:
        aspect["note"] = note
    return aspect


def _replies(host: Host, wrapper: list[str], input: str) -> Aspect:
    """What sshd answers for each kind of person, as one aspect. Raises HostError."""
    replies = ask(host, wrapper, input)
    answers = [(answer.question.who, _banner(answer)) for answer in (*replies.usual, *replies.blocks)]
    aspect = value(answers[0][1], f"sshd -T for {answers[0][0]}", "string")
    others = [{"who": who, "value": shown, "type": "string"} for who, shown in answers[1:] if shown != answers[0][1]]
    for block in replies.untried:
        shown = block.settings.get("banner", answers[0][1])
        if shown != answers[0][1]:
            others.append({"who": f"Match {block.text} ({block.place})", "value": shown, "type": "string"})
    if others:
        aspect["others"] = others[:100]
    return aspect


def _banner(answer: Answer) -> str:
    if "banner" not in answer.settings:
        raise HostError("malformed", "sshd -T printed no banner line")
    return answer.settings["banner"]


def plan(host: Host, overlay: OverlayHost, address: str, wanted: Any) -> list[list[str]]:
    """Our drop-in, tried with sshd itself first. Raises ChangeRefused, HostError."""
    if not isinstance(wanted, str) or not (wanted == "none" or wanted.startswith("/")):
        raise ChangeRefused(f"{address}: the wanted value must be the path of a file, or none")
    if not wanted.isascii() or not wanted.isprintable() or any(character in wanted for character in " \"'\\#"):
        raise ChangeRefused(f"{address}: {wanted!r} holds characters that sshd would not take as one path")
    if not host.exists(PROGRAM):
        raise ChangeRefused("OpenSSH server is not installed, so there is nothing to change")
    before = effective(host, address)
    unit = next((unit for unit in UNITS if state(host, unit)[0]), "")
    load = [["systemctl", "reload", unit]] if unit else []
    if before.get("value") == wanted and "others" not in before:
        return load if "note" in before else []
    if "-f" in options(host) or not first_of(host, (FOLDER,)) or not host.exists(MAIN):
        raise ChangeRefused(f"sshd does not read {FOLDER} here, so the banner must be set by hand")
    text = f"# Written by Leeboard (LBL-01)\nBanner {wanted}\n"
    _try(host, text, wanted)
    overlay.put(OURS, text, mode=0o644)
    return load


def _try(host: Host, text: str, wanted: str) -> None:
    """Ask sshd with the file in place, in a private mount namespace. Raises ChangeRefused."""
    files = files_of(host)
    try:
        after = _replies(host, alone(TRIAL, files), text)
    except HostError as problem:
        raise ChangeRefused(f"the change could not be tried before it is made: {problem.why}") from None
    if after.get("value") == wanted and "others" not in after:
        return
    where = f"{MAIN} (it does not include {FOLDER} first)"
    if "others" in after:
        where = after["others"][0]["who"]
    elif files.banners:
        where = next((line.place for line in files.banners if not line.match), where)
    raise ChangeRefused(f"{where} would still decide the banner, since sshd takes the first value; take it out there")
