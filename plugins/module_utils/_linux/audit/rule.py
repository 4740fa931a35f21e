"""One rule of the Linux audit system as its fields, read from a line as auditctl reads it.

Lines of files, lines that `auditctl -l` prints and the addresses of the driver all go through `read`, so that two
spellings of one rule come out alike. The grammar is that of auditctl 3.1.2 and 4.0.2 (auditctl.c, libaudit.c).
"""

from __future__ import annotations

import errno
import getopt
import posixpath
from collections.abc import Callable, Iterable
from typing import Any, Optional

UNSET = 4294967295  # the auid of what nobody signed in for: daemons
ALL = None  # in place of a set of system calls: every one
Calls = Optional[frozenset[int]]
Identity = tuple[object, ...]
SHORT = "hicslDvtC:e:f:r:b:a:A:d:S:F:m:R:w:W:k:p:q:"
LONG = [
    "loginuid-immutable", "backlog_wait_time=", "reset-lost", "reset_backlog_wait_time_actual", "signal=",
]  # fmt: skip
LISTS = ("task", "exit", "user", "exclude", "filesystem", "io_uring")
OPERATORS = ("!=", ">=", "<=", "&=", "=", ">", "<", "&")  # in the order in which auditctl looks for them
LONGEST_LINE = 6143  # bytes; auditctl takes the rest of a longer line for a line of its own
LONGEST_KEY = 256
USERS = ("auid", "uid", "euid", "suid", "fsuid", "obj_uid")
GROUPS = ("gid", "egid", "sgid", "fsgid", "obj_gid")
NUMBERS = ("pid", "ppid", "pers", "devmajor", "devminor", "inode", "success", "sessionid", "saddr_fam")
ARGUMENTS = ("a0", "a1", "a2", "a3")
SUBJECTS = ("subj_user", "subj_role", "subj_type", "subj_sen", "subj_clr")
OBJECTS = ("obj_user", "obj_role", "obj_type", "obj_lev_low", "obj_lev_high")
ONLY_EXIT = ("exit", "path", "dir", "perm", "filetype", "devmajor", "devminor", "inode", "success", "ppid", *OBJECTS)
FILE_TYPES = ("socket", "link", "file", "block", "dir", "character", "fifo")
COMPARED = (*USERS, *GROUPS)
# Types of records that rules here are asked about, by the numbers of linux/audit.h.
RECORDS = {
    "LOGIN": 1006, "USER_AUTH": 1100, "USER_ACCT": 1101, "CRED_ACQ": 1103, "CRED_DISP": 1104, "USER_START": 1105,
    "USER_END": 1106, "USER_LOGIN": 1112, "USER_LOGOUT": 1113, "SYSCALL": 1300, "PATH": 1302, "EXECVE": 1309,
    "ANOM_LOGIN_FAILURES": 2100, "RESP_ACCT_LOCK": 2206,
}  # fmt: skip


class BadLine(Exception):
    """A line at which auditctl stops. The text says why."""


class Field:
    """`name op value`. Numbers are unsigned 32 bits (of `exit` and the arguments: signed); None: a name nobody knows.

    The name `compare` stands for -C, its value is the set of the two compared names.
    """

    __slots__ = ("name", "op", "value")

    def __init__(self, name: str, op: str, value: Any) -> None:
        self.name = name
        self.op = op
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and (self.name, self.op, self.value) == (other.name, other.op, other.value)

    def __hash__(self) -> int:
        return hash((self.name, self.op, self.value))


class Rule:
    """A rule: `filter` (exit, task, ...), `action` (always, never), and what must hold for it to match.

    `calls` is the set of numbers of system calls by architecture (b64, b32), or ALL for each; an architecture that is
    not in it does not match. `fields` holds neither arch nor key nor perm; `perms` is a set of letters, or None.
    `names_calls` says that -S was given, `identity` is what the kernel compares when a rule is added twice.
    """

    def __init__(self) -> None:
        self.filter = ""
        self.action = ""
        self.first = False
        self.calls: dict[str, Calls] = {}
        self.names_calls = False
        self.watch = False
        self.fields: list[Field] = []
        self.perms: frozenset[str] | None = None
        self.keys: list[str] = []
        self.identity: Identity = ()
        self.place = ""

    def value(self, name: str) -> Any:
        """The value that `name` must be equal to, or None."""
        return next((field.value for field in self.fields if field.name == name and field.op == "="), None)

    @property
    def object(self) -> tuple[str, str] | tuple[()]:
        """("path" or "dir", where) of the files that it is about, or an empty tuple."""
        about = [field for field in self.fields if field.name in ("path", "dir") and field.op == "="]
        return (about[0].name, about[0].value) if about else ()


