"""The shell script that puts a device back: plain POSIX sh, which needs no Python, no network and no package of ours.

`script` gives its text: the part that is the same for all (shell.py, shell_hand.py), between the words that this one
checkpoint is about. Below a folder as its root (a test) it finds files and absolute commands there.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ..engine.armed import FOLDER
from ..engine.cover import Command, Proof
from .copies import Kept
from .shell import SHELL
from .shell_hand import HAND

STATE = "{state}"
LONGEST_UNIT = 120  # seconds that one unit may take to stop and start again: systemd gives a hung one 90


class UnitBefore(NamedTuple):
    """A unit as it was: what is-enabled said (`absent` where there was none) and whether it was active.

    `active` is active, inactive, `socket` (its socket listens and starts it) or `other`, which nobody can bring back.
    """

    name: str
    enabled: str
    active: str


class Plan(NamedTuple):
    """All that one script is about."""

    run_id: str
    by: str
    drivers: list[str]
    boot: str
    armed_at: int  # microseconds of the monotonic clock
    kept: list[Kept]
    roots: list[str]  # of the folders whose whole content is put back
    made: list[str]  # folders that were absent and are removed where nothing is in them, the deepest first
    elsewhere: list[str]
    units: list[UnitBefore]
    restart: list[str]
    commands: list[Command]
    proofs: list[Proof]


def quoted(text: str) -> str:
    """A word of sh that is this text, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def seconds(plan: Plan) -> int:
    """The longest that putting back may take, all time-outs together."""
    commands = sum(one.seconds for one in plan.commands) + sum(one.seconds for one in plan.proofs)
    return 180 + commands + LONGEST_UNIT * (len(plan.units) + 2 * len(plan.restart))


def proof_text(proof: Proof) -> bytes:
    """What the script compares: what the command must print, and then its status."""
    return (proof.prints or b"") + b"\nended with 0\n"


def script(host_root: str, plan: Plan, modes: dict[str, tuple[int, int, int]]) -> bytes:
    """The whole script. `modes` has (mode, uid, gid) of each kept folder."""
    facts = {
        "ROOT": "" if host_root == "/" else host_root.rstrip("/"),
        "RUN": plan.run_id,
        "BY": printable(plan.by),
        "DRIVERS": ", ".join(plan.drivers),
        "BOOT": plan.boot,
        "ARMED": str(plan.armed_at),
    }
    head = [f"{name}={quoted(value)}" for name, value in facts.items()]
    parts = [
        _function("files", [_file(one, modes) for one in plan.kept]),
        _function("folders", [f'"$1" {quoted(one)}' for one in plan.roots]),
        _function("made_folders", [f'"$1" {quoted(one)}' for one in plan.made]),
        _function("copies", [f'"$1" {quoted(one)}' for one in [f"{FOLDER}/copies", *plan.elsewhere]]),
        _function("units", [f'"$1" {" ".join(quoted(part) for part in one)}' for one in plan.units]),
        _function("restarts", [f'"$1" {quoted(one)} {_socket(plan, one)}' for one in plan.restart]),
        _function("commands", [_command(one) for one in plan.commands if one.argv]),
        _function("commands_at_start", [_command(one) for one in plan.commands if one.at_start]),
        _function("proofs", [_proof(at, one) for at, one in enumerate(plan.proofs)]),
        _touched(plan),
        _known(plan),
    ]
    text = SHELL.replace("@FACTS@\n", "\n".join([*head, ""])).replace("@ABOUT@\n", "\n".join(parts))
    return os.fsencode(text + HAND)


def printable(text: str) -> str:
    """A text in which nothing moves a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _function(name: str, lines: list[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines) or "    :\n"
    return f"{name}() {{\n{body}}}\n"


def _file(kept: Kept, modes: dict[str, tuple[int, int, int]]) -> str:
    if kept.kind == "absent":
        return f'"$1" absent {quoted(kept.path)}'
    if kept.kind == "folder":
        mode, uid, gid = modes[kept.path]
        return f'"$1" folder {quoted(kept.path)} {mode:04o} {uid}:{gid}'
    return f'"$1" {kept.kind} {quoted(kept.path)} {quoted(kept.copy)}'


def _socket(plan: Plan, service: str) -> str:
    """How the restarted unit comes up again: by itself, by its socket, or not at all, as it did not run before."""
    before = next((one for one in plan.units if one.name == service), None)
    return before.active if before else "active"


def _words(argv: tuple[str, ...]) -> str:
    return " ".join(_word(one) for one in argv)


def _word(text: str) -> str:
    """A word of a command, the folder of the kept state in its place."""
    return '"$HERE/kept"'.join(quoted(part) if part else "" for part in text.split(STATE)) or "''"


def _command(command: Command) -> str:
    return f'"$1" {command.seconds} {_words(command.argv)}'


def _proof(at: int, proof: Proof) -> str:
    compare = "-" if proof.prints is None else str(at)
    shown = printable(" ".join(proof.argv))
    return f'"$1" {quoted(shown)} {compare} {proof.seconds} {_words(proof.argv)}'


def _touched(plan: Plan) -> str:
    """A function that waits until all folders in which something was put back are on the disk."""
    folders = {os.path.dirname(one.path) for one in plan.kept} | {os.path.dirname(one) for one in plan.made}
    return _function("touched", [" ".join(["flush", *(f'"$ROOT"{quoted(one)}' for one in sorted(folders))])])


def _known(plan: Plan) -> str:
    """A function that tells whether something below a put-back folder was there before."""
    roots = tuple(f"{root}/" for root in plan.roots)
    names = [one.path for one in plan.kept if one.kind != "absent" and (one.path + "/").startswith(roots)]
    patterns = [f"    {quoted(name)}) return 0 ;;\n" for name in names]
    return "was_there() {\n    case $1 in\n" + "".join(patterns) + "    *) return 1 ;;\n    esac\n}\n"


def manifest(plan: Plan, token_digest: str, until: float) -> dict[str, Any]:
    """What Python reads of the checkpoint."""
    return {
        "schema": 1,
        "run_id": plan.run_id,
        "by": printable(plan.by),
        "drivers": plan.drivers,
        "token_digest": token_digest,
        "boot": plan.boot,
        "until": until,
        "files": [one.path for one in plan.kept if one.kind != "folder"],
        "folders": plan.roots,
        "units": [one.name for one in plan.units],
    }
