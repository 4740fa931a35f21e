"""A real sshd that listens on a loopback of its own: who comes in before our change, who after it, and what we know.

sshd's log stands in for the journal: `journalctl` there is a double that prints what sshd itself wrote.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.linux.sshd_people import INCLUDE, MAIN
from tests.unit.linux.test_sshd_written import HIGH, machine

CONFIG = f"{INCLUDE}UsePAM no\nAuthorizedKeysFile /etc/keys/%u\nPermitRootLogin yes\nPidFile none\n"
# A module that came as root: what it knows of its connection, and what it says to PermitRootLogin no.
MODULE = """
import json, sys
sys.path[:0] = [{collections!r}]
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import driver, visitor
who = visitor.visitor(Host())
try:
    said = len(driver.dry_run(Host(), [{{"address": {address!r}, "value": {value!r}}}]).edits)
except ChangeRefused as problem:
    said = str(problem)
print(json.dumps([who.user, who.address, list(who.sign_in), said]))
"""
LISTEN = """
import os, time
os.unshare(os.CLONE_NEWNET)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", "/run/key"], check=True)
for name in ("root", "ada"):
    put(f"/etc/keys/{name}", pathlib.Path("/run/key.pub").read_text())
put("/run/journalctl", "#!/bin/sh\\ngrep -h ^Accepted /run/log\\n")
os.chmod("/run/journalctl", 0o755)
subprocess.run(["mount", "--bind", "/run/journalctl", JOURNALCTL], check=True)
os.makedirs("/run/sshd")
daemon = subprocess.Popen(["/usr/sbin/sshd", "-D", "-E", "/run/log"])

def ssh(user, *command, input=""):
    "What a command says that somebody runs by SSH; ssh tries again while sshd starts."
    argv = ["ssh", "-F", "/dev/null", "-i", "/run/key", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectionAttempts=60", "-o", "LogLevel=ERROR",
            "-o", "IdentitiesOnly=yes", f"{user}@127.0.0.1", *command]
    done = subprocess.run(argv, input=input, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip()
"""


def really(tmp_path: Path, script: str) -> dict[str, Any]:
    """What `script` leaves in `found` beside a real sshd; `ssh(user, ...)` comes in by it."""
    journalctl = next((one for one in ("/usr/bin/journalctl", "/bin/journalctl") if Path(one).exists()), "")
    if not journalctl or not Path("/usr/bin/ssh").exists():
        pytest.skip("needs journalctl, in whose place the double stands, and ssh")
    begin = f"JOURNALCTL = {journalctl!r}\n{LISTEN}try:\n"
    body = "".join(f"    {line}\n" for line in script.strip().split("\n"))
    end = "finally:\n    daemon.terminate()\n    daemon.wait()\n"
    return machine(tmp_path, {MAIN: CONFIG}, begin + body + end)


def test_root_is_out_after_the_change_and_the_administrator_is_still_in(tmp_path: Path) -> None:
    found = really(
        tmp_path,
        f"""
found["before"] = [ssh(user, "id", "-un") for user in ("root", "ada")]
found["said"] = written({HIGH!r})
daemon.send_signal(1)
found["after"] = [ssh(user, "id", "-un") for user in ("ada", "root")]
""",
    )
    assert found["before"] == ["root", "ada"]
    assert found["said"] == []
    assert found["after"][0] == "ada"
    assert "Permission denied" in found["after"][1]


@pytest.mark.parametrize(
    ("address", "value", "said"),
    [
        ("PermitRootLogin", "no", "this connection came as root, whom sshd would not let in any more"),
        ("PubkeyAuthentication", "no", "came as root by publickey, and PubkeyAuthentication no would shut it out"),
        ("MaxAuthTries", 4, 1),
    ],
)
def test_a_module_knows_by_whom_and_how_it_came(tmp_path: Path, address: str, value: Any, said: Any) -> None:
    collections = str(Path(__file__).parents[3] / "collections")
    module = MODULE.format(collections=collections, address=address, value=value)
    found = really(tmp_path, f'found["module"] = ssh("root", sys.executable, "-", input={module!r})\n')
    assert found["module"].startswith('["root", "127.0.0.1", ["root", "publickey", "ED25519"], '), found["module"]
    assert str(said) in found["module"]