class Machine:
    """What reading a rule needs to know: system calls by architecture, accounts, and which paths are folders.

    `calls` is {"b64": {name: number}, "b32": {...}} with the native architecture first. `users` and `groups` map names
    to numbers. `real(path)` resolves links in the folders above a path, `is_folder(path)` says what a watch is about.
    """

    def __init__(
        self,
        calls: dict[str, dict[str, int]],
        users: dict[str, int],
        groups: dict[str, int],
        real: Callable[[str], str],
        is_folder: Callable[[str], bool],
    ) -> None:
        self.calls = calls
        self.native = next(iter(calls), "b64")
        self.users = users
        self.groups = groups
        self.real = real
        self.is_folder = is_folder
        self._sets: dict[tuple[str, str], Calls | BadLine] = {}

    def numbers(self, bits: str, text: str) -> Calls:
        """The numbers of system calls that `-S text` names, ALL, or None inside a BadLine."""
        key = (bits, text)
        if key not in self._sets:
            self._sets[key] = self._numbers(bits, text)
        calls = self._sets[key]
        if isinstance(calls, BadLine):
            raise calls
        return calls

    def _numbers(self, bits: str, text: str) -> Calls | BadLine:
        calls_by_name = self.calls.get(bits, {})
        calls = set()
        for name in text.split(","):
            number = whole(name) if name[:1].isdigit() else None
            if name == "all":
                return ALL
            if name in calls_by_name:
                calls.add(calls_by_name[name])
            elif number is not None and number < 2048:
                calls.add(number)
            elif name:
                return BadLine(f"the system call {name[:60]} is not known")
        return frozenset(calls)


