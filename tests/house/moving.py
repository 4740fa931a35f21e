"""Where device code asks for what is another at each visit: the clock, chance, and the number of its own process."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# What is asked of each module. A conversion of a moment that is passed in asks for nothing.
CLOCK = {
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "process_time", "clock_gettime", "now", "utcnow",
    "today", "ctime",
}  # fmt: skip
WITHOUT_ARGUMENTS = {"gmtime": 0, "localtime": 0, "strftime": 1, "asctime": 0}  # with more they convert
ASKED = {"time": CLOCK, "datetime": CLOCK, "date": CLOCK, "os": {"getpid", "urandom", "times"}}
BY_CHANCE = {"random", "secrets", "uuid", "tempfile"}  # any function of theirs
CHANCES = {"choice", "random", "SystemRandom", "token_bytes", "token_hex", "uuid4", "uuid1", "mkdtemp", "mkstemp"}
POWERSHELL = re.compile(
    r"Get-Date\b|Get-LeeboardNow\b|\[(?:System\.)?DateTime(?:Offset)?\]::(?:Utc)?(?:Now|Today)|Stopwatch\]|TickCount|"
    r"Get-Random\b|NewGuid|GetRandomFileName|GetTempFileName|\$PID\b|Get-Uptime\b",
    re.IGNORECASE,
)
FUNCTION = re.compile(r"^\s*function\s+([A-Za-z-]+)", re.IGNORECASE)


def in_python(text: str) -> Iterator[str]:
    """The function (or "at import") of each place in a Python file that asks, once for each."""
    yield from dict.fromkeys(_asking(ast.parse(text), "at import"))


def _asking(node: ast.AST, function: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(child, ast.ImportFrom) and child.module in {"time", "datetime", *BY_CHANCE} and not child.level:
            yield inside  # by a bare name it could be asked unseen
        if isinstance(child, ast.Attribute) and _asks(_name(child.value), child.attr):
            yield inside
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
            most = WITHOUT_ARGUMENTS.get(child.func.attr)
            if most is not None and _name(child.func.value) == "time" and len(child.args) <= most:
                yield inside
        yield from _asking(child, inside)


def _asks(module: str, name: str) -> bool:
    return name in ASKED.get(module, ()) or (module in BY_CHANCE and name in CHANCES)


def _name(node: ast.AST) -> str:
    """The last name of what something is asked of: datetime of datetime.datetime."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def in_powershell(text: str) -> Iterator[str]:
    """The same for a file of PowerShell. A function ends where the next begins at the left margin."""
    found, function = {}, "at import"
    for line in text.splitlines():
        begins = FUNCTION.match(line)
        if begins:
            function = begins[1]
        elif POWERSHELL.search(line.partition(" # ")[0]) and not line.lstrip().startswith("#"):
            found[function] = None
    yield from found
