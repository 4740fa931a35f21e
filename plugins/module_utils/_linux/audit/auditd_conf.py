"""auditd.conf as auditd itself reads it; pure functions over its bytes.

From auditd 4.0.2 and 3.1.2 (src/auditd-config.c), and tried with 4.0.2: only blanks part the words (no tab), blanks
around the equals sign are a must, names and words do not mind their case, the last of several lines counts, and a line
that is too long or does not end is skipped. With any other fault auditd does not start, and at a reload it keeps what
it has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..engine.host import HostError

YES_NO = ("yes", "no")
FAILURES = ("ignore", "syslog", "rotate", "email", "exec", "suspend", "single", "halt")
WORDS = {
    "local_events": YES_NO,
    "write_logs": YES_NO,
    "log_format": ("raw", "nolog", "enriched"),
    "flush": ("none", "incremental", "incremental_async", "data", "sync"),
    "name_format": ("none", "hostname", "fqd", "numeric", "user"),
    "max_log_file_action": ("ignore", "syslog", "suspend", "rotate", "keep_logs"),
    "space_left_action": FAILURES,
    "admin_space_left_action": FAILURES,
    "disk_full_action": tuple(word for word in FAILURES if word != "email"),
    "disk_error_action": tuple(word for word in FAILURES if word not in ("email", "rotate")),
    "verify_email": YES_NO,
    "use_libwrap": YES_NO,
    "enable_krb5": YES_NO,
    "distribute_network": YES_NO,
    "overflow_action": ("ignore", "syslog", "suspend", "single", "halt"),
    "transport": ("tcp", "krb5"),
}
LONG, INT = 2**64 - 1, 2**31 - 1
# The smallest and largest number of each.
NUMBERS = {
    "num_logs": (0, 999),
    "max_log_file": (0, LONG),
    "freq": (0, INT),
    "priority_boost": (0, INT),
    "tcp_listen_port": (1, 65535),
    "tcp_listen_queue": (1, 65535),
    "tcp_max_per_addr": (1, 1024),
    "tcp_client_max_idle": (0, INT),
    "q_depth": (0, 99999),
    "max_restarts": (0, INT),
    "end_of_event_timeout": (0, LONG),
}
SIZES = ("space_left", "admin_space_left")
TEXTS = (
    "log_file", "log_group", "action_mail_acct", "name", "disp_qos", "dispatcher", "tcp_client_ports", "krb5_principal",
    "krb5_key_file", "plugin_dir",
)  # fmt: skip
WITH_PROGRAM = ("space_left_action", "admin_space_left_action", "disk_full_action", "disk_error_action")
# What counts where the file says nothing: not what the packaged file or auditd.conf(5) says.
DEFAULTS = {
    "local_events": "yes",
    "write_logs": "yes",
    "log_file": "/var/log/audit/audit.log",
    "log_format": "enriched",
    "log_group": "root",
    "flush": "none",
    "freq": 0,
    "num_logs": 0,
    "max_log_file": 0,
    "max_log_file_action": "ignore",
    "space_left": 0,
    "space_left_action": "ignore",
    "action_mail_acct": "root",
    "verify_email": "yes",
    "admin_space_left": 0,
    "admin_space_left_action": "ignore",
    "disk_full_action": "ignore",
    "disk_error_action": "syslog",
}
MAIL = re.compile(r"\A[A-Za-z0-9@._-]{2,}\Z")
LONGEST = 158  # bytes of a line; auditd skips a longer one


class Line:
    """One line that auditd reads: `count` (from 1), `words`, `start` and `end` (bytes of the file)."""

    def __init__(self, count: int, words: list[str], start: int, end: int) -> None:
        self.count = count
        self.words = words
        self.start = start
        self.end = end


class Configuration:
    """What auditd makes of a file: `values` (text, or int), their `places`, the `programs` that it would start."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = dict(DEFAULTS)
        self.places: dict[str, str] = {}
        self.programs: list[tuple[str, str]] = []


def lines(content: bytes) -> list[Line]:
    """The lines that are no comment, empty, too long or cut off."""
    parsed, start = [], 0
    for count, raw in enumerate(content.split(b"\n")[:-1], 1):
        end = start + len(raw)
        words = [word.decode("utf-8", "backslashreplace") for word in raw.split(b" ") if word]
        if words and len(raw) <= LONGEST and not words[0].startswith("#"):
            parsed.append(Line(count, words, start, end))
        start = end + 1
    return parsed


