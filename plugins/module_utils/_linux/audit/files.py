"""The rules that come back after a restart: /etc/audit/rules.d as augenrules puts it together and auditctl loads it.

The order is that of augenrules 3.1.2 and 4.0.2: the files by `ls -v`; the last plain -D, -b and -f first, the last -e
at the end, everything else as it comes. auditctl stops at the first bad line, unless -i or -c stands before it.
"""

from __future__ import annotations

import posixpath
import re
import stat
from typing import Union

from ..engine import reading
from ..engine.host import HostError
from ..engine.safe_read import by_name, text_or_nothing
from .rule import BadLine, Identity, Machine, Rule, built, options, whole

FOLDER = "/etc/audit/rules.d"
TEMPORARY_FILES = ("/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d")
# Folders below /run that are there before the rules are loaded.
EARLY = ("systemd", "udev", "lock", "user", "initramfs")
Identities = dict[Identity, Rule]
SUFFIX = re.compile(r"(?:\.[A-Za-z~][A-Za-z0-9~]*)*\Z")


Version = list[Union[int, tuple[int, ...]]]


class Loaded:
    """What the kernel would hold after a restart.

    `rules` in their order; `enabled` as the files set it (0, 1, 2; None: they say nothing); `wrong`: the first line
    that does not load, in words (empty: all do); `ignored`: such lines that -i passes over; `stopped`: auditctl leaves
    with an error; `carries_on`: where -c or -i stands before the first rule; `clears`: a plain -D comes first.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.enabled: int | None = None
        self.enabled_place = ""
        self.wrong = ""
        self.ignored: list[str] = []
        self.stopped = False
        self.carries_on = ""
        self.clears = False


def natural(name: str) -> tuple[Version, Version, str]:
    """The key by which `ls -v` sorts file names (gnulib's filevercmp): numbers by value, suffixes last."""
    suffix = SUFFIX.search(name)
    return _version(name[: suffix.start()] if suffix else name), _version(name), name


def _version(text: str) -> Version:
    key: Version = []
    for letters, digits in re.findall(r"([^0-9]*)([0-9]*)", text):
        key.append((*(_weight(letter) for letter in letters), 0))
        key.append(int(digits or "0"))
    return key


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isascii() and letter.isalpha() else ord(letter) + 256


def lines(host: reading.Machine) -> list[tuple[str, str]]:
    """(line, place) in the order in which auditctl reads them. Raises HostError."""
    blank = r"\s*" if (host.link("/usr/bin/awk") or "").endswith("gawk") else "s*"  # mawk takes \s for the letter s
    comment, last, delete_all = re.compile(rf"{blank}#"), {}, re.compile(rf"{blank}-D{blank}\Z")
    singles = {name: re.compile(rf"{blank}-{name}") for name in "efb"}
    rest = []
    for name in sorted((name for name in host.entries(FOLDER) if _read(name)), key=natural):
        path = f"{FOLDER}/{name}"
        text = "" if _is_folder(host, path) else text_or_nothing(host, path) or ""  # cat complains and goes on
        for number, line in enumerate(text.split("\n"), 1):
            line = line[:-1] if line.endswith("\r") else line
            place = f"{path}, line {number}"
            if not line or comment.match(line):
                continue
            single = next((one for one, pattern in singles.items() if pattern.match(line)), None)
            if delete_all.match(line):
                last["D"] = (line, place)
            elif single:
                last[single] = (line, place)
            else:
                rest.append((line, place))
    first = [last[name] for name in "Dbf" if name in last]
    return [*first, *rest, *([last["e"]] if "e" in last else [])]


def _read(name: str) -> bool:
    # A shell loop goes over what ls prints: hidden files are not in it, and a blank parts a name in two.
    return name.endswith(".rules") and not name.startswith(".") and not re.search(r"\s", name)


def load(host: reading.Machine, machine: Machine, created: set[str]) -> Loaded:
    """What auditctl makes of the files when the machine starts; `created` is `created_at_start`. Raises HostError."""
    state = Loaded()
    mode = ""  # how errors are taken: "" stops, c carries on and fails in the end, i passes over them
    identities: Identities = {}
    for line, place in lines(host):
        stripped = line.lstrip(" ")
        if not stripped or stripped.startswith("#"):
            continue
        try:
            arguments = options(line)
            switch = next((option[1] for option, _argument in arguments if option in ("-c", "-i")), "")
            if switch:
                mode = "c" if "c" in (mode, switch) else "i"
                if not state.rules:
                    state.carries_on = place
                continue
            _apply(host, state, arguments, place, identities, machine, created)
        except BadLine as problem:
            message = f"{place}: {problem}"
            if mode == "i":
                state.ignored.append(message)
                continue
            state.wrong = state.wrong or message
            state.stopped = True
            if not mode:
                break
    return state


def _apply(
    host: reading.Machine,
    state: Loaded,
    arguments: list[tuple[str, str]],
    place: str,
    identities: Identities,
    machine: Machine,
    created: set[str],
) -> None:
    names = {option for option, _argument in arguments}
    if names & {"-R", "-h"} or not arguments:
        raise BadLine("auditctl does not take this in a file")
    if "-D" in names:
        key = next((argument for option, argument in arguments if option == "-k"), None)
        state.clears = state.clears or (key is None and not state.rules)
        state.rules = [] if key is None else [rule for rule in state.rules if not any(key in k for k in rule.keys)]
        identities.clear()
        identities.update({rule.identity: rule for rule in state.rules})
        return
    if names & {"-a", "-A", "-d", "-w", "-W"}:
        if state.enabled == 2:
            raise BadLine("an earlier -e 2 has locked the rules")
        rule = built(arguments, machine, place)
        if rule.action == "possible":
            return
        _change(host, state, rule, bool(names & {"-d", "-W"}), identities, created)
        return
    if names & {"-F", "-C", "-S", "-p", "-k"}:
        raise BadLine("there is no list that it belongs to")
    for option, argument in arguments:
        if option in ("-e", "-f") and argument not in ("0", "1", "2"):
            raise BadLine(f"{option} takes 0, 1 or 2")
        if option in ("-b", "-r", "--backlog_wait_time") and (whole(argument) is None or not argument[0].isdigit()):
            raise BadLine(f"{option} takes a number")
        if state.enabled == 2:
            raise BadLine("an earlier -e 2 has locked the rules")
        if option == "-e":
            state.enabled, state.enabled_place = int(argument), place


def _change(
    host: reading.Machine,
    state: Loaded,
    rule: Rule,
    delete: bool,
    identities: Identities,
    created: set[str],
) -> None:
    if delete:
        if rule.identity not in identities:
            raise BadLine("there is no such rule to delete")
        state.rules.remove(identities.pop(rule.identity))
        return
    why = unloadable(host, rule, created)
    if why:
        raise BadLine(why)
    if rule.identity in identities and not rule.first:
        raise BadLine(f"the same rule is there already ({identities[rule.identity].place}), and auditctl stops at that")
    identities[rule.identity] = rule
    at = 0 if rule.first else len(state.rules)
    state.rules.insert(at, rule)


def unloadable(host: reading.Machine, rule: Rule, created: set[str]) -> str:
    """Why the kernel would refuse a rule when the machine starts (a folder is missing), or an empty text."""
    for field in rule.fields:
        needed = field.value
        if field.name in ("path", "exe"):
            needed = posixpath.dirname(field.value)
        elif field.name != "dir":
            continue
        if not exists_at_start(host, needed, created):
            return f"{needed} is missing when the rules are loaded"
    return ""


def exists_at_start(host: reading.Machine, path: str, created: set[str]) -> bool:
    """True when `path` is there when the rules are loaded: /run is empty then, but for what tmpfiles.d makes."""
    early = not path.startswith("/run/") or path.split("/")[2] in EARLY
    return (early and _exists(host, path)) or path in created


def _exists(host: reading.Machine, path: str) -> bool:
    try:
        host.stat(path)
    except FileNotFoundError:
        return False
    return True


def _is_folder(host: reading.Machine, path: str) -> bool:
    try:
        return stat.S_ISDIR(host.stat(path).st_mode)
    except FileNotFoundError:
        return False


def created_at_start(host: reading.Machine) -> set[str]:
    """The folders that systemd-tmpfiles makes, with those above them. Raises HostError."""
    paths: set[str] = set()
    for path in by_name(host, TEMPORARY_FILES, ".conf"):
        try:
            text = host.text(path)
        except (FileNotFoundError, HostError):
            continue  # masked, or not for us to judge
        for line in text.splitlines():
            parts = line.split(None, 2)
            if len(parts) > 1 and parts[0].rstrip("!+=-~^$") in ("d", "D", "v", "q", "Q"):
                path = parts[1].rstrip("/")
                path = path[len("/var") :] if path.startswith("/var/run/") else path
                paths.update(path[:at] for at, letter in enumerate(path + "/") if letter == "/" and at)
    return paths


def folder_watch(host: reading.Machine, path: str, created: set[str]) -> bool:
    """True when a watch of `path` is about a folder: what auditctl finds there when it loads the watch decides."""
    return _is_folder(host, path) and (not path.startswith("/run/") or exists_at_start(host, path, created))
