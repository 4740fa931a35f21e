"""The checkpoint on a real machine: whatever cuts it off, it can be reached again by itself."""

from __future__ import annotations

import io
import json
import tarfile
import time
from typing import Any

import pexpect
import pytest

from tests.device_code import linux_files
from tests.vm.machine import Machine
from tests.vm.ssh import TECHNICIAN

DROP_IN = "/etc/ssh/sshd_config.d/00-test.conf"
ADDED = "/etc/ssh/sshd_config.d/01-added.conf"
TOKEN = "only the run that armed it knows this"
FOLDER = "/var/lib/leeboard/checkpoint"
# Arms as the module does, of a cover that no driver has: a time that a test can wait for.
ARM = f"""
import hashlib, json, sys
sys.path.insert(0, "/root/code")
import _linux.checkpoint.arm as arming
from _linux.checkpoint.arm import Request, arm
from _linux.engine.cover import Command, Cover, Proof
from _linux.engine.host import Host
more = json.loads(sys.argv[1])
arming.GRACE = more["grace"]
cover = Cover(files=({DROP_IN!r}, {ADDED!r}), folders=("/var/lib/pam",), units=("ssh.service",),
              restart=("ssh.service", "sshd.service"), proofs=(Proof(("/usr/sbin/sshd", "-t")),),
              commands=tuple(Command(tuple(argv), 200) for argv in more["commands"]), longest=more["longest"])
print(json.dumps(arm(Host(), Request("lab-run", "the lab", hashlib.sha256({TOKEN!r}.encode()).hexdigest(),
                                     {{"sshd": cover}}))))
"""
CONFIRM = """
import json, sys
sys.path.insert(0, "/root/code")
from _linux.checkpoint.ending import confirm
from _linux.engine.host import Host
print(json.dumps(confirm(Host(), sys.argv[1])))
"""
LONG = 3000  # seconds that the steps may take: no timer interferes
GRACE = 180  # seconds after that, as the product has it
SOON = 30  # the same where a test waits for it


@pytest.fixture
def machine(server_machine: Machine) -> Machine:
    """A server with our code, one drop-in of sshd, and a tree of PAM's answers."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, place in linux_files().items():
            archive.add(path, place)
    server_machine.root("mkdir -p /root/code && tar -x -C /root/code", input=buffer.getvalue())
    server_machine.put(b"LoginGraceTime 100\n", DROP_IN, mode="640")
    server_machine.root(f"chown root:adm {DROP_IN} && systemctl reload ssh")
    return server_machine


def arm(
    machine: Machine, longest: int = LONG, commands: list[list[str]] | None = None, grace: int = GRACE
) -> dict[str, Any]:
    given = json.dumps({"longest": longest, "commands": commands or [], "grace": grace})
    found: dict[str, Any] = json.loads(machine.root(["python3", "-c", ARM, given]).stdout)
    assert found["state"] == "armed"
    return found


def state(machine: Machine) -> str:
    return machine.root(f"ls {FOLDER}").stdout.split("state.")[-1].split()[0]


def wait_for(machine: Machine, wanted: str, timeout: float = 600) -> None:
    """Wait until the checkpoint is in a state; every look is a connection of its own."""
    deadline = time.monotonic() + timeout
    while True:
        machine.access.close()
        machine.wait_for_ssh(max(deadline - time.monotonic(), 1))
        if (found := state(machine)) == wanted:
            return
        assert time.monotonic() < deadline, f"it is {found}, not {wanted}"
        time.sleep(1)


def break_sshd(machine: Machine) -> None:
    """sshd will not start again, its unit has failed too often, and it is not even enabled."""
    machine.put(b"NoSuchKeyword yes\n", ADDED)
    machine.put(b"AllowUsers nobody\n", DROP_IN)
    machine.root("rm -f /var/lib/pam/seen; echo x > /var/lib/pam/came")
    machine.root("systemctl disable ssh; for n in 1 2 3 4 5 6 7; do systemctl restart ssh; done; true", check=False)
    assert machine.root("systemctl is-active ssh", check=False).stdout.strip() == "failed"


def begin(machine: Machine) -> None:
    """Begin to put back, as the timer does, and wait until it is in its middle: at a command that takes long."""
    machine.root("systemctl start --no-block leeboard-checkpoint.service; until pgrep -x sleep; do sleep 0.1; done")
    assert state(machine) == "putting-back"


def is_as_before(machine: Machine) -> None:
    """What the machine itself says, by other means than the script's own proofs."""
    machine.access.close()
    machine.wait_for_ssh()
    assert machine.root(f"cat {DROP_IN}; stat -c '%a %U %G' {DROP_IN}").stdout == "LoginGraceTime 100\n640 root adm\n"
    assert machine.root("sshd -T | grep -i logingracetime").stdout.split() == ["logingracetime", "100"]
    assert machine.root(f"ls {ADDED} /var/lib/pam/came", check=False).stdout == ""
    assert machine.root("ls /var/lib/pam/seen").returncode == 0
    assert machine.root("systemctl is-active ssh; systemctl is-enabled ssh").stdout.split() == ["active", "enabled"]


