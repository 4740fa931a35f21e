"""docs/reliability.md, made from the records alone: whoever edits it by hand is found (tests/house)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .records import IMAGE, MACHINE, ROLL_OUT, ROOT, Done, Record, totals
from .watched import KINDS

PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# Reliability: what is cut off, and what is left then

Written by `make reliability`; do not edit it here. Work on the keys of a disk is cut off at every point that it has,
and after each of them it is asked:

- **data**: are the data on the disk as they were, and is its own key?
- **opens**: does a proved key open the disk, or before the first one the passphrase?
- **honest**: does every key open the disk that the vault counts as proved, or as read out?
- **finished**: does the next run finish the work, and the one after it change nothing?

No point is typed. The work is watched going through, and each moment at which one of three could go away is one:

- **controller killed**: before each time that it gives its own disk something it wrote, and before and after each step
  that it asks of the device.
- **connection cut**: before and after each step, before and after each command that changes the disk, and before each
  file that a step writes is on the device's disk. The controller goes on, and says what it could not do; on the device
  the step ends there.
- **power off**: on image files the command that changes the disk is killed before each single write to it, so that half
  a header or half a slot is on the disk; and after the command, and before each file that a step writes is on the
  device's disk. A real machine is switched off before such a command, in the midst of what it writes, and after it.

A cell has how many points there are, all good unless it says otherwise.
"""
IMAGES = """## On image files

LUKS disks in files, real `cryptsetup`, a real vault on two volumes. The disk is not open, and what a drive keeps in its
own memory is not lost as it may be when the power goes.

A disk that is formatted has no data before: *data* are those of the system's disk beside it, and a file that somebody
puts on the new one as soon as it is mounted. `mkfs.ext4` and `systemd-cryptenroll` are the real ones, the TPM is swtpm;
the device mapper, `mount`, `dracut` and a restart are doubles. So nothing here proves what the kernel has in memory and
not yet on the disk, in what order it writes a file system through dm-crypt, or that a machine starts with the image
that the real dracut makes; an unfinished write of a file is undone, never found half on the disk.

With a token of the TPM *opens* is by the passphrase, the key, and the TPM, whichever token `cryptsetup` takes.
"""
MACHINES = """## On a real machine

A machine in QEMU with a disk of its own for this: LUKS2, opened by the kernel's dm-crypt, with a file system and a tree
of files. Each point begins from a saved state of the running machine. The steps are asked of the device by SSH; a
program that waits there makes them, since starting Python there costs more than the step. *Data* are the digests of the
files, read through dm-crypt after the disk was opened anew with its passphrase. (`make reliability REAL=1`: about a
minute a point; a run goes on where it was.)

What it shows beyond image files: the steps work on a disk in use, as the kernel, udev, lsblk and the device mapper show
it; the machine starts again after its power went, and what is on the disk then is what was really written to it. Where
power goes in the midst of a command's writes, the disk takes one write a second, and half of them have reached it.

What it cannot show: a drive that loses what it said is written. To pull the plug is to kill QEMU, whose disks here have
`cache=unsafe`. Lost is what the guest's kernel had not written yet, and of what it wrote without a flush those parts of
64 KiB that were written for the first time since the saved state: QEMU keeps in its own memory where they lie until
the guest flushes. What was flushed is never lost, the rest stays, writes are kept whole, and in their order except for
those parts. When a connection is cut, the process that makes the step is killed on the device, and not the SSH session
around it. Of the moments at which the controller is killed there is one for each step: the device does nothing then,
and all of them are gone through on image files.
"""
ROLL_OUTS = """## A roll-out on a real machine

A machine in QEMU whose root is on the disk, which starts again from what is left, and Ansible with all that is around a
step; cut off before each command that changes the disk (`tests/controls/full_power_cuts.py`, five minutes a point).
"""
PLACES = ((IMAGE, IMAGES), (MACHINE, MACHINES), (ROLL_OUT, ROLL_OUTS))


def page(records: Sequence[Record], points: Mapping[str, int]) -> str:
    """The page. `points` are how many each scenario has on image files."""
    lines = [HEAD, "| | |", "| --- | --- |", *_summary(records, points), ""]
    for where, words in PLACES:
        mine = [one for one in records if one.where == where]
        lines += [words, *(_where(mine) if mine else ["Not done yet.", ""])]
    bad = [one for one in records if not one.good]
    lines += ["## What failed", "", *map(_failed, bad), ""] if bad else []
    return "\n".join(lines).rstrip() + "\n"


def write(records: Sequence[Record], points: Mapping[str, int], path: Path = PAGE) -> None:
    """Write it down."""
    path.write_text(page(records, points), encoding="utf-8")


def _summary(records: Sequence[Record], points: Mapping[str, int]) -> list[str]:
    if not records:
        return ["| points | none was gone through yet |"]
    minutes = round(sum(one.seconds for one in records) / 60)
    codes = sorted({one.code for one in records})
    good = sum(one.good for one in records)
    by_kind = ", ".join(f"{sum(one.kind == kind for one in records)} {kind}" for kind in KINDS)
    there = [one for one in records if one.where == IMAGE]
    left = [
        f"{count - sum(one.scenario == name for one in there)} of {name}"
        for name, count in sorted(points.items())
        if sum(one.scenario == name for one in there) < count
    ]
    return [
        *([f"| still to be gone through on image files | {', '.join(left)} |"] if left else []),
        f"| points | {len(records)}: {by_kind} |",
        f"| came out | {good} good, {len(records) - good} failed |",
        f"| done | {min(one.at for one in records)} to {max(one.at for one in records)}, {minutes} minutes |",
        *(f"| on | {on} |" for on in sorted({one.on for one in records})),
        *(f"| code | {sum(one.code == code for one in records)} points: `{code[:16]}` |" for code in codes),
    ]


def _where(records: Sequence[Record]) -> list[str]:
    lines = []
    for scenario in dict.fromkeys(one.scenario for one in records):
        mine = [one for one in records if one.scenario == scenario]
        lines += [f"### {scenario[:1].upper()}{scenario[1:]}", "", f"| step | {' | '.join(KINDS)} | seen after |"]
        lines.append(f"| --- |{' --- |' * len(KINDS)} --- |")
        for step in sorted({one.step for one in mine}):
            here = [one for one in mine if one.step == step]
            cells = [_cell([one for one in here if one.kind == kind]) for kind in KINDS]
            lines.append(f"| {step} | {' | '.join(cells)} | {_seen(here)} |")
        lines.append("")
    return lines


def _cell(records: Sequence[Record]) -> str:
    good = sum(one.good for one in records)
    if not records:
        return ""
    return str(len(records)) if good == len(records) else f"**{len(records) - good} of {len(records)} failed**"


def _seen(records: Sequence[Record]) -> str:
    """What was seen after all of them, by the words at the head of the page; what held for some only has its count."""
    said = []
    for name in ("data", "opens", "honest", "finished"):
        asked = [getattr(one, name) for one in records if getattr(one, name) is not None]
        if asked:
            said.append(name if all(asked) else f"{name} {sum(asked)} of {len(asked)}")
    return ", ".join(said)


def _failed(one: Record) -> str:
    wrong = ", ".join(name for name in ("data", "opens", "honest", "finished") if getattr(one, name) is False)
    why = " ".join(one.why.replace("`", "'").split())[:200]
    return f"- {one.where}, {one.scenario}, {one.step}, {one.kind} {one.number} ({one.what}): {wrong}. `{why}`"


if __name__ == "__main__":
    write(Done().records, totals())
