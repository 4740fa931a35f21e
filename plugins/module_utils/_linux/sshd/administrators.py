"""The administrators of this device who could come in by SSH: the last of them is not shut out.

An administrator is root, or in a group that sudo lets do everything on Debian and Ubuntu. They can come in where sshd
lets the account in by a way that they have: a key in a file that sshd reads, or a password. What a command or an
authority brings (AuthorizedKeysCommand, TrustedUserCAKeys, a directory) is not known here, and does not count.
"""

from __future__ import annotations

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.safe_read import text_or_nothing
from ..system.people import NO_LOGIN, members, names
from .answers import Answer
from .people import HERE, PLAIN_NAME, Question
from .visitor import groups_of, not_allowed

GROUPS = ("sudo", "admin", "wheel")
MOST = 20


class Administrator:
    """One of them: `name`, whether there is a `password`, `home`, and the question for sshd about the account."""

    def __init__(self, name: str, password: bool, home: str, groups: frozenset[str] | None) -> None:
        self.name = name
        self.password = password
        self.home = home
        self.groups = groups
        spec = f"user={name},host=localhost,addr={HERE},laddr={HERE},lport=22"
        self.question = Question(f"{name} from {HERE}", name, spec)


def administrators(host: Host) -> list[Administrator]:
    """All that this device itself knows. Raises HostError."""
    those = {"root", *(name for group in GROUPS for name in members(host, group))}
    group_names = names(host, "/etc/group")
    found = []
    for line in (text_or_nothing(host, "/etc/passwd") or "").splitlines():
        fields = line.split(":")
        if len(fields) != 7 or fields[6].rsplit("/", 1)[-1] in NO_LOGIN or not PLAIN_NAME.match(fields[0]):
            continue
        primary = group_names.get(int(fields[3]), "") if fields[3].isdigit() else ""
        if fields[0] in those or primary in GROUPS:
            password = _usable(fields[1] if fields[1] != "x" else _shadow(host, fields[0]))
            found.append(Administrator(fields[0], password, fields[5], groups_of(host, fields[0])))
    return found[:MOST]


def refuse_last(host: Host, those: list[Administrator], before: dict[str, Answer], after: dict[str, Answer]) -> None:
    """Raises ChangeRefused where some of them could come in, and none could any more. HostError."""
    could = [one.name for one in those if _comes_in(host, one, before[one.question.spec])]
    if could and not any(_comes_in(host, one, after[one.question.spec]) for one in those):
        raise ChangeRefused(
            f"no administrator could come in by SSH any more: until now {', '.join(could)} could; "
            "give an account that may use sudo a key first, and repeat the roll-out"
        )


def _comes_in(host: Host, who: Administrator, answer: Answer) -> bool:
    if not_allowed(who.name, HERE, who.groups, answer):
        return False
    settings = answer.settings
    by_word = who.name != "root" or settings.get("permitrootlogin") == "yes"
    if who.password and by_word and "yes" in (
        settings.get("passwordauthentication"), settings.get("kbdinteractiveauthentication"),
    ):  # fmt: skip
        return True
    return settings.get("pubkeyauthentication") == "yes" and _has_key(host, who, settings.get("authorizedkeysfile", ""))


def _has_key(host: Host, who: Administrator, files: str) -> bool:
    for pattern in files.split():
        path = pattern.replace("%h", who.home).replace("%u", who.name)
        try:
            text = text_or_nothing(host, path if path.startswith("/") else f"{who.home}/{path}") or ""
        except HostError:
            continue  # a home that cannot be read now
        if any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
            return True
    return False


def _shadow(host: Host, name: str) -> str:
    for line in (text_or_nothing(host, "/etc/shadow") or "").splitlines():
        if line.startswith(f"{name}:"):
            return line.split(":")[1]
    return ""


def _usable(password: str) -> bool:
    return bool(password) and password[0] not in "!*"
