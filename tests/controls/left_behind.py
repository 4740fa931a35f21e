"""All that a run shows on a machine of the lab while it goes on, and all that it leaves there, searched for a secret.

The kernel's audit has the arguments of every program that is started, however short it lives. The environments of
programs are looked at twice a second, so those of short ones may be missed.
"""

from __future__ import annotations

import shlex
import subprocess
import tarfile
import tempfile
from pathlib import Path
from types import TracebackType

from tests.vm.machine import Machine
from tests.windows.wire.secrets import leaks

MARK = "/run/leeboard-search"
RULES = ("-S execve", "-S execveat")
LOOK = (
    "while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u; sleep 0.5; done "
    f">>{MARK}/processes"
)
# What was written since, on all file systems that keep or hold files; the journal as text, since it is compressed.
GATHER = f"""
set -eu
systemctl stop leeboard-search
mkdir {MARK}/said
journalctl --output export --since "$(stat -c @%Y {MARK}/begun)" >{MARK}/said/journal
dmesg >{MARK}/said/dmesg
find / /run /tmp /dev/shm /boot -xdev -type f -newer {MARK}/begun -print0 |
    tar --create --gzip --null --files-from - --ignore-failed-read --warning=none || [ $? = 1 ]
"""
PATIENCE = 900  # seconds: other tests may keep both processors busy


class Searched:
    """What a machine showed and kept between entering and leaving; `finds` searches it. `folder` gets a copy."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine = machine
        self._folder = folder

    def __enter__(self) -> Searched:
        rules = " && ".join(f"auditctl -a always,exit -F arch=b64 {calls} -k leeboard-search" for calls in RULES)
        self._machine.root(
            f"mkdir {MARK} && touch {MARK}/begun && sleep 1.1 && {rules} && "
            f"systemd-run --quiet --unit leeboard-search sh -c {shlex.quote(LOOK)}",
            timeout=PATIENCE,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if kind is not None:
            return
        with tempfile.TemporaryFile() as archive:
            command = [*self._machine.access.command(), f"sudo -n bash -c {shlex.quote(GATHER)}"]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=archive, check=True, timeout=PATIENCE)
            archive.seek(0)
            with tarfile.open(fileobj=archive, mode="r:gz") as tar:
                tar.extractall(self._folder, filter="data")

    def finds(self, secret: str) -> list[str]:
        """Where the secret stands, in any dress."""
        return leaks(secret, self._folder)


def plant(machine: Machine, secret: str) -> None:
    """Leave a secret where a careless run would: in a file in base64, in an argument, and in an environment."""
    machine.root(
        f"printf %s {secret} | base64 >/var/tmp/planted; PLANTED={secret} sleep 3; sh -c : {secret}-as-an-argument",
        timeout=PATIENCE,
    )
