"""Switch programs that share the desktop off for good: what the driver `listening` found, except what is to stay.

A unit is stopped, disabled and masked. One whose own file lies in /etc/systemd/system cannot be masked by a link: it is
disabled, and where another unit starts it, its file becomes an empty one, which is a mask too (systemd.unit(5)). A unit
of people's own service managers gets an empty file in /etc/systemd/user, an autostart entry Hidden=true. A process that
no such unit started is ended.

Nothing is taken away, and the journal has all of it; only a process that was ended is not started again by an undo.
"""

from __future__ import annotations

import re

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.overlay_host import OverlayHost
from ..system.inifile import with_key
from ..system.unit import RUNS
from .waiting_programs import (
    GNOME_UNIT,
    OWN_UNITS,
    PEOPLES_UNITS,
    RELAYED,
    SHARING,
    SHARING_UNITS,
    XRDP,
    XRDP_UNITS,
    Program,
    found,
    like,
    listed,
)

SYSTEM, USER = "/etc/systemd/system", "/etc/systemd/user"
# Units that exist for such a program. In any other the program may be one of several things that it does.
OWN = (*SHARING_UNITS, *XRDP_UNITS, *PEOPLES_UNITS, *RELAYED, "xrdp-sesman.service", GNOME_UNIT)
# What people see and work in: to end it is to end their session.
SCREENS = ("Xorg*", "X", "weston*")
ACTIVE = ("active", "reloading", "activating", "refreshing")
OFF = ("disabled", "static", "indirect", "transient", "masked", "masked-runtime", "generated", "")
SERVICE = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,200}\.service\Z")
MANAGER = re.compile(r"/user@([0-9]{1,10})\.service/")
FIELDS = ("LoadState", "ActiveState", "UnitFileState", "FragmentPath", "MainPID")
SSH = ("sshd*", "dropbear*", "tinysshd*")
# The kernel may have given the number to another program since it was seen; a dead one that nobody has waited for has
# no program any more.
END = """\
gone() { [ ! -e "/proc/$1/exe" ] || [ "$(cat "/proc/$1/comm")" != "$2" ]; }
gone "$@" && exit 0
kill "$1"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do gone "$@" && exit 0; sleep 0.1; done
kill -KILL "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do gone "$@" && exit 0; sleep 0.1; done
echo "$2 (process $1) does not end" >&2
exit 1"""
# As the person, whose manager it is; whatever that says, the process is ended afterwards.
STOP_OWN = """\
export XDG_RUNTIME_DIR="/run/user/$1"
timeout 20 systemctl --user daemon-reload
timeout 20 systemctl --user stop -- "$2"
exit 0"""
LOCAL = (
    "this roll-out runs on the device itself, in somebody's session, and {} may be how they see it; come by SSH, or "
    "stop it by hand"
)


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """What switches off all programs of these addresses but those that may stay. Raises ChangeRefused, HostError."""
    off = _Off(host)
    for change in changes:
        address, stay = change["address"], change["value"]
        if address not in ("desktop-sharing", "xrdp"):
            raise ChangeRefused(f"{address} is only reported: stop the program, or take its package away")
        if not isinstance(stay, (list, tuple)) or not all(isinstance(one, str) for one in stay):
            raise ChangeRefused(f"{address}: what may stay is a list of what was found there, not {stay!r}")
        programs = found(host, address)
        go = set(listed(programs)) - set(stay)
        programs = [program for program in programs if program.text in go]
        _refuse_our_own_way_in(host, [program for program in programs if program.kind == "process"])
        for program in programs:
            off.take(program)
        if address == "xrdp" and programs:
            off.unit("xrdp-sesman.service")
    return off.result()


def _refuse_our_own_way_in(host: Host, running: list[Program]) -> None:
    """Raise ChangeRefused where whoever makes this change may be looking through one of these programs."""
    if not running:
        return
    names, over_ssh = _ancestors(host), False
    for name in names:
        if like(name, (*XRDP, *SHARING, *RELAYED)) and not like(name, SCREENS):
            raise ChangeRefused(f"this roll-out was itself started through {name}; come by SSH")
        over_ssh = over_ssh or like(name, SSH)
    if names and not over_ssh and "/user.slice/" in _cgroup(host, "self"):
        raise ChangeRefused(LOCAL.format(running[0].name))


def _ancestors(host: Host) -> list[str]:
    """The names of the processes from which this one comes, as the kernel keeps them; the nearest first."""
    names: list[str] = []
    pid = "self"
    while pid not in ("0", "1") and len(names) < 100:
        fields = _status(host, pid)
        pid = fields.get("PPid", "0")
        names.append(fields.get("Name", ""))
    return names


def _status(host: Host, pid: str) -> dict[str, str]:
    try:
        lines = host.text(f"/proc/{pid}/status").split("\n")
    except FileNotFoundError:
        return {}
    return {name: text.strip() for name, _colon, text in (line.partition(":") for line in lines)}


