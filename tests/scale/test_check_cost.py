"""What a check costs the controller for each device, as a ratio to Ansible's own ping, in one run.

A hundred addresses of a network namespace of our own answer by SSH, each with a machine-id of its own, so that each is
another device. The controller's processor time is that of ansible-playbook and its children; the work on the devices is
done by children of sshd and is not in it.
"""

from __future__ import annotations

import getpass
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scale.page import write

ROOT = Path(__file__).resolve().parents[2]
DEVICES = 100
ROUNDS = 3
WANTED = 1.5
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

PING = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an inventory of DEVICES addresses on which one sshd listens, in a namespace of their own."""
    if os.geteuid() != 0 or not shutil.which("ip") or not Path("/usr/sbin/sshd").exists():
        pytest.skip("a network namespace with an SSH server needs root, iproute2 and openssh-server")
    folder = tmp_path_factory.mktemp("school")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    keys = folder / "authorized_keys"
    keys.write_text((folder / "user.pub").read_text())
    (folder / "sshd_config").write_text(
        f"Port {PORT}\nListenAddress 0.0.0.0\nHostKey {folder}/host\nAuthorizedKeysFile {keys}\nStrictModes no\n"
        f"PasswordAuthentication no\nUsePAM no\nPidFile {folder}/pid\nMaxStartups 200\nForceCommand {folder}/entry\n"
    )
    (folder / "entry").write_text(ENTRY.format(folder=folder))
    (folder / "entry").chmod(0o755)
    addresses = [f"127.0.1.{number}" for number in range(1, DEVICES + 1)]
    (folder / "ids").mkdir()
    for number, address in enumerate(addresses):
        (folder / "ids" / address).write_text(f"{number:032x}\n")
    public = (folder / "host.pub").read_text().split()
    (folder / "known_hosts").write_text("".join(f"[{a}]:{PORT} {public[0]} {public[1]}\n" for a in addresses))
    hosts = "".join(f"    device-{n}: {{ansible_host: {a}}}\n" for n, a in enumerate(addresses))
    (folder / "hosts.yml").write_text(
        f"school:\n  hosts:\n{hosts}  vars:\n    leeboard_urn: '900009'\n    leeboard_platform: linux\n"
        f"    leeboard_form: desktop\n    leeboard_role: office\n    leeboard_level: standard\n"
        f"    ansible_port: {PORT}\n    ansible_user: {getpass.getuser()}\n"
        f"    ansible_ssh_private_key_file: {folder}/user\n"
        f"    ansible_ssh_common_args: -o UserKnownHostsFile={folder}/known_hosts\n"
    )
    (folder / "ping.yml").write_text(PING)
    # sshd wants its folder; it lies on the machine's own /run and is there on any machine with a running sshd.
    Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        inside("ip", "link", "set", "lo", "up")
        server = subprocess.Popen(
            ["ip", "netns", "exec", NAMESPACE, "/usr/sbin/sshd", "-D", "-f", folder / "sshd_config"],
        )
        time.sleep(1)
        assert server.poll() is None, "sshd did not start"
        yield folder
        for connection in (folder / "cp").glob("*"):  # the connections that Ansible keeps open
            subprocess.run(
                ["ssh", "-O", "exit", "-o", f"ControlPath={connection}", "x"], capture_output=True, check=False
            )
        server.terminate()
        server.wait(10)
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def inside(*command: str, folder: Path | None = None) -> None:
    """Run a command in the namespace."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "LEEBOARD_VAR": str(folder / "var") if folder else "",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp") if folder else "",
    }
    done = subprocess.run(
        ["ip", "netns", "exec", NAMESPACE, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def cost(folder: Path, playbook: Path) -> float:
    """Processor seconds of the controller for one run of a playbook on all devices."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    inside("ansible-playbook", str(playbook), "-i", str(folder / "hosts.yml"), folder=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def test_a_check_costs_little_more_than_a_ping(school: Path) -> None:
    check, ping = ROOT / "playbooks" / "drift.yml", school / "ping.yml"
    cost(school, ping)  # opens the connections and warms the caches for both
    pairs = [(cost(school, check), cost(school, ping)) for _ in range(ROUNDS)]
    ratio = statistics.median(one / other for one, other in pairs)
    per_device = statistics.median(one for one, _ in pairs) / DEVICES
    print(f"check over ping: {ratio:.2f} (wanted at most {WANTED}); {per_device * 1000:.0f} ms a device")
    write(
        "check-cost",
        f"| controller, processor time of `leeboard.schools.check` over `ansible.builtin.ping` | {ratio:.2f} | "
        f"at most {WANTED} |\n| controller, processor time of a check | {per_device * 1000:.0f} ms a device | |",
    )
    assert ratio <= WANTED
