"""The text that sshd shows before sign-in: its keyword Banner, as sshd itself understands its configuration.

A Match block that could not be tried is read from the files and named. A change is tried in a private mount namespace,
before any file is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, value
from ..engine.safe_read import not_installed
from .answers import PROGRAM, Answer, Replies, ask, files_of, older_note, ready

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost


def effective(host: Host, _address: str) -> Aspect:
    """The aspect of sshd:Banner. Raises HostError."""
    if not host.exists(PROGRAM):
        return not_installed("OpenSSH server")
    aspect = _aspect(ask(host, ready(host)))
    note = older_note(host, files_of(host))
    if note:
        aspect["note"] = note
    return aspect


def _aspect(replies: Replies) -> Aspect:
    """What sshd answers for each kind of person, as one aspect. Raises HostError."""
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
    from . import our_file  # a check does without

    before = effective(host, address)
    load = our_file.load(host)
    if before.get("value") == wanted and "others" not in before:
        return load if "note" in before else []
    text = our_file.with_values(host, {"Banner": wanted})
    after = our_file.tried(host, text)
    aspect = _aspect(after)
    block = next((other["who"] for other in aspect.get("others", []) if "Match " in other["who"]), "")
    if block:
        raise ChangeRefused(f"{block} would still decide the banner; take it out there")
    if aspect.get("value") != wanted or "others" in aspect:
        raise ChangeRefused(our_file.what_decides(host, "Banner", after))
    our_file.put(overlay, text)
    return load
