"""A machine of the lab that is cut off in the middle of a real roll-out, and what is to be so afterwards.

The roll-out is the product's own, from this clone's playbooks. Its collection is a copy in which a checkpoint waits
half a minute (`GRACE`) and not three after the longest that its steps may take. Nothing else of it differs, and no
option of the product does this.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import DeviceLine
from tests.vm.errors import LabError
from tests.vm.machine import Machine

from . import cut_off_hook as hook
from .harness import ROOT, Proof, RollOut, recorded, run_of

CHECKPOINT = "/var/lib/leeboard/checkpoint"
SYSTEM = "/etc/systemd/system"
SSHD = "/etc/ssh/sshd_config.d/00-leeboard.conf"
TABLE = "/etc/leeboard/firewall.nft"
UNIT = f"{SYSTEM}/leeboard-firewall.service"
FAILLOCK = "/etc/security/faillock.conf"
# In this file, what is there once and what stands there instead. How long a step may take stays as the drivers say it:
# an emulated machine needs that.
ARM = "plugins/module_utils/_linux/checkpoint/arm.py"
GRACE = ("GRACE = 180 ", "GRACE = 30 ")
READY = "ready"
# Without that a roll-out refuses xrdp (docs/remote-access.md).
BY_HAND = "adduser --quiet xrdp ssl-cert; systemctl restart xrdp"
# The state that a roll-out is to change: as if nobody had rolled out these controls yet.
DRIFTS = {
    "sshd": f"rm {SSHD}; systemctl reload ssh",
    "firewall": f"systemctl disable --now leeboard-firewall; rm {TABLE} {UNIT}; systemctl daemon-reload; "
    "nft list table inet leeboard >/dev/null 2>&1 && nft delete table inet leeboard; true",
    "faillock": f"sed -i 's/^deny.*/deny = 50/' {FAILLOCK}",
}
WRITTEN = {"sshd": SSHD, "firewall": TABLE, "faillock": FAILLOCK}  # by each driver, whatever it changes
CONTROLS = {"sshd": ("REM-07", "REM-10"), "firewall": ("REM-12",), "faillock": ("LCK-05",)}
# All that these drivers may touch, by other means than theirs: every file with owner and mode, units, and the kernel.
# Copies of before that useradd and userdel leave (passwd-) are of the throw-away account, and not of what is so.
LOOK = """
names() { find /etc /var/lib/pam -xdev ! -name '*leeboard-checkpoint*' ! -path '/etc/*[a-z]-' "$@"; }
names -printf '%p %y %m %U:%G %l\\n' | sort
names -type f -exec sha256sum {} + | sort -k 2
for unit in ssh.service ssh.socket leeboard-firewall.service; do
    echo "$unit $(systemctl is-enabled $unit 2>&1 | head -n 1) $(systemctl is-active $unit)"
