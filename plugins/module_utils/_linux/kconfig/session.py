"""Which folders a Plasma session takes its configuration from: XDG_CONFIG_DIRS, as the files of the system set it.

startplasma puts the folder kdedefaults of a user's own configuration before them. Distributions and shops add more:
Ubuntu's Xsession.d puts /etc/xdg/xdg-NAME of the session before /etc/xdg, Kubuntu a folder of its own behind it. Not
every kind of session reads every file, so each way that leads to other folders is a session of its own here.
"""

from __future__ import annotations

import os
import re

from ..dconf.environment import ENVIRONMENT_FOLDERS
from ..engine.host import Host, HostError
from ..engine.safe_read import text_or_nothing
from ..system.desktops import session_names

VARIABLE = "XDG_CONFIG_DIRS"
HOME = "~"  # stands for somebody's home until it is known whose
STANDARD = "/etc/xdg"
SCRIPTS = "plasma-workspace/env"
ASSIGNMENT = re.compile(
    r"(?<![\w$])(?P<name>[A-Za-z_]\w*)(?P<add>\+?)="
    r"(?P<value>(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\{[^}]*\}|\$\([^)]*\)|[^\s;&|\"'])*)"
)
PAM = re.compile(
    r"\A\s*XDG_CONFIG_DIRS(?:\s+DEFAULT=(?P<value>\"[^\"]*\"|\S*))?(?:\s+OVERRIDE=(?P<over>\"[^\"]*\"|\S*))?"
)
INNERMOST = re.compile(r"[$@]\{(?P<name>\w+)(?:(?P<how>:?[-+=])(?P<other>[^{}]*))?\}|\$(?P<bare>\w+)")


class Session:
    """One way in which Plasma is started: `name` for the reader, `folders` from the strongest to the weakest."""

    def __init__(self, name: str, folders: list[str]) -> None:
        self.name = name
        self.folders = folders

    def folders_of(self, home: str) -> list[str]:
        """The folders of somebody's session, their own two first; without a home those of the system only."""
        own = [f"{home}/.config", f"{home}/.config/kdedefaults"] if home else []
        return own + [home + folder[len(HOME) :] if folder.startswith(HOME) else folder
                      for folder in self.folders if home or not folder.startswith(HOME)]  # fmt: skip


def sessions(host: Host) -> list[Session]:
    """The ways in which Plasma is started here, each combination of folders once. Raises HostError."""
    first = ["/etc/environment", "/etc/security/pam_env.conf"]
    login = ["/etc/profile", *_files(host, "/etc/profile.d", ".sh")]
    units = [name for folder in ENVIRONMENT_FOLDERS for name in _files(host, folder, ".conf")]
    old = _files(host, "/etc/X11/Xsession.d", "")
    by_folders: dict[tuple[str, ...], Session] = {}
    for name in session_names(host, "plasma") or ["plasma"]:
        usual = first + login
        for how, files in (("", usual), (" by Xsession", usual + old), (" by systemd", units + usual + old)):
            folders = _folders(host, files, name)
            by_folders.setdefault(tuple(folders), Session(name + how, folders))
    return list(by_folders.values())


def _files(host: Host, folder: str, ending: str) -> list[str]:
    return [f"{folder}/{name}" for name in host.entries(folder) if name.endswith(ending)]


def _folders(host: Host, files: list[str], session: str) -> list[str]:
    value = _after(host, files, "", session)
    # startplasma then reads the scripts of each of these folders, the weakest folder first.
    scripts = [name for folder in reversed(split(value)) if not folder.startswith(HOME)
               for name in _files(host, f"{folder}/{SCRIPTS}", ".sh")]  # fmt: skip
    return split(_after(host, scripts, value, session))


def split(value: str) -> list[str]:
    """The folders of a value, as Qt takes them: relative ones and repetitions do not count."""
    folders = [os.path.normpath(part) for part in value.split(":") if part.startswith(("/", HOME))]
    return list(dict.fromkeys(folders)) or [STANDARD]


def _after(host: Host, files: list[str], value: str, session: str) -> str:
    """The variable's value after `files` were read one after the other. Conditions in scripts count as fulfilled."""
    for name in files:
        text = text_or_nothing(host, name)
        if text is None or VARIABLE not in text:
            continue
        variables = {VARIABLE: value, "DESKTOP_SESSION": session, "XDG_CONFIG_HOME": "", "HOME": HOME}
        for count, line in enumerate(text.split("\n"), 1):
            if line.lstrip().startswith("#"):
                continue
            pam = PAM.match(line) if name.endswith("pam_env.conf") else None
            if pam:
                variables[VARIABLE] = _worked_out(pam["over"] or pam["value"] or "", variables, name, count, True)
            for match in ASSIGNMENT.finditer(line) if not pam else ():
                before = variables.get(match["name"], "") if match["add"] else ""
                wanted = match["name"] == VARIABLE
                variables[match["name"]] = before + _worked_out(match["value"], variables, name, count, wanted)
        value = variables[VARIABLE]
    return value


def _worked_out(value: str, variables: dict[str, str], file: str, line: int, wanted: bool) -> str:
    """A value with its variables replaced. Raises HostError for one that only the script itself could work out."""
    value = value.replace('"', "").replace("'", "")
    for _depth in range(8):  # one variable may stand in another's default
        value = INNERMOST.sub(lambda match: _replaced(match, variables), value)
    if wanted and ("\0" in value or "$(" in value or "`" in value):
        raise HostError(
            "malformed", f"{file}, line {line} sets {VARIABLE} to something that only the script itself can work out"
        )
    return value


def _replaced(match: re.Match[str], variables: dict[str, str]) -> str:
    if match["bare"]:
        return variables.get(match["bare"], "\0")
    current, how = variables.get(match["name"], ""), match["how"] or ""
    if how.endswith("+"):
        return match["other"] if current else ""
    if how:
        return current or match["other"]
    return variables.get(match["name"], "\0")
