"""Where Leeboard's Ansible half lies: a clone's folders, or an installed collection."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.version import __version__

ROOT = Path(__file__).resolve().parents[2]
THIS_MACHINE = Path(__file__).with_name("this_machine.yml")
INSTALLED = Path(__file__).with_name("installed.cfg")
COLLECTION = "leeboard.schools"
MANIFEST = Path("ansible_collections", "leeboard", "schools", "MANIFEST.json")
# Where Ansible looks for both where nobody says otherwise.
CONFIGS = ("ansible.cfg", "~/.ansible.cfg", "/etc/ansible/ansible.cfg")
COLLECTIONS = "~/.ansible/collections:/usr/share/ansible/collections"


def environment(var: Path) -> dict[str, str]:
    """The environment for Ansible: our ansible.cfg (unless there is another), and the evidence folder.

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
    config = _config()
    if config is not None:
        environment["ANSIBLE_CONFIG"] = str(config)
    return environment


def is_clone() -> bool:
    """True where this package lies in a clone, beside its playbooks."""
    return (ROOT / "playbooks" / "drift.yml").is_file()


def playbook(name: str) -> str:
    """A playbook as ansible-playbook takes it: the clone's file, else the collection's by its full name."""
    local = ROOT / "playbooks" / f"{name}.yml"
    return str(local) if local.is_file() else f"{COLLECTION}.{name}"


@cache
def require_collection() -> None:
    """Raise LeeboardError with the command that installs the collection, where there is neither it nor a clone."""
    folders = [*os.environ.get("ANSIBLE_COLLECTIONS_PATH", COLLECTIONS).split(os.pathsep), *sys.path]
    if is_clone() or any((Path(folder).expanduser() / MANIFEST).is_file() for folder in folders):
        return
    command = Path(sys.executable).with_name("ansible-galaxy")
    try:  # an ansible.cfg may name another place; this takes a second, and nobody waits for it in vain
        listed = subprocess.run([command, "collection", "list", COLLECTION], capture_output=True, check=False)
    except OSError:
        listed = None
    if listed is None or f"{COLLECTION} ".encode() not in listed.stdout:
        raise LeeboardError(
            f"the collection {COLLECTION} is not installed, without which no device can be visited: "
            f"{command} collection install leeboard-schools-{__version__}.tar.gz"
        )


def _config() -> Path | None:
    """Our ansible.cfg; None where somebody named another, or Ansible finds one of an installed controller's own."""
    if "ANSIBLE_CONFIG" in os.environ:
        return None
    if is_clone():
        return ROOT / "ansible.cfg"
    return None if any(Path(place).expanduser().is_file() for place in CONFIGS) else INSTALLED
