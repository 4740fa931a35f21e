"""A new connection at a real sshd: a handshake and a sign-in of its own, whatever shared connection is open.

sshd's log and the port that the device sees say which connection it was, and not the code that makes it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader, init_plugin_loader
from ansible_collections.leeboard.schools.plugins.plugin_utils.fresh_connection import drop_shared, fresh

from tests.credentials.door import LOOPBACK, Door
from tests.unit.playing import ROOT

SEEN = "echo $SSH_CONNECTION"
# What the devices' code says of whom it was started by, under sudo.
CAME_BY = f"""sudo -n /usr/bin/python3 -c 'import os, sys; sys.path.insert(0, "{ROOT / "collections"}")
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import came_by
print(os.geteuid(), os.environ.get("SSH_CONNECTION"), *came_by(Host()))'"""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    root = tmp_path_factory.mktemp("fresh")
    root.chmod(0o755)
    made = Door(root / "door")
    try:
        yield made
    finally:
        made.close()


def connected(door: Door, folder: Path, **options: str) -> Any:
    """Ansible's own connection to the door, as a task has it, sharing one as Ansible does by default."""
    init_plugin_loader()
    made = connection_loader.get("ssh", PlayContext())
    made.set_become_plugin(become_loader.get("sudo"))
    known = f"-F none -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none -o UserKnownHostsFile={door.known_hosts}"
    variables = {
        "ansible_host": LOOPBACK,
        "ansible_port": door.port,
        "ansible_user": "lb-free",
        "ansible_ssh_private_key_file": str(door.key),
        "ansible_ssh_common_args": known,
        "ansible_control_path_dir": str(folder),
        **options,
    }
    made.set_options(var_options=variables)
    made.host = LOOPBACK
    return made


def came_from(connection: Any) -> str:
    """The port of the controller's end, as the device sees it."""
    status, out, err = connection.exec_command(SEEN, sudoable=False)
    assert status == 0, err
    return str(out.decode().split()[1])


def signed_in(door: Door) -> int:
    return len(re.findall("Accepted publickey for lb-free", door.log.read_text(errors="replace")))


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder for shared connections whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        yield Path(folder)


SHARING = [
    pytest.param({}, id="by default"),
    pytest.param({"ansible_ssh_args": "-o ControlMaster=auto -o ControlPersist=60s"}, id="by ssh_args"),
    pytest.param(
        {"ansible_ssh_args": "-o ControlMaster=auto -o ControlPersist=60s -o ControlPath={sockets}/own"},
        id="with a path of its own",
    ),
    pytest.param(
        {"ansible_ssh_args": "-S {sockets}/short -o ControlMaster=auto -o ControlPersist=60s"}, id="with a path by -S"
    ),
    pytest.param(
        {"ansible_ssh_extra_args": "-S {sockets}/extra -o ControlMaster=auto -o ControlPersist=60s"}, id="by extra_args"
    ),
]


@pytest.mark.parametrize("options", SHARING)
def test_a_shared_connection_is_passed_by(door: Door, sockets: Path, options: dict[str, str]) -> None:
    given = {name: text.format(sockets=sockets) for name, text in options.items()}
    connection = connected(door, sockets, **given)
    shared = came_from(connection)
    assert came_from(connection) == shared, "one connection is shared, or this shows nothing"
    before = signed_in(door)
    with fresh(connection):
        new = came_from(connection)
        assert came_from(connection) not in (new, shared)
    assert new != shared
    assert signed_in(door) == before + 2, "each signed in anew"
    assert came_from(connection) == shared, "and it is shared again afterwards"
    drop_shared(connection)
    assert came_from(connection) not in (shared, new)
    drop_shared(connection)


def test_a_jump_host_and_sudo_are_as_before(door: Door, sockets: Path) -> None:
    known = f"-F none -i {door.key} -o UserKnownHostsFile={door.known_hosts}"
    jump = f"ssh {known} -p {door.port} -W %h:%p lb-plain@{LOOPBACK}"
    connection = connected(door, sockets)
    connection.set_option("ssh_common_args", f'{connection.get_option("ssh_common_args")} -o ProxyCommand="{jump}"')
    before = door.log.read_text(errors="replace").count("Accepted publickey for lb-plain")
    with fresh(connection):
        status, out, err = connection.exec_command("sudo -n id -u", sudoable=False)
    assert (status, out.strip()) == (0, b"0"), err
    assert door.log.read_text(errors="replace").count("Accepted publickey for lb-plain") == before + 1


def test_a_module_under_sudo_sees_the_connection_that_it_came_by(door: Door, sockets: Path) -> None:
    connection = connected(door, sockets)
    shared = came_from(connection)
    status, out, err = connection.exec_command(CAME_BY, sudoable=False)
    assert status == 0, err
    # sudo keeps it from the module itself, so the processes above were asked; a shared one is that of its master.
    assert out.decode().split() == ["0", "None", LOOPBACK, shared, LOOPBACK, str(door.port)]
    with fresh(connection):
        _, out, err = connection.exec_command(CAME_BY, sudoable=False)
    assert out.decode().split()[3] != shared, err
    drop_shared(connection)