def _cgroup(host: Host, pid: str) -> str:
    """The path of a process in systemd's tree, with a slash at its end; a slash alone where it has ended."""
    try:
        lines = host.text(f"/proc/{pid}/cgroup").split("\n")
    except FileNotFoundError:
        return "/"
    paths = {names: path for _number, names, path in (line.split(":", 2) for line in lines if line.count(":") >= 2)}
    return paths.get("", paths.get("name=systemd", "")).rstrip("/") + "/"


class _Off:
    """Edits and commands that switch things off, and what is left alone, with the reason."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._overlay = OverlayHost(host)
        self._commands: dict[str, list[list[str]]] = {"stop": [], "end": [], "disable": [], "mask": [], "reload": []}
        self._left: list[str] = []

    def take(self, program: Program) -> None:
        """Switch one program off; what may not be changed is left, and keeps no other from it. Raises HostError."""
        try:
            self._take(program)
        except ChangeRefused as refusal:
            self._left.append(str(refusal))

    def _take(self, program: Program) -> None:
        if program.kind == "unit":
            self.unit(program.name, program.starter)
        elif program.kind == "user_unit":
            if not self._mask(program.name):
                self._left.append(
                    f"{program.text}: it is masked for everybody, and a file of that person's own counts before that; "
                    f"let them take it out of ~/{OWN_UNITS}"
                )
        elif program.kind == "autostart":
            self._hide(program.name)
        elif program.kind == "process" and not like(program.name, SCREENS):
            self._process(program.name, program.pid)
        elif program.kind == "process":
            self._left.append(f"{program.text}: it is a screen that somebody works at; take -listen out of its options")
        else:
            self._left.append(
                f"{program.text}: no program that Leeboard knows to share a desktop; find out what it is, and stop it"
            )

    def unit(self, name: str, starter: str = "") -> None:
        """Stop, disable and mask a system unit, as far as that is not so."""
        fields = self._fields(name)
        if fields["LoadState"] == "not-found":
            return
        if fields["ActiveState"] in ACTIVE:
            self._add("stop", ["systemctl", "stop", name])
        state, own = fields["UnitFileState"], f"{SYSTEM}/{name}"
        if state not in OFF:
            self._add("disable", ["systemctl", "disable", name])
        if state == "transient" or state == "masked":
            return
        if not self._host.exists(own):
            self._add("mask", ["systemctl", "mask", name])
        elif starter:
            self._overlay.put(own, "", mode=0o644)
            self._add("reload", ["systemctl", "daemon-reload"])

    def _process(self, name: str, pid: str) -> None:
        path = _cgroup(self._host, pid)
        leaf = path.rstrip("/").rsplit("/", 1)[-1]
        manager = MANAGER.search(path)
        if SERVICE.match(leaf) and not manager and self._is_own(leaf, pid):
            self.unit(leaf)
            return
        status = _status(self._host, pid)
        uid, gid = ((status.get(field, "").split() or [""])[0] for field in ("Uid", "Gid"))
        if SERVICE.match(leaf) and manager and manager[1] == uid and like(leaf, OWN):
            self._mask(leaf)
            ids = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
            self._add("stop", ["setpriv", *ids, "sh", "-c", STOP_OWN, "sh", uid, leaf])
        self._add("end", ["sh", "-c", END, "sh", pid, name])

    def _is_own(self, unit: str, pid: str) -> bool:
        """Whether a unit is there for this process, and not for several things, one of which started it."""
        return like(unit, OWN) or self._fields(unit)["MainPID"] == pid

    def _mask(self, name: str) -> bool:
        """Mask a unit of people's managers for everybody; whether it was not masked before. Raises ChangeRefused."""
        path = f"{USER}/{name}"
        if self._host.link(path) == "/dev/null" or (self._host.exists(path) and not self._host.stat(path).st_size):
            return False
        self._overlay.put(path, "", mode=0o644)
        return True

    def _hide(self, path: str) -> None:
        text = self._overlay.original_text(path)
        self._overlay.put(path, with_key(text, "Desktop Entry", "Hidden", "true"))

    def _fields(self, unit: str) -> dict[str, str]:
        if not self._host.exists(RUNS):
            raise ChangeRefused(f"systemd does not run on this machine, so {unit} cannot be switched off")
        wanted = [word for field in FIELDS for word in ("-p", field)]
        done = self._host.query(["systemctl", "show", *wanted, "--", unit])
        fields = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
        if done.rc != 0 or "LoadState" not in fields:
            raise HostError("failed", f"systemctl show {unit} ended with status {done.rc}: {done.err.strip()[:200]}")
        return {field: fields.get(field, "") for field in FIELDS}

    def _add(self, step: str, argv: list[str]) -> None:
        if argv not in self._commands[step]:
            self._commands[step].append(argv)

    def result(self) -> DryRun:
        """What is done, in its order. Raises ChangeRefused where all that there is has to be left alone."""
        commands = [argv for step in self._commands.values() for argv in step]
        if self._left and not commands and not self._overlay.changes_something():
            raise ChangeRefused("; ".join(self._left))
        return self._overlay.result(commands)
