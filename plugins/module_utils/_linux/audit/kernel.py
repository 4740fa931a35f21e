"""What the kernel's audit system holds now, as auditctl says it, and the system calls of this machine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from ..engine import reading
from ..engine.host import Completed, HostError
from ..engine.safe_read import first_of, number, text_or_nothing
from .files import folder_watch
from .rule import BadLine, Machine, Rule, read

AUDITCTL = ("/usr/sbin/auditctl", "/sbin/auditctl")
KERNEL = "the kernel's rules"
# The second table of system calls that a kernel of a 64-bit machine takes programs for.
SECOND = {"x86_64": "i386"}
SWITCHED_OFF = "The audit system is disabled"  # what auditctl says after a start with audit=0


class Status:
    """`enabled` (0, 1; 2: the rules are locked), `rules` in their order, and whether a `daemon` takes the records.

    `off_at_start`: a start with audit=0 rules it all out.
    """

    def __init__(self, enabled: int, rules: list[Rule], daemon: bool = False, off_at_start: bool = False) -> None:
        self.enabled = enabled
        self.rules = rules
        self.daemon = daemon
        self.off_at_start = off_at_start


def installed(host: reading.Machine) -> bool:
    """True when auditd's programs are there."""
    return bool(first_of(host, AUDITCTL))


def machine(host: reading.Machine, created: set[str]) -> Machine:
    """The system calls, accounts and folders of this machine. Two questions, one for each table. Raises HostError."""
    native, calls = _table(host, ["ausyscall", "--dump"])
    bits = "b64" if native not in ("i386", "arm") else "b32"
    calls_by_bits = {bits: calls}
    if native in SECOND:
        calls_by_bits["b32"] = _table(host, ["ausyscall", SECOND[native], "--dump"])[1]
    real = _real(host)
    return Machine(
        calls_by_bits,
        _accounts(host, "/etc/passwd"),
        _accounts(host, "/etc/group"),
        real,
        lambda path: folder_watch(host, real(path), created),
    )


def _table(host: reading.Machine, argv: list[str]) -> tuple[str, dict[str, int]]:
    done = host.query(argv)
    first, _dummy, rest = done.out.partition("\n")
    named = re.match(r"Using (\S+) syscall table:", first)
    calls = {}
    for line in rest.splitlines():
        digits, _dummy, name = line.partition("\t")
        if number(digits) is not None and name:
            calls[name] = int(digits)
    if done.rc != 0 or not named or len(calls) < 100 or not done.out.endswith("\n"):
        raise HostError("malformed", f"{' '.join(argv)} gave no whole table of system calls: {done.err.strip()[:200]}")
    return named.group(1), calls


def _accounts(host: reading.Machine, path: str) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for line in (text_or_nothing(host, path) or "").splitlines():
        parts = line.split(":")
        if len(parts) > 2 and number(parts[2]) is not None:
            numbers.setdefault(parts[0], int(parts[2]))
    return numbers


def _real(host: reading.Machine) -> Callable[[str], str]:
    """A function that resolves the links in the folders above a path, as the kernel does, and remembers them."""
    resolved: dict[str, str] = {}

    def real(path: str) -> str:
        path = posixpath.normpath(path)
        folder, name = posixpath.split(path)
        if folder not in resolved:
            resolved[folder] = host.real(folder)
        return posixpath.join(resolved[folder], name) if name else "/"

    return real


def status(host: reading.Machine, machine: Machine) -> Status:
    """What auditctl says. Raises HostError."""
    done = _ask(host, "-s")
    if SWITCHED_OFF in done.err and not done.out.strip():
        return Status(0, [], off_at_start=True)
    fields = dict(line.split(" ", 1) for line in done.out.splitlines() if " " in line)
    enabled, daemon = number(fields.get("enabled", "").strip()), number(fields.get("pid", "").strip())
    if enabled not in (0, 1, 2) or daemon is None or not done.out.endswith("\n"):
        raise _silent("-s", done)
    done = _ask(host, "-l")
    if not done.out.strip():
        raise _silent("-l", done)
    if not done.out.endswith("\n"):
        raise HostError("malformed", "the list of rules that auditctl -l gave is cut off")
    if done.out.strip() == "No rules":
        return Status(enabled, [], daemon != 0)
    rules = [_rule(line, count, machine) for count, line in enumerate(done.out.splitlines(), 1)]
    return Status(enabled, rules, daemon != 0)


def _rule(line: str, count: int, machine: Machine) -> Rule:
    # A blank inside a path or a key is printed as it is: only those around an option part words.
    line = re.sub(r" (-[aFCSwpk]) ", "\x00\\1\x01", " " + line.replace("\\", "\\\\")).replace(" ", "\\ ")
    line = line.replace("\x00", " ").replace("\x01", " ")
    try:
        return read(line, machine, f"{KERNEL}, line {count}")
    except BadLine as problem:
        raise HostError("malformed", f"line {count} of auditctl -l makes no sense: {problem}") from None


def _ask(host: reading.Machine, option: str) -> Completed:
    done = host.query(["auditctl", option])
    if done.rc == 4 or "Operation not permitted" in done.err:
        code = "denied" if host.is_root else "needs_root"
        raise HostError(code, "the rules of the kernel are shown to root only (auditctl ended with status 4)")
    if done.rc != 0 or "NLMSG_ERROR" in done.out:
        output = (done.err.strip() or done.out.strip())[:200]
        raise HostError("failed", f"auditctl {option} ended with status {done.rc}: {output}")
    return done


def _silent(option: str, done: Completed) -> HostError:
    # auditctl waits four seconds for the kernel and then ends without a word and without an error.
    if not done.out.strip():
        return HostError("timeout", f"auditctl {option} said nothing: the kernel did not answer in time")
    return HostError("malformed", f"auditctl {option} gave no status that makes sense: {done.out.strip()[:100]!r}")
