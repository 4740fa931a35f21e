"""Command lines of units: does one let somebody in on a terminal without asking for a password. Pure functions.

agetty(8) and login(1) of util-linux 2.41, mingetty(8), openvt(1), systemd.service(5) for what stands before a command.
"""

from __future__ import annotations

import getopt
import re
import shlex
from typing import Optional

from ..engine.host import HostError
from ..system.inifile import Assignment

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "ksh93", "mksh", "fish", "rbash", "tcsh", "csh", "busybox")
# Programs that start the one that they are given.
WRAPPERS = ("openvt", "setsid", "env", "nice", "ionice", "nohup", "exec", "stdbuf", "chrt", "script", "kmscon")
BECOMING = ("su", "runuser")
ROOT_LOCKED = "starts a root shell where root is locked"
SHORT = "8a:cC:d:Ef:hH:iI:Jl:LmnNo:pP:r:RsSt:UvVw"
LONG = [
    "8bits", "autologin=", "noreset", "remote", "issue-file=", "show-issue", "flow-control", "host=", "noissue",
    "init-string=", "noclear", "login-program=", "local-line", "extract-baud", "skip-login", "nonewline",
    "login-options=", "login-pause", "chroot=", "hangup", "keep-baud", "timeout=", "detect-case", "wait-cr", "nohints",
    "nohostname", "long-hostname", "erase-chars=", "kill-chars=", "chdir=", "delay=", "nice=", "reload", "list-speeds",
    "help", "version",
]  # fmt: skip
LOCAL_LINE = re.compile(r"\A(-L|--local-line)=?(?:auto|always|never)\Z")
TERMINAL = re.compile(r"/dev/(?:tty|console|hvc|vc/)")
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def words(command: str, environment: dict[str, str]) -> list[str]:
    """The words of a command of a unit, without what stands before it, and with the variables that the unit sets."""
    special = re.match(r"[-@:+!|]*", command)
    prefix = special.group() if special else ""
    command = VARIABLE.sub(lambda match: environment.get(match[1] or match[2], match[0]), command[len(prefix) :])
    found = split(command)
    return found[:1] + found[2:] if "@" in prefix else found


def split(text: str) -> list[str]:
    """The words of a text, quotes followed where they end."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def lets_in(command: list[str], on_terminal: bool, said: Optional[Assignment] = None) -> str:
    """How a command lets somebody in, or an empty text. Raises HostError where nobody can tell.

    `on_terminal`: whether its input is one.
    """
    if not command:
        return ""
    program = _name(command[0])
    if program in ("agetty", "getty", "mingetty"):
        return _getty(command[1:], said)
    if program == "login":
        return "starts login, which is told not to ask (-f)" if _told_not_to_ask(command[1:]) else ""
    if program == "sulogin":
        return ROOT_LOCKED if any(word in ("-e", "--force") for word in command) else ""
    text = " ".join(command)
    if not (on_terminal or program in ("openvt", "kmscon") or TERMINAL.search(text)):
        return ""
    return _shell(command)


def _name(word: str) -> str:
    return word.rsplit("/", 1)[-1]


def _getty(arguments: list[str], said: Optional[Assignment]) -> str:
    given = [LOCAL_LINE.sub(r"\1", word) for word in arguments]
    try:
        options = dict(getopt.gnu_getopt(given, SHORT, [*LONG, "loginprog=", "loginopts=", "mono", "noclear"])[0])
    except getopt.GetoptError as problem:
        place = said.place if said else "a unit"
        raise HostError("malformed", f"{place} starts a getty with options that are not known: {problem}") from None
    user = options.get("--autologin") or options.get("-a")
    if user:
        return f"signs {user} in by itself"
    program = options.get("--login-program") or options.get("-l") or "login"
    if _name(program) not in ("login", "sulogin"):
        return f"starts {program} in place of login"
    if _told_not_to_ask(split(options.get("--login-options") or options.get("-o") or "")):
        return "starts login, which is told not to ask (-f)"
    return ""


def _told_not_to_ask(arguments: list[str]) -> bool:
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return any(re.match(r"-[pE]*f", word) for word in before)


def _shell(command: list[str]) -> str:
    """A shell that takes what is typed: one without a script, after programs that start another one."""
    at = 0
    while at < len(command) and _name(command[at]) in WRAPPERS:
        at += 1
        while at < len(command) and (command[at].startswith("-") or "=" in command[at] or command[at].isdigit()):
            at += 1
    if at >= len(command):
        return ""
    program, rest = _name(command[at]), command[at + 1 :]
    if program in BECOMING:
        return "" if "-c" in rest else f"starts a shell on a terminal ({' '.join(command[at:])[:60]})"
    if program not in SHELLS:
        return ""
    if program == "busybox":
        rest = rest[1:]
    for count, word in enumerate(rest):
        if re.match(r"-\w*c\Z", word):
            inner = rest[count + 1] if count + 1 < len(rest) else ""
            return next(
                filter(
                    None,
                    (_shell(_without_redirections(one)) for one in re.split(r"[;|\n]+|&&|(?<!>)&(?!>|[0-9])", inner)),
                ),
                "",
            )
        if not word.startswith(("-", "+")) and not re.match(r"[0-9]*[<>]", word):
            return ""  # a script
    return f"starts a shell on a terminal ({' '.join(command[at:])[:60]})"


def _without_redirections(command: str) -> list[str]:
    return split(re.sub(r"[0-9&]*[<>]+&?\s*[^\s<>]*", " ", command))
