"""The units of systemd that make a checkpoint work, and what a unit was before a change.

They are files in /etc/systemd/system, enabled by links there: a transient timer would be gone after a restart.
"""

from __future__ import annotations

import re

from ..engine.armed import FOLDER
from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..system.systemd_unit import RUNNING
from .script import UnitBefore

NAME = "leeboard-checkpoint"
SYSTEM = "/etc/systemd/system"
SCRIPT = f"{FOLDER}/put-back"
COMMAND = f"/usr/local/sbin/{NAME}"
UNIT = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,120}\.(?:service|socket|timer|path|target)\Z")
PLAIN = re.compile(r"\A[A-Za-z0-9/_.+@-]+\Z")
# Whatever opens the device or its network comes after a start has put the files back.
AFTER_US = (
    "network-pre.target", "nftables.service", "ufw.service", "firewalld.service", "netfilter-persistent.service",
    "sockets.target", "ssh.socket", "sshd.socket", "ssh.service", "sshd.service", "systemd-networkd.service",
    "NetworkManager.service",
)  # fmt: skip
START_LONGEST = 90  # seconds that a start-up may be held up
SHOWN = ("Id", "LoadState", "ActiveState", "UnitFileState")
OTHER = "other"  # what nobody can bring back, and nobody compares
ACTIVE = {"active": "active", "inactive": "inactive", "failed": "inactive"}
WRAPPER = f"""#!/bin/sh
# Leeboard's checkpoint, for root on a terminal: status, confirm, rollback.
exec /bin/sh {SCRIPT} "$@"
"""


def unit_files(seconds: int, longest: int, folders: list[str], covered: list[str]) -> dict[str, str]:
    """{path: text}. `seconds`: until the device puts itself back. `longest`: what that may take.

    `folders` hold files that are put back, or their copies; `covered` are units that a start must not start before.
    """
    before = " ".join(dict.fromkeys([*AFTER_US, *covered]))
    needed = " ".join(dict.fromkeys(folder for folder in (FOLDER, "/etc", *folders) if PLAIN.match(folder)))
    about = "Leeboard: put back a change that nobody confirmed"
    return {
        f"{SYSTEM}/{NAME}.service": f"""[Unit]
Description={about}
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/bin/sh {SCRIPT} timer
ExecStartPost=/bin/sh {SCRIPT} clean
TimeoutStartSec={longest}
Restart=on-failure
RestartSec=60
""",
        f"{SYSTEM}/{NAME}.timer": f"""[Unit]
Description={about}

[Timer]
OnActiveSec={seconds}
AccuracySec=1s

[Install]
WantedBy=timers.target
""",
        f"{SYSTEM}/{NAME}-start.service": f"""[Unit]
Description={about}, at a start
DefaultDependencies=no
RequiresMountsFor={needed}
After=systemd-remount-fs.service
Before={before}
Conflicts=shutdown.target
OnFailure={NAME}.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {SCRIPT} start
TimeoutStartSec={START_LONGEST}

[Install]
WantedBy=sysinit.target
""",
    }


LINKS = {
    f"{SYSTEM}/timers.target.wants/{NAME}.timer": f"{SYSTEM}/{NAME}.timer",
    f"{SYSTEM}/sysinit.target.wants/{NAME}-start.service": f"{SYSTEM}/{NAME}-start.service",
}


def shown(host: Host, names: list[str]) -> dict[str, dict[str, str]]:
    """{unit: properties} as systemd says them at this moment. Raises HostError."""
    done = host.act(["systemctl", "show", *[word for name in SHOWN for word in ("-p", name)], "--", *names])
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in done.out.strip("\n").split("\n\n")
    ]
    if done.rc != 0 or len(blocks) != len(names) or any("LoadState" not in block for block in blocks):
        raise HostError("failed", f"systemctl show ended with status {done.rc}: {done.err.strip()[:200]}")
    return dict(zip(names, blocks))  # noqa: B905  Python 3.10 has `strict`


def units_before(host: Host, names: list[str], restart: list[str]) -> tuple[list[UnitBefore], list[str]]:
    """(units as they are, those to restart), with the sockets of the latter; of two names of one unit its own counts.

    Raises ChangeRefused and HostError.
    """
    wrong = [name for name in [*names, *restart] if not UNIT.match(name)]
    if wrong:
        raise ChangeRefused(f"{wrong[0]!r} is no unit of systemd")
    sockets = [_socket(name) for name in restart if name.endswith(".service")]
    wanted = list(dict.fromkeys([*restart, *sockets, *names]))
    if not wanted:
        return [], []
    found = shown(host, wanted)
    listening = {name for name in sockets if found[name].get("ActiveState") in RUNNING}
    units = []
    for name in wanted:
        fields = found[name]
        own = fields.get("Id", name)
        if own != name and own in wanted:
            continue
        if fields["LoadState"] == "not-found":
            if name in names:
                units.append(UnitBefore(name, "absent", "inactive"))
            continue
        kind = "socket" if _socket(name) in listening and name in restart else ACTIVE.get(fields["ActiveState"], OTHER)
        units.append(UnitBefore(name, fields.get("UnitFileState") or OTHER, kind))
    return units, [unit.name for unit in units if unit.name in restart and unit.enabled != "absent"]


def _socket(name: str) -> str:
    return name.rpartition(".")[0] + ".socket"
