"""Programs that wait for people from the network: desktop sharing, and SSH servers besides the system's own. Read only.

Addresses, all lists of words like "x11vnc (TCP 5900 on every address)":
    desktop-sharing      programs that show this machine's desktop to others, or wait to do so; not xrdp
    xrdp                 xrdp, which opens a desktop of its own
    other-ssh-servers    SSH servers whose configuration the driver sshd does not see

A program counts when it listens on an address that others reach, when it works through a relay of its maker and runs,
or when systemd starts it with the machine. What listens on loopback only is reached through SSH, and harmless.
"""

from __future__ import annotations

import fnmatch
import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import number, read_each, text_or_nothing
from ..system.inifile import keyfile_assignments
from ..system.units_enabled import UNITS, activated, enabled, started_units

NAME = "listening"
ADDRESSES = re.compile(r"\A(?:desktop-sharing|xrdp|other-ssh-servers)\Z")
ALL = ["desktop-sharing", "xrdp", "other-ssh-servers"]
QUESTION = ["ss", "-H", "-l", "-n", "-t", "-u", "-p", "-e"]
# Names of programs, as the kernel keeps them (15 characters) or as their file is called.
SHARING = (
    "gnome-remote-de*", "krdp*", "krfb*", "x11vnc*", "wayvnc*", "Xtigervnc*", "Xvnc*", "Xtightvnc*", "x0vncserver*",
    "x0tigervnc*", "vncserver*", "vino-server*", "freerdp-shadow*", "weston*", "sunshine*", "websockify*", "nxd*",
    "nxserver*", "Xorg*", "X",
)  # fmt: skip
# These reach their maker's relay by themselves, so it is enough that they run.
RELAYED = (
    "anydesk*", "teamviewer*", "rustdesk*", "hoptodesk*", "dwagent*", "dwagsvc*", "meshagent*", "chrome-remote-d*",
)  # fmt: skip
XRDP = ("xrdp", "xrdp-sesman")
SSH = ("dropbear*", "tinysshd*")
SHARING_UNITS = (
    "x11vnc*", "wayvnc*", "tigervnc*", "vncserver*", "x0vncserver*", "krfb*", "app-org.kde.krdpserver*",
    "krdpserver*", "anydesk*", "teamviewerd*", "rustdesk*", "dwagent*", "nxserver*", "sunshine*", "hoptodesk*",
    "meshagent*", "chrome-remote-desktop*",
)  # fmt: skip
XRDP_UNITS = ("xrdp.service", "xrdp.socket")
SSH_UNITS = ("dropbear*", "tinyssh*")
OUR_SSH = re.compile(r"/(?:ssh|sshd)(?:@[^/]*)?\.(?:service|socket)\Z")
SSHD = "/usr/sbin/sshd"
# The first that says it counts: what grdctl keeps for itself, the machine's, the package's.
GNOME_FILES = (
    "/var/lib/gnome-remote-desktop/.local/share/gnome-remote-desktop/grd.conf",
    "/etc/gnome-remote-desktop/grd.conf",
    "/usr/share/gnome-remote-desktop/grd.conf",
)
XDMCP = 177
SSHD_UNIT = re.compile(r"(?m)^ExecStart=[-@:+!]*\S*/sshd\s(?:.*\s)?-[of]")
USERS = re.compile(r'\("(?P<name>(?:[^"\\]|\\.)*)",pid=(?P<pid>[0-9]+)')
CGROUP = re.compile(r"\bcgroup:(\S+)")


class Listener:
    """One open port: `protocol`, `where` (an address or "every address"), `port`, `programs` (name, pid), `cgroup`."""

    def __init__(self, protocol: str, where: str, port: int, programs: list[tuple[str, str]], cgroup: str) -> None:
        self.protocol = protocol
        self.where = where
        self.port = port
        self.programs = programs
        self.cgroup = cgroup

    def text(self, name: str) -> str:
        """The program and its port in words."""
        return f"{name} ({self.protocol} {self.port} on {self.where})"


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: stopping a program is up to whoever started it."""
    raise ChangeRefused("what listens is only reported: stop the program, or take its package away")


def _read(host: Host, address: str) -> Reading:
    if not host.is_root:
        raise HostError("needs_root", "only root is told which program listens on a port")
    open_ports = listeners(host)
    if address == "xrdp":
        programs = _by_name(host, open_ports, XRDP) + _starting(host, XRDP_UNITS)
    elif address == "desktop-sharing":
        programs = _by_name(host, open_ports, SHARING) + _by_port(open_ports) + _relayed(host)
        programs += _gnome_for_the_machine(host) + _starting(host, SHARING_UNITS)
    else:
        programs = _by_name(host, open_ports, SSH) + _other_sshd(host, open_ports) + _starting(host, SSH_UNITS)
        programs += _sshd_units(host)
    # ss gives them in an order that is another after each start.
    return reading(NAME, address, value(sorted(set(programs))[:100], "ss, /proc and systemd's links", "list"))


def listeners(host: Host) -> list[Listener]:
    """Every port that others reach. Raises HostError."""
    done = host.query(QUESTION)
    if done.rc != 0:
        raise HostError("failed", f"ss ended with status {done.rc}: {done.err.strip()[:300]}")
    if done.out and not done.out.endswith("\n"):
        raise HostError("malformed", "the list of listening programs that ss gave is cut off")
    listening = []
    for line in done.out.split("\n"):
        words = line.split()
        if not words:
            continue
        if len(words) < 6 or words[0] not in ("tcp", "udp"):
            raise HostError("malformed", f"a line of ss makes no sense: {line[:100]!r}")
        place, _colon, port = words[4].rpartition(":")
        if number(port) is None or _loopback(place):
            continue
        where = "every address" if place in ("*", "0.0.0.0", "[::]") else place  # noqa: S104 - read, not bound
        programs = [(match["name"], match["pid"]) for match in USERS.finditer(line)]
        cgroup = CGROUP.search(line)
        listening.append(Listener(words[0].upper(), where, int(port), programs, cgroup[1] if cgroup else ""))
    return listening


def _loopback(place: str) -> bool:
    bare = place.strip("[]")
    return bare.startswith(("127.", "::ffff:127.")) or bare == "::1" or bare.endswith("%lo")


def _like(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _names(host: Host, name: str, pid: str) -> list[str]:
    """A program's name and that of its file, which a script language or a renamed program does not hide."""
    file = host.link(f"/proc/{pid}/exe") or ""
    return [name, file.rsplit("/", 1)[-1]]


