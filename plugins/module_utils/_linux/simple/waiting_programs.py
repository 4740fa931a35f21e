"""Programs that wait for people from the network, or will: what listens, what its maker's relay reaches, what starts.

The driver `listening` tells them, and `sharing_off` switches them off.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
import stat
from collections.abc import Iterator
from typing import NamedTuple

from ..engine.host import Host, HostError
from ..engine.safe_read import number, text_or_nothing
from ..system.dconf_people import everyone
from ..system.inifile import keyfile_assignments
from ..system.open_ports import Listener, listeners
from ..system.units_enabled import LINKS, UNITS, activated, enabled, started_units

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
GNOME_UNIT = "gnome-remote-desktop.service"
# Screens are started by no such entry, and "X" is a word of many command lines.
STARTED_SHARING = tuple(name for name in SHARING if name not in ("Xorg*", "X", "weston*"))
XRDP_UNITS = ("xrdp.service", "xrdp.socket")
# Units of people's own service managers. GNOME's own is in every session, and waits until its switch is turned.
PEOPLES_UNITS = (*SHARING_UNITS, "gnome-remote-desktop-headless*", "vino-server*")
SSH_UNITS = ("dropbear*", "tinyssh*")
OUR_SSH = re.compile(r"/(?:ssh|sshd)(?:@[^/]*)?\.(?:service|socket)\Z")
SSHD = "/usr/sbin/sshd"
# The first that says it counts: what grdctl keeps for itself, the machine's, the package's.
GNOME_FILES = (
    "/var/lib/gnome-remote-desktop/.local/share/gnome-remote-desktop/grd.conf",
    "/etc/gnome-remote-desktop/grd.conf",
    "/usr/share/gnome-remote-desktop/grd.conf",
)
AUTOSTART = "/etc/xdg/autostart"
USER_UNITS = ("/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user")
OWN_UNITS = ".config/systemd/user"  # in a home
XDMCP = 177
SSHD_UNIT = re.compile(r"(?m)^ExecStart=[-@:+!]*\S*/sshd\s(?:.*\s)?-[of]")


class Program(NamedTuple):
    """A program as the reading has it (`text`), and what it is to whoever switches it off.

    `kind`: a "process" of the name and pid that are given, a system "unit", a unit of people's managers ("user_unit"),
    a file in /etc/xdg/autostart ("autostart"), or a "stranger", who only listens where such programs do. Of a unit
    `starter` is another one that starts it, or an empty text.
    """

    text: str
    kind: str
    name: str
    pid: str = ""
    starter: str = ""


def listed(programs: list[Program]) -> list[str]:
    """The programs as the reading has them: ss gives them in an order that is another after each start."""
    return sorted({program.text for program in programs})[:100]


def found(host: Host, address: str) -> list[Program]:
    """The programs of an address. Raises HostError."""
    if not host.is_root:
        raise HostError("needs_root", "only root is told which program listens on a port")
    open_ports = listeners(host)
    if address == "xrdp":
        return _by_name(host, open_ports, XRDP) + _starting(host, XRDP_UNITS)
    if address == "desktop-sharing":
        programs = _by_name(host, open_ports, SHARING) + _by_port(open_ports) + _relayed(host)
        programs += _gnome_for_the_machine(host) + _starting(host, SHARING_UNITS)
        return programs + list(_with_a_session(host)) + list(_autostart(host))
    programs = _by_name(host, open_ports, SSH) + _other_sshd(host, open_ports) + _starting(host, SSH_UNITS)
    return programs + _sshd_units(host)


def like(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name is one of these, as a shell would match it; case does not count."""
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _names(host: Host, name: str, pid: str) -> list[str]:
    """A program's name and that of its file, which a script language or a renamed program does not hide."""
    file = host.link(f"/proc/{pid}/exe") or ""
    return [name, file.rsplit("/", 1)[-1]]


def _by_name(host: Host, open_ports: list[Listener], patterns: tuple[str, ...]) -> list[Program]:
    return [
        Program(listener.text(name), "process", name, pid)
        for listener in open_ports
        for name, pid in listener.programs
        if any(like(called, patterns) for called in _names(host, name, pid))
    ]


def _by_port(open_ports: list[Listener]) -> list[Program]:
    """Whatever listens where RDP, VNC and XDMCP (a sign-in from afar, in clear) are expected, whoever it is."""
    programs = []
    for listener in open_ports:
        sign_in = listener.protocol == "UDP" and listener.port == XDMCP
        if sign_in or (listener.protocol == "TCP" and (listener.port == 3389 or 5900 <= listener.port <= 5910)):
            name = listener.programs[0][0] if listener.programs else "a program without a name"
            if not like(name, (*XRDP, *SHARING)):
                programs.append(Program(listener.text(name), "stranger", name))
    return programs