def parse(content: bytes, path: str, more_names: Callable[[str], bool] = lambda name: False) -> Configuration:
    """The configuration in a file. Raises HostError malformed when auditd would not start with it.

    `more_names(name)` says whether this machine's auditd knows a name that is not known here.
    """
    if b"\0" in content:
        raise HostError("malformed", f"{path} holds a null byte, so it is no text")
    configuration = Configuration()
    for line in lines(content):
        problem = _set_option(configuration, line, f"{path}, line {line.count}", more_names)
        if problem:
            raise HostError("malformed", f"auditd does not start or reload with {path}: line {line.count} {problem}")
    if b"\n" in content:
        problem = _contradiction(configuration.values)
        if problem:
            raise HostError("malformed", f"auditd does not start or reload with {path}: {problem}")
    return configuration


def _set_option(configuration: Configuration, line: Line, place: str, more_names: Callable[[str], bool]) -> str:
    """Put one line into `configuration`. Returns what auditd would object to."""
    name, option = line.words[0].lower(), line.words[3:4]
    if len(line.words) < 2 or line.words[1] != "=":
        return "needs a blank on both sides of its equals sign"
    if len(line.words) < 3:
        return "has no value"
    if name not in WORDS and name not in NUMBERS and name not in SIZES and name not in TEXTS:
        return "" if more_names(name) else f"sets {name[:60]!r}, which it does not know"
    if option and name not in WITH_PROGRAM:
        return "has more than one value (a comment needs a line of its own)"
    setting: Any = line.words[2]
    problem = ""
    if name in WORDS:
        setting = setting.lower()
        problem = "" if setting in WORDS[name] else f"is none of {', '.join(WORDS[name])}"
        if setting == "exec" and name in WITH_PROGRAM:
            if option and option[0].startswith("/"):
                configuration.programs.append((option[0], place))
            else:
                problem = "names no program with its whole path"
    elif name in NUMBERS:
        least, most = NUMBERS[name]
        problem = "" if setting.isascii() and setting.isdigit() and len(setting) <= 20 else "is no number"
        if not problem:
            setting = int(setting)
            problem = "" if least <= setting <= most else f"is not in {least} to {most}"
    elif name in SIZES:
        setting, problem = _size(setting)
    elif name == "action_mail_acct" and configuration.values["verify_email"] == "yes":
        host = setting.partition("@")[2]
        problem = "" if MAIL.match(setting) and ("@" not in setting or "." in host) else "is no mail address"
    elif name == "log_file" and len(setting.rpartition("/")[0]) < 4:
        problem = "is not in a folder of its own"
    if problem:
        return f"({name}) {problem}"
    configuration.values[name], configuration.places[name] = setting, place
    if name == "log_format" and setting == "nolog":
        configuration.values["write_logs"], configuration.places["write_logs"] = "no", place
    return ""


def _size(text: str) -> tuple[int | str, str]:
    """Megabytes as a number, or a percentage as text, and what is wrong with it."""
    if not re.match(r"\A[0-9%]{1,20}\Z", text):
        return text, "is no number of megabytes, and no percentage"
    digits = int(text.partition("%")[0] or 0)
    if "%" not in text:
        return digits, ""
    return f"{digits}%", "" if digits <= 99 else "is not below 100 %"


def _contradiction(values: dict[str, Any]) -> str:
    """What auditd objects to once all lines are read."""
    # A percentage of 0 counts as none.
    left, admin = (0 if values[name] == "0%" else values[name] for name in SIZES)
    if isinstance(left, int) and isinstance(admin, int) and left <= admin:
        return f"space_left ({left}) must be larger than admin_space_left ({admin})"
    if values["flush"] in ("incremental", "incremental_async") and values["freq"] == 0:
        return f"flush = {values['flush']} needs a freq"
    if values["log_group"] not in ("root", "0") and values["log_file"].rpartition("/")[0] == "/var/log":
        return "log_file must lie in a folder of its own, since its group is changed"
    return ""


def with_value(content: bytes, name: str, text: str) -> bytes:
    """`content` with `name = text` in the place where it counts: its last line, else a new one at the end."""
    new = f"{name} = {text}".encode()
    mine = [line for line in lines(content) if line.words[0].lower() == name and line.words[1:2] == ["="]]
    if mine:
        return content[: mine[-1].start] + new + content[mine[-1].end :]
    # A last line that does not end is skipped by auditd, and stays so.
    end = content.rfind(b"\n") + 1
    return content[:end] + new + b"\n" + content[end:]
