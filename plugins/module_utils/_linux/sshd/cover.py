"""What brings sshd back from a change of ours: our file, its units, and what sshd says of itself before the change.

A dead sshd cannot be reloaded, so it is restarted; sessions live on (KillMode=process).
"""

from __future__ import annotations

from ..engine.cover import Cover, Proof
from ..engine.edits import Change, ChangeRefused
from ..engine.host import Host, HostError
from ..system.systemd_unit import RUNNING
from .answers import ALONE, PROGRAM, alone, files_of, options
from .our_file import FOLDER, OURS
from .people import usual
from .visitor import visitor

NAMES = ("ssh.service", "sshd.service", "ssh.socket", "sshd.socket")
LONGEST = 90  # seconds: sshd is asked three times, and reloaded


def cover(host: Host, _changes: list[Change]) -> Cover:
    """All that a change of sshd may touch, whatever is changed. Raises ChangeRefused, HostError."""
    if not host.exists(PROGRAM):
        raise ChangeRefused("OpenSSH server is not installed, so there is nothing to change")
    if host.link(FOLDER) is not None or host.link(OURS) is not None:
        raise ChangeRefused(f"{OURS} is reached by a symbolic link; put a regular file or folder in its place")
    units = _units(host)
    # A service that its socket starts comes back by that: the checkpoint knows (checkpoint/units.py).
    sockets = {unit.rpartition(".")[0] for unit, active in units.items() if active and unit.endswith(".socket")}
    services = [unit for unit, active in units.items() if unit.endswith(".service")]
    return Cover(
        files=(OURS,),
        units=tuple(units),
        restart=tuple(unit for unit in services if units[unit] or unit.rpartition(".")[0] in sockets),
        proofs=tuple(_said(host)),
        longest=LONGEST,
    )


def _units(host: Host) -> dict[str, bool]:
    """{unit: whether it runs} of sshd's units that are there, each by its own name and not by another. HostError."""
    if not host.exists("/run/systemd/system"):
        raise ChangeRefused("systemd does not run on this machine, so nothing would put sshd back")
    found: dict[str, bool] = {}
    for name in NAMES:
        done = host.query(["systemctl", "show", "-p", "Id", "-p", "LoadState", "-p", "ActiveState", "--", name])
        fields = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
        if done.rc != 0 or "LoadState" not in fields:
            raise HostError("failed", f"systemctl show {name} ended with status {done.rc}: {done.err.strip()[:200]}")
        if fields["LoadState"] not in ("not-found", "masked") or fields.get("ActiveState") in RUNNING:
            found[fields.get("Id", name)] = fields.get("ActiveState") in RUNNING
    return found


def _said(host: Host) -> list[Proof]:
    """What sshd says before the change for those who are asked about, to be said again. Raises."""
    who = visitor(host)
    specs = [question.spec for question in (*usual(host), *([who.question] if who else []))]
    # A service that failed takes /run/sshd with it, without which sshd answers nothing.
    program = [*alone(ALONE, files_of(host)), PROGRAM]
    proofs = [Proof((*program, "-t", *options(host)))]
    for spec in dict.fromkeys(specs):
        argv = (*program, "-T", *options(host), "-C", spec)
        done = host.query(list(argv))
        if done.rc != 0:
            raise ChangeRefused(
                f"sshd does not take its configuration as it is, and could not be put back: {done.err.strip()[:400]}"
            )
        proofs.append(Proof(argv, done.out.encode()))
    return proofs
