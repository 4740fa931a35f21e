"""Do the rules of a list record what is wanted? By fields and by order: the first rule that matches decides.

What is wanted is itself a rule. It is taken apart into what can be recorded by itself (each system call, or each
letter of perm), and for each part there must be a rule that records at least that, with nothing before it that says
never.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from .rule import ALL, RECORDS, UNSET, Calls, Field, Machine, Rule

# What the kernel counts as each permission, as far as every auditctl since 3.1.3 puts it into a rule with perm and arch
# (lib/permtab.h). A rule with a shorter list of its own misses some of it.
CALLS = {
    "x": "execve",
    "w": "rename mkdir rmdir creat link unlink symlink mknod mkdirat mknodat unlinkat renameat linkat symlinkat "
    "renameat2 acct swapon quotactl truncate ftruncate bind fallocate open openat openat2",
    "r": "readlink quotactl listxattr llistxattr flistxattr getxattr lgetxattr fgetxattr readlinkat open openat "
    "openat2",
    "a": "chmod fchmod chown lchown fchown setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr fchownat "
    "fchmodat link linkat",
}
# Calls that name no file: their records are whole without a PATH record.
WITHOUT_PATH = {
    "adjtimex", "settimeofday", "clock_settime", "sethostname", "setdomainname", "init_module", "finit_module",
    "delete_module",
}  # fmt: skip
VIRTUAL = {"tracefs", "debugfs", "0x74726163", "0x64626720", "1953653091", "1684170528"}  # file systems without files
RANGE: dict[str, tuple[int | None, int | None]] = {
    "=": (0, 0), ">=": (0, None), ">": (1, None), "<=": (None, 0), "<": (None, -1),
}  # fmt: skip
# Folders that hold most of what people do: a rule for all files that leaves out one of these misses its point.
MUCH = ("/", "/home", "/media", "/mnt", "/run", "/run/media", "/srv", "/usr", "/usr/bin", "/var")
ONE_SUBJECT = ("pid", "ppid", "sessionid", "subj_user", "subj_role", "subj_type", "subj_sen", "subj_clr")
# Programs that write the records of signing in (pam_unix and pam_faillock do it in their name).
SIGN_PEOPLE_IN = (
    "sshd", "sshd-session", "sshd-auth", "login", "su", "sudo", "gdm-session-worker", "sddm-helper", "lightdm",
    "xrdp-sesman", "polkit-agent-helper-1", "pkexec", "cockpit-session", "unix_chkpwd", "kcheckpass",
)  # fmt: skip
PEOPLE = ("auid", "uid", "euid", "suid", "fsuid")


class Answer:
    """`missing` says in words what is not recorded (empty: all is), `where` the places of the rules that record it.

    `kept_from` says that a rule is there and another one defeats it; `notes` are rules that leave out one program or
    one account.
    """

    def __init__(self) -> None:
        self.missing = ""
        self.kept_from = False
        self.where: list[str] = []
        self.notes: list[str] = []


class Rules:
    """A list of rules in their order, sorted by what they are about so that 5,000 of them are quickly gone through."""

    def __init__(self, rules: list[Rule]) -> None:
        exits = [rule for rule in rules if rule.filter == "exit" and rule.action != "possible"]
        self.numbered = list(enumerate(exits))
        self.task = [rule for rule in rules if rule.filter == "task"]
        self.exclude = [rule for rule in rules if rule.filter == "exclude"]
        self.filesystem = [rule for rule in rules if rule.filter == "filesystem"]
        self.user = [rule for rule in rules if rule.filter == "user"]
        self.never = [(at, rule) for at, rule in self.numbered if rule.action == "never"]
        self.by_path: dict[str, list[tuple[int, Rule]]] = {}
        self.rest: list[tuple[int, Rule]] = []
        for at, rule in self.numbered:
            about = rule.object
            if rule.action != "always":
                continue
            if about and about[0] == "path":
                self.by_path.setdefault(about[1], []).append((at, rule))
            else:
                self.rest.append((at, rule))

    def candidates(self, wanted: Rule) -> list[tuple[int, Rule]]:
        """The rules that may record what is wanted, in their order."""
        about = wanted.object
        own = self.by_path.get(about[1], []) if about and about[0] == "path" else []
        return sorted([*own, *self.rest], key=lambda pair: pair[0])


def answer(wanted: Rule, rules: Rules, machine: Machine) -> Answer:
    """Whether `rules` record what `wanted` asks for, on each of its architectures."""
    result = Answer()
    fileless = _without_path(wanted, machine)
    for bits in wanted.calls:
        candidates = [
            (at, rule)
            for at, rule in rules.candidates(wanted)
            if bits in rule.calls
            and all(implied(wanted, field) or _the_clock(rule, field, bits, machine) for field in rule.fields)
        ]
        for name, calls, about, letter in _parts(wanted, bits, machine):
            recorded = next(((at, rule) for at, rule in candidates if _records(rule, bits, calls, letter)), None)
            if recorded is None:
                result.missing = f"no rule records {name} for {_program(bits)}"
                return result
            if recorded[1].place not in result.where:
                result.where.append(recorded[1].place)
            for at, rule in rules.never:
                earlier = at < recorded[0] and _touches(rule, wanted, bits, about) and not (rule.object and fileless)
                if earlier and not _judge_never(result, rule, wanted, "comes first and keeps it from being recorded"):
                    return result
    for rule in rules.task:
        if rule.action == "always" and not rule.fields:
            break
        if rule.action == "never" and not _judge_never(result, rule, wanted, "keeps new programs from being recorded"):
            return result
    for rule in rules.filesystem:
        kinds = {field.value for field in rule.fields if field.name == "fstype"}
        if wanted.object and rule.action == "never" and not kinds <= VIRTUAL:
            result.missing, result.kept_from = f"{rule.place} leaves out a whole kind of file system", True
            return result
    needed = ["SYSCALL"] if fileless else ["SYSCALL", "PATH"]
    if _starts_programs(wanted, machine):
        needed.append("EXECVE")  # without it nobody can say with which arguments
    for rule in rules.exclude:
        dropped = [record for record in needed if drops(rule, RECORDS[record])]
        if dropped and not _judge_never(result, rule, wanted, f"throws away records of the type {dropped[0]}"):
            return result
    return result


def _program(bits: str) -> str:
    return {"b64": "64-bit programs", "b32": "32-bit programs"}[bits]


def _parts(wanted: Rule, bits: str, machine: Machine) -> Iterator[tuple[str, Calls, Calls, str]]:
    """(name for people, calls that a rule must have, calls that it is about, letter) of each part by itself."""
    known, calls = machine.calls[bits], wanted.calls[bits]
    if wanted.perms is not None:
        for letter in sorted(wanted.perms):
            yield f"perm={letter}", core(letter, known), core(letter, known), letter
    elif calls is None:
        files: frozenset[int] = frozenset().union(*(core(letter, known) for letter in CALLS))
        yield "all that is asked", ALL, files if wanted.object else ALL, ""
    else:
        names = {number: name for name, number in known.items()}
        for number in sorted(calls):
            yield names.get(number, str(number)), frozenset((number,)), frozenset((number,)), ""


def core(letter: str, calls_by_name: dict[str, int]) -> frozenset[int]:
    """The numbers of the calls that a permission is about, as far as an architecture has them."""
    return frozenset(calls_by_name[name] for name in CALLS[letter].split() if name in calls_by_name)


def _records(rule: Rule, bits: str, calls: Calls, letter: str) -> bool:
    if rule.perms is not None and letter not in rule.perms:
        return False
    recorded_calls = rule.calls[bits]
    return recorded_calls is ALL or (calls is not ALL and calls <= recorded_calls)


def _touches(rule: Rule, wanted: Rule, bits: str, calls: Calls) -> bool:
    """True when a rule can match something of what is wanted."""
    if bits not in rule.calls:
        return False
    calls_of_rule = rule.calls[bits]
    if calls_of_rule is not ALL and calls is not ALL and not calls_of_rule & calls:
        return False
    if rule.perms is not None and wanted.perms is not None and not rule.perms & wanted.perms:
        return False
    return not any(excluded(wanted, field) for field in rule.fields)


def _judge_never(result: Answer, rule: Rule, wanted: Rule, what: str) -> bool:
    """True when `rule` leaves out one program or account only; else `result.missing` says what it does."""
    if narrow(rule, wanted):
        note = f"{rule.place} leaves out some of it"
        if note not in result.notes:
            result.notes.append(note)
        return True
    result.missing, result.kept_from = f"{rule.place} {what}", True
    return False


def narrow(rule: Rule, wanted: Rule) -> bool:
    """True when a rule that says never is about one program, account or folder, and not about what is wanted itself."""
    for field in rule.fields:
        if field.op != "=" or implied(wanted, field):
            continue
        if field.name in ONE_SUBJECT:
            # AppArmor calls every program so for which nobody wrote a profile.
            return bool(field.value != "unconfined")
        if field.name == "exe":
            # A program that is recorded when it is started is the subject of that record.
            return wanted.object != ("path", field.value)
        if field.name in PEOPLE and field.value != 0:
            # What a daemon does, which nobody signed in for, is all that there is to record of a daemon.
            return field.value != UNSET or wanted.value("exe") is None
        if field.name in ("path", "dir") and not wanted.object and field.value not in MUCH:
            return True
    return False


def spares_sign_ins(rule: Rule) -> bool:
    """True when a rule that throws records away is about one account or program, and not one that signs people in.

    Until somebody is signed in the record of it belongs to nobody (auid=unset), a wrong password always does.
    """
    for field in rule.fields:
        of_one = field.op == "=" and field.value not in (0, UNSET, "unconfined")
        if field.name == "exe" and of_one and posixpath.basename(field.value) not in SIGN_PEOPLE_IN:
            return True
        if field.name in (*ONE_SUBJECT, *PEOPLE) and of_one:
            return True
    return False


def drops(rule: Rule, record: int) -> bool:
    """True when a rule of the list exclude matches records of that type."""
    kinds = [field for field in rule.fields if field.name == "msgtype"]
    return all(field.value is not None and _holds(record, field) for field in kinds)


def _holds(number: int, field: Field) -> bool:
    value: int = field.value
    if field.op == "!=":
        return number != value
    if field.op not in RANGE:
        return False
    low, high = RANGE[field.op]
    return (low is None or number >= value + low) and (high is None or number <= value + high)


def _without_path(wanted: Rule, machine: Machine) -> bool:
    pathless = {machine.calls[bits].get(name) for bits in wanted.calls for name in WITHOUT_PATH}
    return wanted.perms is None and all(calls is not ALL and calls <= pathless for calls in wanted.calls.values())


def implied(wanted: Rule, field: Field) -> bool:
    """True when everything that is wanted meets `field` as well, so that the field narrows nothing."""
    if field in wanted.fields:
        return True
    if field.name in ("path", "dir"):
        about = wanted.object
        return bool(about and field.name == "dir" and field.op == "=" and _below(about[1], field.value))
    if field.name == "success" and field.op == "=":
        exit_value = wanted.value("exit")
        return exit_value is not None and (exit_value >= 0) == bool(field.value)
    if not isinstance(field.value, int):
        return False
    low, high, holes = _range(wanted.fields, field.name)
    if field.op == "!=":
        return field.value in holes or not low <= field.value <= high
    if field.op not in RANGE:
        return False
    least, most, _none = _range([field], field.name)
    return least <= low and high <= most


def _starts_programs(wanted: Rule, machine: Machine) -> bool:
    """True where what is wanted is recorded as a program starts, so that a record of its arguments belongs to it."""
    if wanted.perms is not None:
        return "x" in wanted.perms
    return any(calls is ALL or machine.calls[bits].get("execve") in calls for bits, calls in wanted.calls.items())


def _the_clock(rule: Rule, field: Field, bits: str, machine: Machine) -> bool:
    """True for `-S clock_settime -F a0=0`, as CIS writes it: of all clocks, only the first can be set at all."""
    number = machine.calls[bits].get("clock_settime")
    return field == Field("a0", "=", 0) and rule.calls[bits] == frozenset((number,))


def excluded(wanted: Rule, field: Field) -> bool:
    """True when nothing that is wanted meets `field`."""
    if field.name in ("path", "dir"):
        about = wanted.object
        if not about or field.op != "=":
            return False
        apart = not _below(about[1], field.value) if field.name == "dir" else about[1] != field.value
        return apart and not (about[0] == "dir" and _below(field.value, about[1]))
    if field.name == "compare":
        return Field("compare", "=" if field.op == "!=" else "!=", field.value) in wanted.fields
    if field.name == "success" and field.op == "=":
        exit_value = wanted.value("exit")
        return exit_value is not None and (exit_value >= 0) != bool(field.value)
    if not isinstance(field.value, int):
        value = wanted.value(field.name)
        return value is not None and (value == field.value) == (field.op == "!=")
    low, high, holes = _range(wanted.fields, field.name)
    least, most, theirs = _range([field], field.name)
    low, high = max(low, least), min(high, most)
    return low > high or (low == high and low in holes | theirs)


def _below(path: str, folder: str) -> bool:
    return folder == "/" or path == folder or path.startswith(folder + "/")


def _range(fields: list[Field], name: str) -> tuple[int, int, set[int]]:
    """(lowest, highest, numbers left out) that the fields of one name allow."""
    low, high = (-(2**31), 2**31 - 1) if name == "exit" else (0, UNSET)
    holes = set()
    for field in fields:
        if field.name != name or not isinstance(field.value, int):
            continue
        if field.op == "!=":
            holes.add(field.value)
        elif field.op in RANGE:
            least, most = RANGE[field.op]
            low = low if least is None else max(low, field.value + least)
            high = high if most is None else min(high, field.value + most)
    while high in holes and high >= low:
        high -= 1
    while low in holes and high >= low:
        low += 1
    return low, high, holes
