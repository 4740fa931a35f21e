"""The time servers of each time service, as its files name them and as far as it tells which it asks now."""

from __future__ import annotations

import fnmatch
import re

from ..dropin.systemd import FOLDERS, files
from ..engine.host import Host, HostError
from ..engine.reading import Machine
from ..engine.safe_read import by_name, text_or_nothing
from ..system.inifile import systemd_assignments
from ..system.systemd_unit import arguments

OURS = "/etc/systemd/timesyncd.conf.d/zz-leeboard.conf"
CHRONY = "/etc/chrony/chrony.conf"
DEEPEST = 10


class Servers:
    """`configured` names and where they stand (`source`), the files that count (`paths`), and what the program says it
    asks now (`running`, None where it does not tell) with the `tool` that tells it."""

    def __init__(
        self, configured: list[str], source: str, paths: list[str], running: list[str] | None = None, tool: str = ""
    ) -> None:
        self.configured = configured
        self.source = source
        self.paths = paths
        self.running = running
        self.tool = tool


class Timesyncd:
    """What timesyncd's files say: `system` servers, `fallback` (None where no file names any), `paths` and `source`."""

    def __init__(self) -> None:
        self.system: list[str] = []
        self.fallback: list[str] | None = None
        self.paths: list[str] = []
        self.source = "no file of timesyncd.conf"


def timesyncd_files(host: Machine) -> Timesyncd:
    """The lists of all files: assignments add up, an empty one begins anew (timesyncd.conf(5)). Raises HostError."""
    parsed = Timesyncd()
    parsed.paths = files(host, "timesyncd")
    for path in parsed.paths:
        for assignment in systemd_assignments(text_or_nothing(host, path) or "", path):
            if assignment.section != "Time" or assignment.key not in ("NTP", "FallbackNTP"):
                continue
            names = assignment.text.split()
            if assignment.key == "NTP":
                parsed.system = _added(parsed.system, names)
                parsed.source = assignment.place
            else:
                parsed.fallback = _added(parsed.fallback or [], names)
    parsed.paths += [f"{folder}/timesyncd.conf.d" for folder in FOLDERS]
    return parsed


def _added(before: list[str], names: list[str]) -> list[str]:
    return before + [name for name in names if name not in before] if names else []


def timesyncd(host: Host) -> Servers:
    """Its own servers and those of the network are asked; the fallback only where there are neither."""
    written, now = timesyncd_files(host), _shown(host)
    link, runtime = now["LinkNTPServers"], now["RuntimeNTPServers"]
    fallback = now["FallbackNTPServers"] if written.fallback is None else written.fallback
    configured = _added(written.system, link) if link else written.system
    source = written.source if not link else f"{written.source}; the network gives {' '.join(link)}"
    if not configured:
        configured, source = fallback, "the fallback list, since nothing else is named"
    running = [*now["SystemNTPServers"], *runtime, *link] or now["FallbackNTPServers"]
    return Servers(configured, source, written.paths, list(dict.fromkeys(running)), "timedatectl show-timesync")


def from_the_network(host: Host) -> list[str]:
    """The servers that timesyncd got by DHCP. Raises HostError."""
    return _shown(host)["LinkNTPServers"]


def _shown(host: Host) -> dict[str, list[str]]:
    names = ("SystemNTPServers", "LinkNTPServers", "RuntimeNTPServers", "FallbackNTPServers")
    by_name: dict[str, list[str]] = {name: [] for name in names}
    done = host.query(["timedatectl", "show-timesync", *(part for name in names for part in ("-p", name))])
    if done.rc != 0:
        raise HostError("failed", f"timedatectl show-timesync ended with status {done.rc}: {done.err.strip()[:200]}")
    for line in done.out.splitlines():
        name, _dummy, servers = line.partition("=")
        if name not in by_name or not done.out.endswith("\n"):
            raise HostError("malformed", f"what timedatectl show-timesync says makes no sense: {line[:100]!r}")
        by_name[name] = servers.split()
    return by_name


def _chrony(host: Host) -> Servers:
    lines, paths = _chrony_lines(host, _chrony_file(host))
    named = [(words[1], place) for words, place in lines if words[0] in ("server", "pool", "peer") and len(words) > 1]
    named += [(f"refclock {words[1]}", place) for words, place in lines if words[0] == "refclock" and len(words) > 1]
    done = host.query(["chronyc", "-N", "-c", "sources"])
    running = None
    if done.rc == 0:
        rows = [line.split(",") for line in done.out.split("\n") if line.count(",") > 2]
        # The members of a pool come with the pool's name; a clock that is plugged in begins with a hash.
        names = {f"refclock {row[2]}" if row[0].startswith("#") else row[2] for row in rows}
        running = sorted(names) or None  # a name that could not be looked up yet is not shown
    source = ", ".join(dict.fromkeys(place for _name, place in named))[:1000] or f"{_chrony_file(host)} names none"
    return Servers(list(dict.fromkeys(name for name, _place in named)), source, paths, running, "chronyc sources")


def _chrony_file(host: Host) -> str:
    words = arguments(host, "chrony.service")
    return next((words[at + 1] for at, word in enumerate(words[:-1]) if word == "-f"), CHRONY)