done
nft -s list ruleset
sshd -T
getent passwd | sort
"""
REMAINS = r"""
find / -xdev \( -name '*leeboard-checkpoint*' -o -name '.leeboard-*' \)
systemctl list-units --all --plain --no-legend 'leeboard-checkpoint*'
"""


class Lab:
    """One machine with a controller of its own (`work`), at its baseline for the families that are enforced."""

    def __init__(self, machine: Machine, work: Path) -> None:
        self.machine = machine
        self.work = work
        self.proof = Proof(machine, work, leeboard_enforce=["REM", "LCK"])
        self.collections = shorter_collection(work / "collections")
        self.wanted = ""  # what the machine is at its baseline

    def prepare(self) -> None:
        """Roll out all there is, and keep the machine so."""
        self.machine.root(BY_HAND)
        done = self.roll_out()
        assert done.status == 0, said(done)
        self.wanted = self.look()
        self.machine.snapshot(READY)

    def begin(self, *drifts: str) -> None:
        """The machine at its baseline again, and then drifted."""
        self.machine.restore(READY)
        for drift in drifts:
            self.machine.root(DRIFTS[drift])
        self.machine.root("sync")

    # What is done to it

    def hook(self, points: Sequence[tuple[str, str]], then: str, script: str = "") -> None:
        """Have a process of ours wait on the machine (cut_off_hook.py), and leave."""
        self.machine.put(Path(hook.__file__).read_bytes(), f"{hook.FOLDER}/hook.py")
        self.machine.put(script.encode(), hook.SCRIPT)
        about = json.dumps({"points": points, "then": then})
        self.machine.root(
            ["systemd-run", "--quiet", "--unit=test-hook", "/usr/bin/python3", f"{hook.FOLDER}/hook.py", about]
        )
        self.machine.root(f"until [ -e {hook.FOLDER}/waits ]; do sleep 0.1; done")
        self.machine.access.close()

    def begin_roll_out(self) -> subprocess.Popen[bytes]:
        """The roll-out in a group of processes of its own, printing to `printed`."""
        return self.proof.begin_roll_out(self.printed, ANSIBLE_COLLECTIONS_PATH=str(self.collections))

    @property
    def printed(self) -> Path:
        return self.work / "printed"

    def roll_out(self) -> RollOut:
        """A roll-out from its beginning to its end."""
        return self.ended(self.begin_roll_out())

    def ended(self, run: subprocess.Popen[bytes], timeout: float = 1200) -> RollOut:
        """How a roll-out came out that was begun."""
        try:
            run.wait(timeout)
        finally:
            kill(run)
        return run_of(run.returncode, self.printed.read_text(encoding="utf-8", errors="replace"))

    def wait_for_hook(self, run: subprocess.Popen[bytes], timeout: float = 600) -> None:
        """Until the machine's console says that the point is reached."""
        deadline = time.monotonic() + timeout
        while hook.MARK not in self.machine.shown():
            assert run.poll() is None, f"it was over before: {self.printed.read_text()[-2000:]}"
            assert time.monotonic() < deadline, "the point is never reached"
            time.sleep(0.1)

    def go_on(self) -> None:
        self.machine.root(f"touch {hook.GO_ON}")

    # What is to be so

    def look(self) -> str:
        """What the machine is, as far as this is about it."""
        return self.machine.root(LOOK).stdout

    def is_as(self, wanted: str, why: str = "") -> None:
        """The machine is what `wanted`, a look of before, says; otherwise the lines that differ are shown."""
        lines = difflib.unified_diff(wanted.splitlines(), self.look().splitlines(), "wanted", "there", "", "", 0, "")
        differs = "\n".join(lines)
        assert not differs, f"{why}\n{differs}"

    def state(self) -> str:
        """The checkpoint's state, none included."""
        names = self.machine.root(f"ls {CHECKPOINT} 2>/dev/null; true").stdout
        return names.split("state.")[-1].split()[0] if "state." in names else "none"

    def at_rest(self, timeout: float = 600, broken_arming: bool = False) -> str:
        """Wait until the machine can be reached and has nothing of a checkpoint but how it ended; its state.

        `broken_arming`: nobody arms any more, so `arming` is an end as well where no unit of a checkpoint is there.
        """
        ends = ("none", "back", "confirmed", *(("arming",) if broken_arming else ()))
        deadline = time.monotonic() + timeout
        while True:
            left = "it cannot be reached"
            self.machine.access.close()
            try:
                self.machine.wait_for_ssh(max(deadline - time.monotonic(), 1))
                left = self.machine.root(REMAINS).stdout.strip()
                if not left and (state := self.state()) in ends:
                    return state
            except LabError:
                if not self.machine.running() or time.monotonic() > deadline:
                    raise
            assert time.monotonic() < deadline, f"the checkpoint is {self.state()}; left: {left}"
            time.sleep(1)

    def line(self) -> DeviceLine:
        """The machine's line in the newest bundle."""
        newest = max((self.work / "var" / "evidence").glob("*/*.jsonl.xz"), key=lambda path: path.stat().st_mtime_ns)
        with Reader(newest) as bundle:
            *_, record = bundle.devices()
        return record.line

    def check(self) -> dict[str, Any]:
        """The verdicts of the next check."""
        done = self.proof.play("drift.yml")
        assert done.status == 0, said(done)
        return recorded(self.work)[str(self.proof.variables["leeboard_asset"])]


def said(done: RollOut) -> str:
    """What a roll-out printed, without the observations that fill it."""
    return "\n".join([*re.findall(r'"msg": "(.*?)"', done.output), *(x[:200] for x in done.output.splitlines()[-40:])])


def kill(run: subprocess.Popen[bytes]) -> None:
    """End a roll-out with all that it started on the controller, as if that had lost its power."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def shorter_collection(folder: Path) -> Path:
    """A copy of the collection with the shorter GRACE; what to give Ansible as its collections' path."""
    to = folder / "ansible_collections" / "leeboard" / "schools"
    for name in ("plugins", "roles", "playbooks", "meta"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", to)
    text = (to / ARM).read_text(encoding="utf-8")
    assert text.count(GRACE[0]) == 1
    (to / ARM).write_text(text.replace(*GRACE), encoding="utf-8")
    return folder
