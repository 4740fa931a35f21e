"""Addresses on which one SSH server answers, a hundred or more, in a network namespace of their own.

Each has a machine-id of its own, so that each is another device. What is done on the devices is done by children of
sshd: it is no part of the controller's processor time.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEVICES = 100
NAMESPACE = f"leeboard-bench-{os.getpid()}"
PORT = 2222

# What sshd runs for each command: the command, in a mount namespace where the machine-id belongs to the address.
ENTRY = """#!/bin/bash
set -e
set -- $SSH_CONNECTION
export COMMAND="$SSH_ORIGINAL_COMMAND" ID="{folder}/ids/$3"
exec unshare --mount bash -c '
    mount --bind "$ID" /etc/machine-id
    for given in /sys/class/dmi/id/product_serial /sys/class/dmi/id/product_uuid; do
        if [ -e $given ]; then mount --bind /dev/null $given; fi
    done
    exec bash -c "$COMMAND"'
"""


@dataclass(frozen=True)
class Addresses:
    """The folder in which all of it lies, the addresses, and Ansible's variables for all of them."""

    folder: Path
    addresses: tuple[str, ...]
    variables: dict[str, str | int]

    def inside(self, *command: str, **variables: str) -> None:
        """Run a command in the namespace; it may end with 2 or 3, as a check does that finds something."""
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "LEEBOARD_VAR": str(self.folder / "var"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
            **variables,
        }
        done = subprocess.run(
            ["ip", "netns", "exec", NAMESPACE, *command], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 2, 3), done.stdout[-2000:] + done.stderr[-2000:]

    def hang_up(self) -> None:
        """End the connections that Ansible keeps open."""
        for connection in (self.folder / "cp").glob("*"):
            subprocess.run(
                ["ssh", "-O", "exit", "-o", f"ControlPath={connection}", "x"], capture_output=True, check=False
            )

    def silence(self, addresses: tuple[str, ...]) -> None:
        """Let these drop every packet, as a laptop does that is at home; the others answer."""
        self.inside("nft", "flush ruleset")
        if addresses:
            self.inside("nft", "add table ip bench")
            self.inside("nft", "add chain ip bench in { type filter hook input priority 0; }")
            self.inside("nft", f"add rule ip bench in ip daddr {{ {', '.join(addresses)} }} drop")


@contextmanager
def answering(folder: Path, devices: int = DEVICES) -> Iterator[Addresses]:
    """Addresses with one SSH server on all of them. Skips the test where that cannot be had."""
    if os.geteuid() != 0 or not shutil.which("ip") or not Path("/usr/sbin/sshd").exists():
        pytest.skip("a network namespace with an SSH server needs root, iproute2 and openssh-server")
    addresses = tuple(f"127.0.1.{number}" for number in range(1, devices + 1))
    _settings(folder, addresses)
    variables = {
        "ansible_port": PORT,
        "ansible_user": getpass.getuser(),
        "ansible_ssh_private_key_file": f"{folder}/user",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={folder}/known_hosts",
    }
    found = Addresses(folder, addresses, variables)
    # sshd wants its folder; it lies on the machine's own /run and is there on any machine with a running sshd.
    Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        found.inside("ip", "link", "set", "lo", "up")
        server = subprocess.Popen(
            ["ip", "netns", "exec", NAMESPACE, "/usr/sbin/sshd", "-D", "-f", folder / "sshd_config"],
        )
        time.sleep(1)
        assert server.poll() is None, "sshd did not start"
        yield found
        found.hang_up()
        server.terminate()
        server.wait(10)
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def _settings(folder: Path, addresses: tuple[str, ...]) -> None:
    """Keys, the server's configuration, and a machine-id for each address."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    keys = folder / "authorized_keys"
    keys.write_text((folder / "user.pub").read_text())
    (folder / "sshd_config").write_text(
        f"Port {PORT}\nListenAddress 0.0.0.0\nHostKey {folder}/host\nAuthorizedKeysFile {keys}\nStrictModes no\n"
        f"PasswordAuthentication no\nUsePAM no\nPidFile {folder}/pid\nMaxStartups 400\nForceCommand {folder}/entry\n"
    )
    (folder / "entry").write_text(ENTRY.format(folder=folder))
    (folder / "entry").chmod(0o755)
    (folder / "ids").mkdir()
    for number, address in enumerate(addresses):
        (folder / "ids" / address).write_text(f"{number:032x}\n")
    public = (folder / "host.pub").read_text().split()
    (folder / "known_hosts").write_text("".join(f"[{a}]:{PORT} {public[0]} {public[1]}\n" for a in addresses))