def chrony_user(host: Host) -> tuple[str, str]:
    """(the account that chrony's configuration or start options name, where); empty texts when they name none."""
    named = "", ""
    for words, place in _chrony_lines(host, _chrony_file(host))[0]:
        if words[0] == "user" and len(words) > 1:
            named = words[1], place
    options = text_or_nothing(host, "/etc/default/chrony") or ""
    start_options = [
        line.partition("=")[2].strip("\"' ") for line in options.split("\n") if line.startswith("DAEMON_OPTS=")
    ]
    words = [*arguments(host, "chrony.service"), *(start_options[-1].split() if start_options else [])]
    for at, word in enumerate(words[:-1]):
        if word == "-u":
            named = words[at + 1], "the options of chronyd"
    return named


def _chrony_lines(host: Host, path: str, depth: int = 0) -> tuple[list[tuple[list[str], str]], list[str]]:
    """([(words, place), ...], paths) of a file and what it includes, in chronyd's order. Raises HostError."""
    if depth > DEEPEST:
        raise HostError("malformed", f"chrony's configuration includes too many files at {path}")
    parsed: list[tuple[list[str], str]] = []
    paths = [path]
    text = text_or_nothing(host, path)
    if text is None:
        raise HostError("malformed", f"{path} is missing")
    # Without a line end the last line of a file with sources is ignored (chrony.conf(5)).
    lines = text.split("\n")[:-1] if path.endswith(".sources") else text.split("\n")
    for count, line in enumerate(lines, 1):
        bare = line.strip()
        if not bare or bare[0] in "!;#%":
            continue
        words = bare.split()
        words[0] = words[0].lower()
        if words[0] in ("confdir", "sourcedir"):
            suffix = ".conf" if words[0] == "confdir" else ".sources"
            for included in by_name(host, words[1:], suffix):
                more, others = _chrony_lines(host, included, depth + 1)
                parsed, paths = parsed + more, paths + others
            paths += words[1:]
        elif words[0] == "include" and len(words) > 1:
            for included in _matching(host, words[1]):
                more, others = _chrony_lines(host, included, depth + 1)
                parsed, paths = parsed + more, paths + others
        else:
            parsed.append((words, f"{path}, line {count}"))
    return parsed, paths


def _matching(host: Host, pattern: str) -> list[str]:
    folder, _dummy, name = pattern.rpartition("/")
    if not any(character in name for character in "*?["):
        return [pattern]
    return [f"{folder}/{entry}" for entry in host.entries(folder) if fnmatch.fnmatchcase(entry, name)]


def _ntpsec(host: Host) -> Servers:
    dhcp = "/run/ntpsec/ntp.conf.dhcp"  # what the start script takes in place of the main file
    main = next((path for path in (dhcp, "/etc/ntpsec/ntp.conf", "/etc/ntp.conf") if host.exists(path)), "")
    if not main:
        raise HostError("malformed", "ntpsec runs, and /etc/ntpsec/ntp.conf is missing")
    parts = [f"/etc/ntpsec/ntp.d/{entry}" for entry in host.entries("/etc/ntpsec/ntp.d") if entry.endswith(".conf")]
    return _plain(host, [main, *parts], ("server", "pool", "peer"))


def _openntpd(host: Host) -> Servers:
    return _plain(host, ["/etc/openntpd/ntpd.conf"], ("server", "servers"))


def _plain(host: Host, paths: list[str], words: tuple[str, ...]) -> Servers:
    names, places = [], []
    for path in paths:
        for count, line in enumerate((text_or_nothing(host, path) or "").split("\n"), 1):
            parts = line.split("#")[0].split()
            if len(parts) > 1 and parts[0].lower() in words:
                names.append(parts[1])
                places.append(f"{path}, line {count}")
    return Servers(list(dict.fromkeys(names)), ", ".join(places)[:1000] or f"{paths[0]} names none", paths)


def _ntpd_rs(host: Host) -> Servers:
    """Of the file in TOML only the tables [[source]] count: their address, which may hold a port, or a clock's path."""
    path, names, places, table = "/etc/ntpd-rs/ntp.toml", [], [], ""
    for count, line in enumerate((text_or_nothing(host, path) or "").split("\n"), 1):
        header = re.match(r"\s*(\[\[?[^\]]*\]\]?)", line)
        table = header.group(1).replace(" ", "") if header else table
        setting = re.match(r"""\s*(address|path)\s*=\s*["']([^"']+)["']""", line)
        if setting and table == "[[source]]":
            # mode = "sock" and "pps" are clocks that are plugged in.
            host_only = re.sub(r"\A(?:\[(.+)\]|([^:]+)):[0-9]+\Z", lambda match: match[1] or match[2], setting[2])
            names.append(host_only if setting[1] == "address" else f"refclock {setting[2]}")
            places.append(f"{path}, line {count}")
    return Servers(list(dict.fromkeys(names)), ", ".join(places)[:1000] or f"{path} names none", [path])


READERS = {
    "systemd-timesyncd": timesyncd,
    "chrony": _chrony,
    "ntpsec": _ntpsec,
    "openntpd": _openntpd,
    "ntpd-rs": _ntpd_rs,
}