def whole(text: str) -> int | None:
    """A number as strtol reads it (10, 0x1f, 017, -1), else None."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
    try:
        return sign * int(digits, base) if digits[:1].isdigit() and len(digits) <= 20 else None
    except ValueError:
        return None


def words(line: str) -> list[str]:
    """The words of a line; a backslash before a blank keeps it in its word. Quotes mean nothing to auditctl."""
    hidden = line.replace("\\\\", "\x04").replace("\\ ", "\x07")
    return [word.replace("\x07", " ").replace("\x04", "\\") for word in hidden.split(" ") if word]


def options(line: str) -> list[tuple[str, str]]:
    """(option, argument) of a line, as getopt_long finds them. Raises BadLine."""
    if len(line.encode("utf-8", "replace")) > LONGEST_LINE:
        raise BadLine("it is longer than auditctl reads")
    try:
        pairs, rest = getopt.gnu_getopt(words(line), SHORT, LONG)
    except getopt.GetoptError as problem:
        raise BadLine(str(problem)) from None
    if rest:
        raise BadLine(f"{rest[0][:60]!r} belongs to no option")
    return pairs


def read(line: str, machine: Machine, place: str = "") -> Rule:
    """The rule of a line with -a, -A, -d, -w or -W. Raises BadLine."""
    return built(options(line), machine, place)


def built(arguments: list[tuple[str, str]], machine: Machine, place: str) -> Rule:
    """The rule that these options make. Raises BadLine."""
    rule = Rule()
    rule.place = place
    bits = dict.fromkeys(machine.calls, True)
    named: list[str] = []
    raw: list[object] = []
    arch_given = False
    for option, argument in arguments:
        if option in ("-a", "-A", "-d"):
            _list_and_action(rule, argument)
            rule.first = option == "-A"
        elif option in ("-w", "-W"):
            _watch(rule, argument, machine, raw)
        elif option == "-p":
            if not rule.filter:
                raise BadLine("-p needs a watch before it")
            rule.perms = _letters(argument)
        elif option == "-S":
            if rule.filter in ("task", "user", "filesystem", "exclude"):
                raise BadLine(f"the list {rule.filter} takes no system calls")
            rule.names_calls = True
            named.append(argument)
        elif option == "-k" or (option == "-F" and argument.startswith("key=")):
            if not rule.filter:
                raise BadLine("the key comes before what it is the key of")
            rule.keys.append(argument if option == "-k" else argument[len("key=") :])
        elif option in ("-F", "-C"):
            if not rule.filter:
                raise BadLine("a field comes before the list it is for")
            name, op, text = _split(argument)
            if option == "-C":
                rule.fields.append(_comparison(rule, name, op, text))
                raw.append(rule.fields[-1])
            elif name == "arch":
                if named or (arch_given and rule.perms is not None):
                    raise BadLine("arch must come before -S")
                arch_given = True
                same = _bits(text, machine)
                bits = {arch: (arch == same) == (op == "=") and applies for arch, applies in bits.items()}
                raw.append((name, op, same))
            elif name == "perm":
                rule.perms = _permissions(rule, op, text)
            else:
                rule.fields.append(_field(rule, name, op, text, machine))
                # Of two spellings of one path the kernel makes two rules.
                raw.append((name, op, text if name in ("path", "dir", "exe") else rule.fields[-1].value))
    if rule.perms is not None:
        raw.append(("perm", "".join(sorted(rule.perms))))
    _finish(rule, bits, named, machine, raw)
    return rule


def _finish(rule: Rule, bits: dict[str, bool], named: list[str], machine: Machine, raw: list[object]) -> None:
    subject = {field.name for field in rule.fields}
    objects = [field for field in rule.fields if field.name in ("path", "dir")]
    if len(objects) > 1 or any(field.op != "=" for field in objects):
        raise BadLine("one path or dir can be given, and only with =")
    if sum(len(key) + 1 for key in rule.keys) > LONGEST_KEY + 1:
        raise BadLine("the key is too long")
    about = rule.names_calls or rule.perms is not None or subject & {"path", "dir", "exe", "fstype"}
    if any(rule.keys) and not about:
        raise BadLine("a key needs a system call, a path, a program or a permission")
    for arch, applies in bits.items():
        if applies:
            rule.calls[arch] = _calls(rule, arch, named, len(bits) - sum(bits.values()) > 0, machine)
    numbers = tuple(sorted((arch, calls) for arch, calls in rule.calls.items()))
    rule.identity = (rule.filter, rule.action, tuple(raw), tuple(rule.keys), numbers)


def _calls(rule: Rule, bits: str, named: list[str], one_architecture: bool, machine: Machine) -> Calls:
    if not rule.names_calls:
        return ALL
    if rule.filter == "io_uring":
        return frozenset()
    # Without an architecture names are those of the native one; the kernel keeps their numbers, which the other
    # architecture gives to other calls.
    return _union(machine.numbers(bits if one_architecture else machine.native, text) for text in named)


def _union(sets: Iterable[Calls]) -> Calls:
    calls: set[int] = set()
    for one in sets:
        if one is ALL:
            return ALL
        calls |= one
    return frozenset(calls)


def _list_and_action(rule: Rule, argument: str) -> None:
    if rule.filter:
        raise BadLine("a line can hold one rule")
    parts = argument.split(",")
    if len(parts) != 2:
        raise BadLine(f"{argument[:60]!r} is no list and action")
    for part in parts:
        if part in LISTS:
            rule.filter = part
        elif part in ("always", "never", "possible"):
            rule.action = part
    # exit,possible is passed over as something of old; the other way round it is an error.
    if not rule.filter or not rule.action or parts[0] == "possible":
        raise BadLine(f"{argument[:60]!r} is no list and action")


def _watch(rule: Rule, argument: str, machine: Machine, raw: list[object]) -> None:
    if rule.filter:
        raise BadLine("a watch cannot be given with a list")
    if not argument.startswith("/"):
        raise BadLine("the path of a watch begins with /")
    rule.filter, rule.action, rule.watch = "exit", "always", True
    path = argument.rstrip("/") or "/"
    kind = "dir" if machine.is_folder(path) else "path"
    rule.fields.append(Field(kind, "=", machine.real(path)))
    raw.append((kind, "=", path))
    rule.perms = frozenset("rwxa")


def _split(argument: str) -> tuple[str, str, str]:
    for op in OPERATORS:
        if op in argument:
            name, text = argument.split(op, 1)
            if not name or not text:
                raise BadLine(f"{argument[:60]!r} lacks a name or a value")
            return ("auid" if name == "loginuid" else name), op, text
    raise BadLine(f"{argument[:60]!r} holds no comparison")


def _bits(text: str, machine: Machine) -> str:
    name = text.lower()
    if name in ("b64", "x86_64", "aarch64", "ppc64", "ppc64le", "s390x"):
        return "b64"
    if name in ("b32", "i386", "i486", "i586", "i686", "arm", "armeb", "armv7l", "ppc", "s390"):
        return "b32"
    number = whole(text) if text[:1].isdigit() else whole("0x" + text)
    if number is None:
        raise BadLine(f"the architecture {text[:60]} is not known")
    return "b64" if number & 0x80000000 else "b32"  # __AUDIT_ARCH_64BIT


def _letters(text: str) -> frozenset[str]:
    letters = frozenset(text.lower())
    if len(text) > 4 or not letters <= set("rwxa"):
        raise BadLine(f"{text[:60]!r} are no permissions; there are r, w, x and a")
    return letters


def _permissions(rule: Rule, op: str, text: str) -> frozenset[str]:
    if rule.filter not in ("exit", "exclude") or op != "=":
        raise BadLine("perm is for the list exit, and only with =")
    return _letters(text)


def _comparison(rule: Rule, name: str, op: str, text: str) -> Field:
    second = "auid" if text == "loginuid" else text
    same_kind = {name, second} <= set(USERS) or {name, second} <= set(GROUPS)
    if rule.filter != "exit" or op not in ("=", "!=") or not same_kind or name == second:
        raise BadLine(f"{name[:40]} and {text[:40]} cannot be compared")
    return Field("compare", op, frozenset((name, second)))


def _field(rule: Rule, name: str, op: str, text: str, machine: Machine) -> Field:
    if name in ONLY_EXIT and rule.filter != "exit":
        raise BadLine(f"{name} is for the list exit")
    if name in USERS or name in GROUPS:
        return Field(name, op, _account(name, text, machine))
    if name == "exit":
        return Field(name, op, _error_number(text))
    if name in ARGUMENTS or name in NUMBERS:
        number = UNSET if name == "sessionid" and text == "unset" else whole(text)
        if number is None or (number < 0 and name not in (*ARGUMENTS, "sessionid")):
            raise BadLine(f"{name} takes a number, not {text[:60]}")
        return Field(name, op, number & UNSET)
    if name == "msgtype":
        if rule.filter not in ("exclude", "user"):
            raise BadLine("msgtype is for the lists exclude and user")
        return Field(name, op, whole(text) if text[0].isdigit() else RECORDS.get(text))
    if name in ("path", "dir"):
        if not text.startswith("/") or (name == "path" and text.endswith("/")):
            raise BadLine(f"{text[:200]!r} is no path that the kernel takes")
        return Field(name, op, machine.real(posixpath.normpath(text)))
    if name == "exe":
        if op not in ("=", "!=") or not text.startswith("/"):
            raise BadLine("exe takes the path of a program, with = or !=")
        return Field(name, op, machine.real(text))
    if name == "fstype":
        if rule.filter != "filesystem" or op not in ("=", "!="):
            raise BadLine("fstype is for the list filesystem")
        return Field(name, op, text)
    if name == "filetype" and text not in FILE_TYPES:
        raise BadLine(f"{text[:60]} is no type of file")
    if name in (*SUBJECTS, *OBJECTS, "filetype"):
        return Field(name, op, text)
    raise BadLine(f"there is no field {name[:60]}")


def _account(name: str, text: str, machine: Machine) -> int:
    accounts = machine.users if name in USERS else machine.groups
    number = UNSET if text == "unset" and name in USERS else accounts.get(text, whole(text))
    if number is None:
        raise BadLine(f"this machine has no account or group {text[:60]}")
    return number & UNSET


def _error_number(text: str) -> int:
    number = whole(text)
    if number is None:
        negative, name = (-1, text[1:]) if text.startswith("-") else (1, text)
        codes = {word: code for code, word in errno.errorcode.items()}
        if name not in codes:
            raise BadLine(f"{text[:60]} is no error of a system call")
        number = negative * codes[name]
    return number
