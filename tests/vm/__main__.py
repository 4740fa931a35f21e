"""The lab on the command line: `python -m tests.vm up gnome`, then `ssh`, `status`, `down`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence

from .cache import cache_dir, machines_dir
from .errors import LabError
from .image import ensure_image
from .lab import find_machine, machine_names, start_machine
from .qemu import MachineSpec
from .recipe import load_recipe, recipe_names


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 1 with a sentence on standard error when not."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    up = commands.add_parser("up", help="start a machine that lives on after this command")
    up.add_argument("image", choices=recipe_names())
    up.add_argument("--name", help="its name (the image's, if not given)")
    up.add_argument("--serial", default="", help="SMBIOS serial number")
    up.add_argument("--uuid", default="", help="SMBIOS UUID")
    up.add_argument("--memory", type=int, default=0, metavar="MIB")
    up.add_argument("--disk", type=int, action="append", default=[], metavar="MIB",
                    help="an extra empty disk (may be repeated)")  # fmt: skip
    up.add_argument("--tpm", action="store_true", help="give it an emulated TPM 2.0")
    up.add_argument("--boot", action="store_true", help="boot for real, not from a saved state")
    up.add_argument("--json", action="store_true", help="print Ansible's host variables as JSON")
    up.set_defaults(run=_up)

    for word, run, text in (
        ("down", _down, "stop a machine and delete its disks"),
        ("restore", _restore, "bring a machine back to the state right after its boot"),
    ):
        command = commands.add_parser(word, help=text)
        command.add_argument("name")
        command.set_defaults(run=run)

    ssh = commands.add_parser("ssh", help="a shell in a machine (started if need be), or a command")
    ssh.add_argument("name")
    ssh.add_argument("--user", default="technician", help="technician, pupil or teacher")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    ssh.set_defaults(run=_ssh)

    status = commands.add_parser("status", help="which machines there are")
    status.add_argument("--json", action="store_true", help="with Ansible's host variables")
    status.set_defaults(run=_status)

    build = commands.add_parser("build", help="build images (all, if none is named)")
    build.add_argument("images", nargs="*", metavar="image")
    build.add_argument("--fresh", action="store_true", help="even if the cache has it")
    build.set_defaults(run=_build)

    clean = commands.add_parser("clean", help="empty the cache: images, saved states")
    clean.set_defaults(run=_clean)
    return parser


def _up(options: argparse.Namespace) -> int:
    spec = MachineSpec(
        options.image, memory_mb=options.memory, serial=options.serial, uuid=options.uuid,
        disks_mb=tuple(options.disk), tpm=options.tpm,
    )  # fmt: skip
    name = options.name or options.image
    machine = start_machine(spec, name=name, keep=True, boot=options.boot)
    if options.json:
        print(json.dumps(machine.inventory()))
    else:
        print(f"{machine.name} is up: python -m tests.vm ssh {machine.name}")
    return 0


def _down(options: argparse.Namespace) -> int:
    folder = machines_dir() / options.name
    if not folder.exists():
        print(f"{options.name}: there is no such machine", file=sys.stderr)
        return 0  # what a destroy playbook wants is true already
    try:
        find_machine(options.name).delete()
    except LabError:
        if (folder / "state.json").exists():
            raise
        shutil.rmtree(folder)  # it never came up, or was stopped
    return 0


def _restore(options: argparse.Namespace) -> int:
    find_machine(options.name).restore()
    return 0


def _ssh(options: argparse.Namespace) -> int:
    if options.name not in machine_names() and options.name in recipe_names():
        start_machine(MachineSpec(options.name), name=options.name, keep=True)
    machine = find_machine(options.name)
    if not machine.running():
        raise LabError(f"{options.name} has ended: python -m tests.vm down {options.name}")
    command = machine.access.command(options.user, terminal=sys.stdin.isatty())
    sys.stdout.flush()
    rest = options.command[1:] if options.command[:1] == ["--"] else options.command
    os.execvp(command[0], [*command, *rest])


def _status(options: argparse.Namespace) -> int:
    rows: dict[str, dict[str, object]] = {}
    for name in machine_names():
        try:
            machine = find_machine(name)
        except LabError:
            rows[name] = {"state": "not up", "folder": str(machines_dir() / name)}
            continue
        rows[name] = {
            "state": "up" if machine.running() else "ended",
            "image": machine.spec.image,
            "pid": machine.pid,
            "console": str(machine.console),
            "host_vars": machine.inventory(),
        }
    if options.json:
        print(json.dumps(rows))
        return 0
    for name, row in rows.items():
        shown = " ".join(f"{key}={value}" for key, value in row.items() if key != "host_vars")
        print(f"{name}: {shown}")
    print(f"{len(rows)} machines; cache {cache_dir()}", file=sys.stderr)
    return 0


def _build(options: argparse.Namespace) -> int:
    for name in options.images or recipe_names():
        began = time.monotonic()
        image = ensure_image(load_recipe(name), fresh=options.fresh)
        print(f"{name}: {image.folder} ({time.monotonic() - began:.0f} s)")
    return 0


def _clean(options: argparse.Namespace) -> int:
    up = [name for name in machine_names() if _is_up(name)]
    if up:
        raise LabError(f"{', '.join(up)} still up: python -m tests.vm down NAME first")
    shutil.rmtree(cache_dir())
    return 0


def _is_up(name: str) -> bool:
    try:
        return find_machine(name).running()
    except LabError:
        return False


if __name__ == "__main__":
    sys.exit(main())