def _by_name(host: Host, open_ports: list[Listener], patterns: tuple[str, ...]) -> list[str]:
    return [
        listener.text(name)
        for listener in open_ports
        for name, pid in listener.programs
        if any(_like(called, patterns) for called in _names(host, name, pid))
    ]


def _by_port(open_ports: list[Listener]) -> list[str]:
    """Whatever listens where RDP, VNC and XDMCP (a sign-in from afar, in clear) are expected, whoever it is."""
    programs = []
    for listener in open_ports:
        sign_in = listener.protocol == "UDP" and listener.port == XDMCP
        if sign_in or (listener.protocol == "TCP" and (listener.port == 3389 or 5900 <= listener.port <= 5910)):
            name = listener.programs[0][0] if listener.programs else "a program without a name"
            if not _like(name, (*XRDP, *SHARING)):
                programs.append(listener.text(name))
    return programs


def _relayed(host: Host) -> list[str]:
    programs = []
    for pid in host.entries("/proc"):
        if number(pid) is None:
            continue
        try:
            name = host.text(f"/proc/{pid}/comm").strip()
        except (FileNotFoundError, HostError):
            continue  # it has ended meanwhile
        if _like(name, RELAYED):
            programs.append(f"{name} (runs, and reaches its maker's relay)")
    return programs


def _gnome_for_the_machine(host: Host) -> list[str]:
    """GNOME's sign-in from afar, when it is switched on and starts; by itself its unit only waits for that."""
    if not enabled(host, "gnome-remote-desktop.service"):
        return []
    switched = ""
    for path in GNOME_FILES:
        for assignment in keyfile_assignments(text_or_nothing(host, path) or "", path):
            if (assignment.section, assignment.key) == ("RDP", "enabled"):
                switched = switched or assignment.text
    return ["gnome-remote-desktop (switched on for the whole machine)"] if switched == "true" else []


def _other_sshd(host: Host, open_ports: list[Listener]) -> list[str]:
    """Listening sshd processes that were not started by the system's unit and have options or a file of their own."""
    programs = []
    for listener in open_ports:
        if OUR_SSH.search(listener.cgroup):
            continue
        for name, pid in listener.programs:
            if name != "sshd":
                continue
            file = (host.link(f"/proc/{pid}/exe") or SSHD).replace(" (deleted)", "")
            try:
                command_line = host.text(f"/proc/{pid}/cmdline").replace("\0", " ")
            except FileNotFoundError:
                continue
            if file != SSHD:
                programs.append(listener.text(file))
            elif re.search(r"\s-[of]", command_line):
                programs.append(listener.text("sshd with options of its own"))
    return programs


def _starting(host: Host, patterns: tuple[str, ...]) -> list[str]:
    started = [f"{unit} (starts with the machine)" for unit in started_units(host) if _like(unit, patterns)]
    return started + [
        f"{unit} ({starter}, which starts with the machine, starts it)"
        for starter, unit in activated(host)
        if _like(unit, patterns) and not _like(starter, patterns)
    ]


def _sshd_units(host: Host) -> list[str]:
    """Units that start an sshd with options or a file of its own, also by a socket or timer: nothing listens."""
    programs = []
    started = [(unit, unit) for unit in started_units(host) if unit.endswith(".service")]
    for unit, service in [*started, *activated(host)]:
        if OUR_SSH.search(f"/{unit}"):
            continue
        text = next(filter(None, (text_or_nothing(host, f"{place}/{service}") for place in UNITS)), "")
        if SSHD_UNIT.search(text):
            programs.append(f"{unit} (starts an sshd with options of its own)")
    return programs