def nothing_is_left(machine: Machine, timeout: float = 180) -> None:
    """It is back first, and tidied up then."""
    look = (
        "find / -xdev -name '*leeboard-checkpoint*' -o -xdev -name '.leeboard-*'; "
        "systemctl list-units --all --plain --no-legend 'leeboard*'"
    )
    deadline = time.monotonic() + timeout
    while found := machine.root(look).stdout.strip():
        assert time.monotonic() < deadline, found
        time.sleep(1)
    assert len(machine.root(f"ls {FOLDER}").stdout.split()) == 2, "who it was, and how it ended"


def test_a_dead_sshd_comes_back_by_the_timer_whatever_the_clock_says(machine: Machine) -> None:
    arm(machine, longest=0, grace=SOON)
    machine.root("date -s '+1 year'")
    assert state(machine) == "armed", "it was not over at once"
    machine.root("date -s '-2 years'")
    break_sshd(machine)
    wait_for(machine, "back")
    machine.set_clock()
    is_as_before(machine)
    nothing_is_left(machine)


@pytest.mark.full
def test_a_route_that_swallows_the_controller_goes_by_the_timer(machine: Machine) -> None:
    """No driver changes routes yet: what one that does would name is put back as all else is."""
    way = ["blackhole", "10.0.2.2/32"]  # QEMU's own address, by which we come
    arm(machine, longest=0, grace=SOON, commands=[["/usr/sbin/ip", "route", "del", *way]])
    machine.root(["systemd-run", "--quiet", "--on-active=1", "/usr/sbin/ip", "route", "add", *way])
    machine.access.close()
    deadline = time.monotonic() + SOON
    while machine.access.answers():
        assert time.monotonic() < deadline, "it was never cut off"
        time.sleep(0.2)
    wait_for(machine, "back")
    assert machine.root("ip route show type blackhole").stdout == ""
    nothing_is_left(machine)


@pytest.mark.full
def test_a_restart_in_the_middle_puts_it_back(machine: Machine) -> None:
    arm(machine)
    break_sshd(machine)
    machine.root("sync")
    machine.reset()
    wait_for(machine, "back")
    is_as_before(machine)
    nothing_is_left(machine)
    log = machine.root("journalctl -b -u leeboard-checkpoint-start.service -o cat").stdout
    assert "this start finds a checkpoint that nobody confirmed: putting back what the lab (run lab-run) changed" in log


# Systemd gives a unit whose file is gone 90 s in all, and putting back ends with taking that file away.
@pytest.mark.full
@pytest.mark.parametrize("seconds", ["40", "110"])
def test_the_power_goes_while_it_puts_back(machine: Machine, seconds: str) -> None:
    arm(machine, commands=[["/usr/bin/sleep", seconds]])
    break_sshd(machine)
    begin(machine)
    machine.power_cut()
    machine.boot()
    wait_for(machine, "back")
    is_as_before(machine)
    nothing_is_left(machine)


