# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the visits of a run have in common, worked out once: Ansible forks a worker for each device afterwards."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

from ansible import constants
from ansible.plugins.loader import filter_loader
from ansible.template import Templar, trust_as_template
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain

if not brain.missing():
    from leeboard.errors import LeeboardError
    from leeboard.escrow.disks.readings import asked_of_device
    from leeboard.escrow.volumes.holdings import Directories, source_of
    from leeboard.evidence.notes import pins
    from leeboard.policy.load import load
    from leeboard.policy.resolve import Wanted, resolve

# What the controls of a device depend on, beside the baseline.
KIND = {"level", "platform", "form", "role", "overrides", "parameters"}
_controls: dict = {}
# Nanoseconds. While all forks are busy, Ansible asks ten thousand times a second whether one of them is done, which
# costs more of a processor than the visits. Told to be less exact with time, the kernel lets it sleep for longer.
SLACK = 20_000_000


def prepare(loader, evidence, devices, variables=None) -> None:
    """Have ready what visits to these devices need. What is wrong with one of them, its own visit says.

    `variables` are those of each device, by its name; directories are asked of which any says that it keeps its keys.
    """
    if brain.missing():
        return
    _share_modules(os.environ.get("LEEBOARD_MODULES", ""))
    import_module("ansible_collections.leeboard.schools.plugins.action.check")
    filter_loader.get("default")  # the first filter loads them all
    # As the condition on each task of our roles: the first one compiles Jinja's own expressions.
    Templar(loader).evaluate_conditional(trust_as_template("'' | default('') == ''"))
    with suppress(OSError), open("/proc/self/timerslack_ns", "w", encoding="ascii") as slack:
        slack.write(str(SLACK))
    for device in devices:
        addresses(device.platform)
        with suppress(LeeboardError):
            wanted(device)
    directories().ask(_sources(devices, variables or {}))
    for urn in {device.urn for device in devices}:
        with suppress(LeeboardError):
            pins.read_unchanged(pins.pins_path(evidence, urn))
    # What is there by now is no garbage: a worker that looked for some would copy all the pages it lies on.
    gc.freeze()


def _share_modules(folder: str) -> None:
    """Let Ansible keep the modules that it packs in a folder, where it finds those of the school before."""
    if folder:
        with suppress(OSError):
            os.symlink(folder, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))


@cache
def baseline():
    """The baseline of this run. Raises LeeboardError."""
    return load()


@cache
def addresses(platform) -> dict:
    """The addresses that a device of this platform is asked for, by driver."""
    return asked_of_device(baseline(), platform)


@cache
def directories():
    """What Active Directory and Entra hold of recovery passwords: asked once, before there is any worker."""
    return Directories()


def _sources(devices, variables) -> set:
    """Which directories these devices say keep their recovery passwords, each once."""
    found = set()
    for device in (one for one in devices if one.name in variables):
        said = variables[device.name]
        with suppress(LeeboardError):
            found.add(source_of(wanted(device), said, inventory_folder(said)))
    return found - {None}


def inventory_folder(variables) -> Path:
    """Where a path in the variables of a device is meant from: its inventory's folder, by Ansible's own variable."""
    return Path(str(variables.get("inventory_dir") or "."))


def wanted(device):
    """What is wanted of a device; worked out once for all devices of its kind. Raises LeeboardError."""
    kind = device.model_dump_json(include=KIND)
    if kind not in _controls:
        _controls[kind] = resolve(baseline(), device).controls
    return Wanted(device, baseline(), _controls[kind])
