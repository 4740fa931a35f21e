"""`leeboard checkpoint`: changes that a device takes back by itself unless somebody confirms them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from leeboard.ansible import inventory as inventories
from leeboard.ansible.run import run_playbook
from leeboard.ansible.scratch import scratch
from leeboard.cli.group import group
from leeboard.cli.options import Var
from leeboard.cli.prompts import agreed
from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.schema import Expected
from leeboard.model.enums import Platform
from leeboard.model.values import plain
from leeboard.policy.load import load
from leeboard.storage import files

app = group("Say which devices hold a checkpoint, confirm one from a new sign-in, or let devices put themselves back.")

FAILED, HELD, NOT_REACHED = 1, 2, 3
PLATFORMS = (Platform.LINUX, Platform.WINDOWS)
ORDER = (0, HELD, NOT_REACHED, FAILED)
ON_DEVICE = "leeboard-checkpoint"  # the device's own command, which is there while a checkpoint is held
PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MOST_REPORT = 1024 * 1024
LONGEST = 400  # characters of what a device says

Inventory = Annotated[
    Path, typer.Option("--inventory", "-i", help="An Ansible inventory: a file, or a folder with one.")
]
Devices = Annotated[
    list[str] | None, typer.Argument(metavar="DEVICE", help="Asset tags or hosts; without any, all devices.")
]
School = Annotated[str | None, typer.Option(help="Only this school: its URN, or its name or a part of it.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what Ansible printed as well.")]


@app.command()
def status(
    inventory: Inventory,
    devices: Devices = None,
    school: School = None,
    var: Var = Path("var"),
    verbose: Verbose = False,
) -> int:
    """Say which devices hold a checkpoint that nobody has confirmed, who holds it until when, and what is not back yet.

    Ends with 0 when none does, 2 when one does, 3 when a device was not reached, 1 when something failed.
    """
    return _run("status", inventory, devices or [], school, var, verbose)


@app.command()
def rollback(
    inventory: Inventory,
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE", help="Asset tags or hosts.")],
    school: School = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    var: Var = Path("var"),
    verbose: Verbose = False,
) -> int:
    """Let devices put themselves back now, instead of when the time of their checkpoint is over.

    Ends with 0 when all are back, 2 when something is not back yet, 3 when a device was not reached, 1 when something
    failed.
    """
    question = f"Put back what waits to be confirmed on {', '.join(plain(one, 80) for one in devices)}?"
    if not agreed(yes, question, "nothing was put back; give --yes to do it"):
        typer.echo("Nothing was put back.")
        return 0
    return _run("rollback", inventory, devices, school, var, verbose)


@app.command()
def confirm() -> int:
    """Confirm the change that waits on this very machine, from a terminal of a session that began after it.

    It is for roll-outs with ansible_connection local, on Linux. Over SSH and WinRM the run confirms by itself: it alone
    has the token.
    """
    command = shutil.which(ON_DEVICE, path=PLACES)
    if command is None:
        raise LeeboardError(f"this machine holds no checkpoint: {ON_DEVICE} is not there; nothing was confirmed")
    argv = [command, "confirm"]
    if os.geteuid() != 0:
        sudo = shutil.which("sudo", path=PLACES)
        if sudo is None:
            raise LeeboardError(f"only root confirms: {ON_DEVICE} confirm; nothing was confirmed")
        argv = [sudo, *argv]
    return FAILED if subprocess.run(argv, check=False).returncode else 0


def _run(work: str, inventory: Path, names: list[str], school: str | None, var: Path, verbose: bool) -> int:
    """Ask the devices, print what they say, and return the exit code."""
    source = inventories.file_of(inventory)
    listed = inventories.read(source, tuple(load().parameters))
    found = listed.of_school(school) if school else listed.devices
    among = replace(listed, devices=tuple(found))
    able = [one for one in found if one.platform in PLATFORMS]
    chosen = [among.named(name, source) for name in names] or able
    for device in chosen:
        if device.platform not in PLATFORMS:
            raise LeeboardError(
                f"{plain(device.asset)}: Leeboard has checkpoints on Linux and Windows only; nobody was asked"
            )
    if not chosen:
        print("There is no device here that could hold one.")
        return 0
    urns = {device.urn for device in chosen}
    with scratch("checkpoint") as folder:
        extra = {"checkpoint_work": work, "checkpoint_report": str(folder)}
        hosts = [device.name for device in chosen]
        done = run_playbook("checkpoint", source, var, hosts, extra, school=urns.pop() if len(urns) == 1 else "")
        reports = _collected(folder)
    if verbose or not reports:
        print(done.output.strip(), file=sys.stderr)
    if not reports:
        raise LeeboardError("Ansible did not come to any device; what it said stands above")
    return max((_printed(device, reports.get(device.name)) for device in chosen), key=ORDER.index)


def _collected(folder: Path) -> dict[str, dict[str, Any]]:
    """What the action told of each host, by its name in the inventory."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        report = json.loads(files.read_regular(path, MOST_REPORT) or b"{}")
        found[str(report["name"])] = report
    return found


def _printed(device: Expected, report: dict[str, Any] | None) -> int:
    """Print what came of one device. Returns its exit code."""
    name = plain(device.name)
    if report is None or not report["reached"]:
        print(f"{name}: not reached. {plain(report['message'], LONGEST) if report else 'Nothing was heard of it.'}")
        return NOT_REACHED
    print(f"{name}: {plain(report['message'], LONGEST)}")
    if report["state"] in ("armed", "putting-back"):
        return HELD
    return FAILED if report["failed"] else 0