def _relayed(host: Host) -> list[Program]:
    programs = []
    for pid in host.entries("/proc"):
        if number(pid) is None:
            continue
        try:
            name = host.text(f"/proc/{pid}/comm").strip()
        except (FileNotFoundError, HostError):
            continue  # it has ended meanwhile
        if like(name, RELAYED):
            programs.append(Program(f"{name} (runs, and reaches its maker's relay)", "process", name, pid))
    return programs


def _gnome_for_the_machine(host: Host) -> list[Program]:
    """GNOME's sign-in from afar, when it is switched on and starts; by itself its unit only waits for that."""
    if not enabled(host, GNOME_UNIT):
        return []
    switched = ""
    for path in GNOME_FILES:
        for assignment in keyfile_assignments(text_or_nothing(host, path) or "", path):
            if (assignment.section, assignment.key) == ("RDP", "enabled"):
                switched = switched or assignment.text
    text = "gnome-remote-desktop (switched on for the whole machine)"
    return [Program(text, "unit", GNOME_UNIT)] if switched == "true" else []


def _with_a_session(host: Host) -> Iterator[Program]:
    """Units that start when somebody signs in: with everybody's session, or with that of whoever enabled them."""
    people = [("everybody's", place, "") for place in USER_UNITS]
    people += [(f"{someone.name}'s", own, own) for someone in everyone(host) for own in [f"{someone.home}/{OWN_UNITS}"]]
    for whose, folder, own in people:
        places = (own, *USER_UNITS) if own else USER_UNITS
        links = [name for name in host.entries(folder) if name.endswith(LINKS)]
        for unit in sorted({unit for name in links for unit in host.entries(f"{folder}/{name}")}):
            if like(unit, PEOPLES_UNITS) and _unmasked(host, unit, places):
                yield Program(f"{unit} (starts with {whose} session)", "user_unit", unit)


def _unmasked(host: Host, unit: str, places: tuple[str, ...]) -> bool:
    """Whether the first of these folders that has a unit (or its template) has more than a mask."""
    template = re.sub(r"@[^/]*\.", "@.", unit)
    path = next((f"{one}/{name}" for name in (unit, template) for one in places if host.exists(f"{one}/{name}")), "")
    if not path or host.link(path) == "/dev/null":
        return False
    try:
        status = host.stat(path)
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(status.st_mode) or status.st_size > 0


def _autostart(host: Host) -> Iterator[Program]:
    """Entries that start such a program in everybody's session.

    Hidden=true takes one out (Desktop Application Autostart Specification 0.5).
    """
    for name in host.entries(AUTOSTART):
        path = f"{AUTOSTART}/{name}"
        if not name.endswith(".desktop"):
            continue
        entry: dict[str, str] = {}
        for line in (text_or_nothing(host, path) or "").split("\n"):
            key, equals, setting = line.partition("=")
            if line.startswith("[") and entry:
                break  # an action of its menu
            if equals:
                entry.setdefault(key.strip(), setting.strip())
        programs = [word.rsplit("/", 1)[-1] for word in _words(entry.get("Exec", ""))]
        started = next((one for one in programs if like(one, (*STARTED_SHARING, *RELAYED))), "")
        if started and entry.get("Hidden", "").lower() != "true":
            yield Program(f"{started} (starts with everybody's session: {path})", "autostart", path)


def _words(command: str) -> list[str]:
    """The words of a command line, those within quoted ones too: a shell may be asked to start the program."""
    try:
        return [word for part in shlex.split(command) for word in part.split()]
    except ValueError:
        return command.split()


def _other_sshd(host: Host, open_ports: list[Listener]) -> list[Program]:
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
                programs.append(Program(listener.text(file), "process", name, pid))
            elif re.search(r"\s-[of]", command_line):
                programs.append(Program(listener.text("sshd with options of its own"), "process", name, pid))
    return programs


def _starting(host: Host, patterns: tuple[str, ...]) -> list[Program]:
    started = [
        Program(f"{unit} (starts with the machine)", "unit", unit)
        for unit in started_units(host)
        if like(unit, patterns)
    ]
    return started + [
        Program(f"{unit} ({starter}, which starts with the machine, starts it)", "unit", unit, starter=starter)
        for starter, unit in activated(host)
        if like(unit, patterns) and not like(starter, patterns)
    ]


def _sshd_units(host: Host) -> list[Program]:
    """Units that start an sshd with options or a file of its own, also by a socket or timer: nothing listens."""
    programs = []
    started = [(unit, unit) for unit in started_units(host) if unit.endswith(".service")]
    for unit, service in [*started, *activated(host)]:
        if OUR_SSH.search(f"/{unit}"):
            continue
        text = next(filter(None, (text_or_nothing(host, f"{place}/{service}") for place in UNITS)), "")
        if SSHD_UNIT.search(text):
            programs.append(Program(f"{unit} (starts an sshd with options of its own)", "unit", unit))
    return programs
