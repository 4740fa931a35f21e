"""`leeboard-authorise` on an encrypted machine: who else of root reads what somebody said at a terminal."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pexpect
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import one_file
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import authorise

from tests.vm.encrypt import LUKS_UUID, PASSPHRASE
from tests.vm.machine import Machine
from tests.vm.ssh import TECHNICIAN

PROGRAM = "/usr/local/sbin/leeboard-authorise"
# A run of root in another session, by the code that lies in the program.
READ = f"""
import hashlib, sys
sys.path.insert(0, "{PROGRAM}")
from device.system import kernel_keyring
found = kernel_keyring.read(kernel_keyring.of_disk("{LUKS_UUID}"))
print(found and hashlib.sha256(found).hexdigest())
"""
WAYS = {
    "sudo from SSH": "sudo -n python3 /root/read.py",
    "su with a login": "sudo -n su -l -c 'python3 /root/read.py'",
    "a service of systemd": "sudo -n systemd-run --quiet --wait --pipe python3 /root/read.py",
    "a service that shares keys": "sudo -n systemd-run -q --wait --pipe -p KeyringMode=shared python3 /root/read.py",
    "a service with a session of PAM, as cron's jobs have": (
        "sudo -n systemd-run -q --wait --pipe -p PAMName=login -p User=root python3 /root/read.py"
    ),
    "what an ended SSH session left running": "cat /tmp/late",
}


def test_other_sessions_of_root_read_it_and_nothing_else_shows_it(new_machine: Callable[..., Machine]) -> None:
    machine = new_machine("encrypted")
    machine.put(one_file.program(authorise, "/usr/bin/python3"), PROGRAM, mode="755")
    machine.put(READ.encode(), "/root/read.py")
    machine.root("auditctl -a always,exit -F arch=b64 -S execve -k leeboard-test")

    later = "until [ -e /tmp/go ]; do sleep 0.2; done; sudo -n python3 /root/read.py >/tmp/late 2>&1"
    first = terminal(machine, f"setsid nohup sh -c '{later}' >/dev/null 2>&1 & sudo -n leeboard-authorise")
    first.expect(r"\(it is not shown\): ")
    assert re.search(rb"/dev/vda2 \(/\), LUKS UUID " + LUKS_UUID.encode(), first.before), first.before
    first.send(PASSPHRASE.encode() + b"\n")
    first.expect(pexpect.EOF)
    first.close()
    assert first.exitstatus == 0 and PASSPHRASE.encode() not in first.before, first.before

    machine.ssh("touch /tmp/go; for n in $(seq 60); do [ -s /tmp/late ] && break; sleep 0.5; done")
    wanted = hashlib.sha256(PASSPHRASE.encode()).hexdigest()
    read = {way: machine.ssh(command, check=False).stdout.strip() for way, command in WAYS.items()}
    assert read == dict.fromkeys(WAYS, wanted)
    assert machine.ssh(READ.join(["python3 - <<'END'\n", "END\n"])).stdout.strip() == "None", "another account"
    assert LUKS_UUID not in machine.ssh("cat /proc/keys; sudo -n cat /proc/keys").stdout

    told = machine.root("ausearch --input-logs -k leeboard-test --interpret; journalctl --boot --no-pager").stdout
    assert "cryptsetup open --test-passphrase" in told, "the audit saw the trial"
    assert PASSPHRASE not in told and PASSPHRASE.encode().hex() not in told.lower()
    pattern = f"[{PASSPHRASE[0]}]{PASSPHRASE[1:]}"  # which the log of this very command does not match
    places = "/tmp /run /root /home /var/log /var/tmp /var/lib/systemd"
    assert machine.root(f"grep -rlsa '{pattern}' {places}", check=False).stdout == ""

    assert f"{LUKS_UUID}: kept for another 23 hours" in machine.ssh(f"sudo -n {PROGRAM} --list").stdout
    assert machine.ssh(f"sudo -n {PROGRAM} --revoke /").stdout == "Its passphrase is forgotten.\n"
    assert machine.ssh(WAYS["sudo from SSH"]).stdout.strip() == "None"


def terminal(machine: Machine, command: str) -> pexpect.spawn[bytes]:
    """A command of the technician with a terminal, in an SSH session that ends with it."""
    access = machine.access
    argv = [*access.options(), "-t", "-i", str(access.image.client_key), "-p", str(access.port)]
    return pexpect.spawn("ssh", [*argv, f"{TECHNICIAN}@127.0.0.1", command], timeout=120, dimensions=(40, 200))
