"""Where Leeboard's Ansible half lies: a clone's folders, or an installed collection."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(var: Path) -> dict[str, str]:
    """The environment for Ansible: our ansible.cfg in a clone (unless another is named), and the evidence folder.

    The commands of this interpreter's own environment come first on this process's PATH as well, so that the Ansible
    that leeboard was installed with is the one that ansible-runner finds.
    """
    own, path = str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin")
    if path.split(os.pathsep)[0] != own:
        os.environ["PATH"] = os.pathsep.join([own, path])
    environment = {"LEEBOARD_VAR": str(var.resolve()), "PYTHONUNBUFFERED": "1"}
    # ansible-runner switches it off wherever the environment says nothing, and ansible.cfg is not asked then: whoever
    # answers at a device's address would be given its passwords. ansible_host_key_checking of a device still counts.
    environment["ANSIBLE_HOST_KEY_CHECKING"] = os.environ.get("ANSIBLE_HOST_KEY_CHECKING", "True")
    config = ROOT / "ansible.cfg"
    if "ANSIBLE_CONFIG" not in os.environ and config.is_file():
        environment["ANSIBLE_CONFIG"] = str(config)
    return environment


def playbook(name: str) -> str:
    """A playbook as ansible-playbook takes it: the clone's file, else the collection's by its full name."""
    local = ROOT / "playbooks" / f"{name}.yml"
    return str(local) if local.is_file() else f"leeboard.schools.{name}"