@pytest.mark.full
def test_a_put_back_that_is_killed_is_tried_again(machine: Machine) -> None:
    arm(machine, commands=[["/usr/bin/sleep", "40"]])
    break_sshd(machine)
    begin(machine)
    machine.root("systemctl kill -s KILL leeboard-checkpoint.service")
    assert state(machine) == "putting-back"
    wait_for(machine, "back")
    is_as_before(machine)
    nothing_is_left(machine)


def test_confirmed_over_a_new_connection_the_change_stays(machine: Machine) -> None:
    arm(machine)
    machine.put(b"LoginGraceTime 90\n", DROP_IN)
    machine.root("systemctl reload ssh")
    machine.access.close()
    machine.wait_for_ssh()  # for a moment sshd, which executes itself anew, listens nowhere
    refused = machine.root(["python3", "-c", CONFIRM, "a guess"], check=False)
    assert "this is not the token of the checkpoint" in refused.stderr and state(machine) == "armed"
    changed, found = json.loads(machine.root(["python3", "-c", CONFIRM, TOKEN]).stdout)
    assert changed and found["state"] == "confirmed"
    nothing_is_left(machine)
    machine.reset()
    assert machine.root("sshd -T | grep -i logingracetime").stdout.split() == ["logingracetime", "90"]
    assert state(machine) == "confirmed"


@pytest.mark.full
def test_the_power_goes_between_confirming_and_tidying_up(machine: Machine) -> None:
    arm(machine)
    machine.put(b"LoginGraceTime 90\n", DROP_IN)
    machine.root(f"mv {FOLDER}/state.armed {FOLDER}/state.confirmed; sync")  # all that a confirmation must have done
    machine.power_cut()
    machine.boot()
    nothing_is_left(machine)
    assert machine.root("sshd -T | grep -i logingracetime").stdout.split() == ["logingracetime", "90"]
    assert state(machine) == "confirmed"


def test_a_person_confirms_from_a_sign_in_that_is_younger_than_the_change(machine: Machine) -> None:
    with terminal(machine, "read -r _; sudo -n leeboard-checkpoint confirm") as before:
        arm(machine)
        assert "this needs a terminal" in machine.root("leeboard-checkpoint confirm", check=False).stdout
        before.send(b"\n")
        before.expect("this session began before the change: sign in anew")
        before.expect(pexpect.EOF)
    assert state(machine) == "armed"
    with terminal(machine, "sudo -n leeboard-checkpoint status; sudo -n leeboard-checkpoint confirm") as after:
        after.expect("armed: armed by the lab")
        after.expect("confirmed: the changes of the lab")
        after.expect(pexpect.EOF)
    assert state(machine) == "confirmed"
    nothing_is_left(machine)


def terminal(machine: Machine, command: str) -> Any:
    """A command of the technician with a terminal, in an SSH connection of its own, from when it is signed in.

    A connection that meets sshd while it reloads itself is reset, so it is made anew.
    """
    access = machine.access
    argv = [
        *access.options(),
        "-o",
        "ControlPath=none",
        "-t",
        "-i",
        str(access.image.client_key),
        "-p",
        str(access.port),
    ]
    argv += [f"{TECHNICIAN}@127.0.0.1", f"echo signed in; {command}"]
    for _again in range(5):
        process = pexpect.spawn("ssh", argv, timeout=300, dimensions=(40, 200))
        if process.expect(["signed in", pexpect.EOF]) == 0:
            return Closing(process)
    raise AssertionError(f"no terminal in five tries: {process.before!r}")


class Closing:
    """A process that is closed at the end of a block."""

    def __init__(self, process: pexpect.spawn[bytes]) -> None:
        self._process = process

    def __enter__(self) -> pexpect.spawn[bytes]:
        return self._process

    def __exit__(self, *_problem: object) -> None:
        self._process.close()
