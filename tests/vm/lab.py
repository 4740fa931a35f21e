"""Gets a machine up as fast as possible: from a saved running state where the cache has one.

- `images/<image>/booted-<key>/`: `disk*.qcow2` with the snapshot `clean`, and `tpm/`
- `machines/<name>/`: a machine's own copy of these, or fresh overlays
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from .cache import hold, locked, machines_dir, remove_unless_held
from .errors import LabError
from .image import IN_USE, Image, ensure_image
from .machine import CLEAN, Machine
from .qemu import MachineSpec, saved_state_key
from .recipe import load_recipe

_KEPT_STATES = 6
_SETTLE = 3.0  # seconds after the last logout until nothing in the guest is busy with it


def start_machine(
    spec: MachineSpec,
    *,
    name: str | None = None,
    keep: bool = False,
    boot: bool = False,
) -> Machine:
    """Start a machine and wait until it answers; it has a snapshot `clean`.

    The first time a kind of machine is wanted it boots (25 s) and its running state is kept; after
    that it takes two or three. `boot` boots for real in any case, and keeps nothing.
    """
    image = ensure_image(load_recipe(spec.image))
    with locked(machines_dir() / ".lock"):
        sweep()
        folder = _new_folder(spec.image, name)
        mark = hold(folder / IN_USE)
    machine = Machine(spec, image, folder, keep=keep)
    try:
        if boot:
            machine.make_disks()
            machine.boot()
            machine.snapshot(CLEAN)
        else:
            _copy_booted(machine)
            machine.start(load=CLEAN)
            machine.set_clock()
        machine.pristine = True
    except BaseException:
        machine.stop()
        if name is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(mark)
    return machine


def twin(machine: Machine) -> Machine:
    """Another machine with the disks and saved states of one that is switched off. It is off, too."""
    folder = _new_folder(machine.spec.image, None)
    mark = hold(folder / IN_USE)
    try:
        disks = [str(path) for path in machine.folder.glob("disk*.qcow2")]
        subprocess.run(["cp", "--reflink=auto", *disks, str(folder)], check=True)
    finally:
        os.close(mark)
    return Machine(machine.spec, machine.image, folder)


def find_machine(name: str) -> Machine:
    """The machine `name` that an earlier command started."""
    folder = machines_dir() / name
    path = folder / "state.json"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabError(f"{path}: no machine {name!r} is up: python -m tests.vm up") from None
    fields = dict(state["spec"])
    fields["disks_mb"] = tuple(fields["disks_mb"])
    spec = MachineSpec(**fields)
    recipe = load_recipe(spec.image)
    built = machines_dir().parent / "images" / f"{spec.image}-{state['digest'][:16]}"
    machine = Machine(spec, Image(recipe, state["digest"], built), folder, keep=True)
    machine.adopt(state)
    return machine


def machine_names() -> list[str]:
    """The names of all machines that have a folder, running or not."""
    return sorted(path.name for path in machines_dir().iterdir() if path.is_dir())


def sweep() -> None:
    """Remove what killed test runs left: folders of unnamed machines that nobody runs."""
    for folder in machines_dir().glob("auto-*"):
        remove_unless_held(folder, IN_USE)


def _new_folder(image: str, name: str | None) -> Path:
    if name is None:
        return Path(tempfile.mkdtemp(prefix=f"auto-{image}-", dir=machines_dir()))
    folder = machines_dir() / name
    if folder.exists() and not remove_unless_held(folder, IN_USE):
        raise LabError(f"{folder}: machine {name!r} is up: python -m tests.vm down {name}")
    folder.mkdir()
    return folder


def _copy_booted(machine: Machine) -> None:
    key = saved_state_key(machine.spec, machine.image)
    booted = machine.image.folder / f"booted-{key}"
    with locked(machine.image.folder / f".booted-{key}.lock"):
        if not booted.is_dir():
            _boot_and_save(machine, booted)
        os.utime(booted)
        command = ["cp", "-a", "--reflink=auto", f"{booted}/.", str(machine.folder)]
        subprocess.run(command, check=True)
    _prune_states(machine.image.folder)


def _prune_states(image: Path) -> None:
    """Remove the saved states of `image` that nobody asked for in a long time."""
    states = []
    for path in image.glob("booted-*"):
        with suppress(FileNotFoundError):  # another process prunes as well
            states.append((path.stat().st_mtime, path))
    for _, old in sorted(states)[:-_KEPT_STATES]:
        with locked(image / f".{old.name}.lock"):
            shutil.rmtree(old, ignore_errors=True)


def _boot_and_save(machine: Machine, booted: Path) -> None:
    """Boot such a machine once, let it come to rest, and keep its running state as `booted`."""
    for leftover in booted.parent.glob(f".{booted.name}-*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
    work = Path(tempfile.mkdtemp(prefix=f".{booted.name}-", dir=booted.parent))
    first = Machine(machine.spec, machine.image, work)
    try:
        first.make_disks()
        first.boot()
        first.root("systemctl is-system-running --wait", check=False)
        first.root("sync; echo 3 > /proc/sys/vm/drop_caches")
        first.access.close()
        time.sleep(_SETTLE)
        first.snapshot(CLEAN)
        first.stop()
        for path in work.iterdir():
            if path.suffix != ".qcow2" and path.name != "tpm":
                path.unlink()
        work.chmod(0o755)
        work.rename(booted)
    except BaseException:
        first.stop()
        shutil.rmtree(work, ignore_errors=True)
        raise
