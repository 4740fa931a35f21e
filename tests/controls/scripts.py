"""The scripts that break a machine, or change it harmlessly: shell files whose head comments are data."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
WORTH_A_PASS = 3  # scripts
# Their truth on Linux waits minutes for rsyslogd, in each pass that one of their scripts is in: a short run has one.
SLOW = ("FWD-01", "FWD-02")
KINDS = ("value", "precedence", "not_loaded", "per_user", "lock_removed", "permission", "syntax")
# make test-full: every script. Else a share of them.
FULL = bool(os.environ.get("LEEBOARD_FULL"))
IMAGES = ("gnome", "plasma", "server")
# What differs on the machine with Plasma are LCK and LBL, and KDE's own programs judge those in tests/unit as well.
SEEN = IMAGES if FULL else ("gnome", "server")
CHECKED = ("encrypted",)  # machines that somebody set up by hand: no playbook is played there, what breaks is mended
HEAD = re.compile(r"# (kind|image|level|flips|expect|also|mends|alone): (.+)\Z")
# What a run with two machines does with a script that is meant for both: the smaller one has less to do.
BOTH = "server"


@dataclass(frozen=True)
class AnyScript:
    """One script. `flips` is empty for a harmless change; `mends` is false where a roll-out does not mend it.

    With `alone` it gets in the way of others.
    """

    path: Path
    story: str
    kind: str
    level: str
    flips: tuple[str, ...]
    expect: str
    mends: bool
    alone: bool

    @property
    def control(self) -> str:
        """The control whose folder it lies in."""
        return self.path.relative_to(FOLDER).parts[0]

    @property
    def name(self) -> str:
        """What tests call it: LCK-01/breaks/idle-never."""
        return f"{self.control}/{self.path.parent.name}/{self.path.stem}"

    @property
    def asked(self) -> tuple[str, ...]:
        """The controls whose truth is asked after it."""
        return self.flips or (self.control,)

    @property
    def slow(self) -> bool:
        """Whether its truth takes minutes."""
        return False

    @property
    def meets(self) -> set[str]:
        """The controls that no other script of a pass may be about."""
        return set(self.asked)

    @property
    def together(self) -> tuple[str, ...]:
        """What is the same for all scripts of a pass. Breaks and harmless changes are apart."""
        return (self.level, "break" if self.flips else "harmless")

    @property
    def mended(self) -> bool:
        """Whether what it breaks is put back as well, before anything else is done: by night, where a roll-out can."""
        return FULL and bool(self.flips) and self.mends

    @property
    def wanted_truth(self) -> str:
        """What the truth must be."""
        return {"compliant": "compliant", "pending": "pending"}.get(self.expect, "drifted")

    @property
    def text(self) -> str:
        """The script itself."""
        return self.path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Script(AnyScript):
    """One for a machine of the lab, made of that image.

    `also` is what becomes of other controls: a daemon that is not reloaded leaves all of its settings pending, and a
    first VPN profile makes what is asked of profiles compliant, where nothing applied before.
    """

    image: str
    also: dict[str, str] = field(default_factory=dict)

    @property
    def slow(self) -> bool:
        """Whether its truth takes minutes."""
        return self.control in SLOW

    @property
    def meets(self) -> set[str]:
        """Those, and what comes along."""
        return {*self.asked, *self.also}

    @property
    def together(self) -> tuple[str, ...]:
        """That, the machine, and whether it is mended."""
        return (self.image, self.mended, *super().together)

    @property
    def becomes(self) -> dict[str, str]:
        """The verdict of each control that changes."""
        return dict.fromkeys(self.flips, self.expect) | self.also


def head_of(lines: Iterable[str], known: re.Pattern[str]) -> dict[str, str]:
    """What the comments of a head say, by their first word. The first line that `known` does not match ends it."""
    head = {}
    for line in lines:
        match = known.match(line)
        if match is None:
            break
        head[match[1]] = match[2].strip()
    return head


def read(path: Path) -> Script:
    """The script in a file. Raises ValueError that names the file and what is wrong with its head."""
    lines = path.read_text(encoding="utf-8").split("\n")
    if len(lines) < 3 or not lines[0].startswith("#!/bin/") or not lines[1].startswith("# "):
        raise ValueError(f"{path}: the first line names the shell, the second says what a person did")
    head = head_of(lines[2:], HEAD)
    harmless = path.parent.name == "harmless"
    wanted = {"kind", "image"} if harmless else {"kind", "image", "flips", "expect"}
    if not wanted <= head.keys():
        raise ValueError(f"{path}: its head lacks {', '.join(sorted(wanted - head.keys()))}")
    if head["kind"] not in KINDS or head["image"] not in (*IMAGES, *CHECKED, "both"):
        images = ", ".join((*IMAGES, *CHECKED))
        raise ValueError(f"{path}: kind is one of {', '.join(KINDS)}; image is {images} or both")
    if head.get("expect", "drifted") not in ("drifted", "error", "pending"):
        raise ValueError(f"{path}: expect is drifted, error or pending")
    also = dict(pair.split() for pair in head.get("also", "").split(", ") if pair)
    if harmless and set(also.values()) - {"compliant"}:
        raise ValueError(f"{path}: what comes along with a harmless change is compliant")
    return Script(
        path=path,
        story=lines[1][2:],
        kind=head["kind"],
        image=BOTH if head["image"] == "both" else head["image"],
        level=head.get("level", ""),
        flips=tuple(head.get("flips", "").split()),
        expect=head.get("expect", "compliant"),
        mends=head.get("mends", "yes") == "yes",
        alone=head.get("alone", "no") == "yes",
        also=also,
    )


def passes[S: AnyScript](scripts: Iterable[S], alone: bool = False) -> list[tuple[S, ...]]:
    """Scripts in groups that one restored machine takes at once, and one visit judges.

    In a pass no two scripts are about the same control, all are meant for one level, and breaks and harmless changes
    are apart: each change of a verdict then belongs to one script. With `alone` each has a pass of its own.
    """
    groups: list[list[S]] = []
    for script in scripts:
        for group in groups:
            fits = script.together == group[0].together and not any(script.meets & other.meets for other in group)
            if fits and not (alone or script.alone or group[0].alone):
                group.append(script)
                break
        else:
            groups.append([script])
    return [tuple(group) for group in groups]


def tried_scripts() -> list[Script]:
    """Those that a test run does to machines of the lab."""
    return share((script for script in all_scripts() if script.image in (*SEEN, *CHECKED)), lambda script: script.image)


def share[S: AnyScript](scripts: Iterable[S], machine: Callable[[S], str], full: bool = FULL) -> list[S]:
    """What a test run does of scripts: with `full` all of them.

    Else the first break of each control on each machine, and the first harmless change of each control on one of them;
    those come first that share a pass with others. One that would need a pass nearly for itself is taken only where
    nothing else breaks its control there.
    """
    if full:
        return list(scripts)
    first: dict[tuple[str, str], S] = {}
    for script in sorted(scripts, key=lambda item: (item.alone, item.level, len(item.meets))):
        if script.flips:
            first.setdefault((script.control, machine(script)), script)
        elif not script.slow:
            first.setdefault((script.control, "harmless"), script)
    broken: set[tuple[str, str]] = set()
    taken: list[S] = []
    for group in sorted(passes(first.values()), key=len, reverse=True):
        for script in group:
            where = (script.control, machine(script))
            if len(group) >= WORTH_A_PASS or (script.flips and where not in broken):
                taken.append(script)
                broken |= {where} if script.flips else set()
    return taken


def all_scripts() -> list[Script]:
    """Every break and every harmless change, by name."""
    return [read(path) for folder in ("breaks", "harmless") for path in sorted(FOLDER.glob(f"*/{folder}/*.sh"))]


def controls_with_truth() -> list[str]:
    """The controls that have a script which tells the truth by other means than ours."""
    return sorted(path.parent.name for path in FOLDER.glob("*/truth.sh"))


@cache
def truth_files() -> dict[Path, str]:
    """The truth scripts and what several of them share, with the name that each has on a machine, in one folder."""
    own = {FOLDER / control / "truth.sh": f"{control}.sh" for control in controls_with_truth()}
    return own | {path: path.name for path in sorted(FOLDER.glob("truth_*.sh"))}
