"""PAM stacks: what a service's configuration comes to, and what libpam would do with it.

`stack` flattens a service with its includes as libpam reads it. `run` walks a stack as libpam's dispatcher does
(libpam/pam_dispatch.c), with made-up answers of the modules: so a line that is there but is jumped over shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..engine.host import HostError
from ..engine.reading import Machine
from ..engine.safe_read import number, text_or_nothing

FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d")  # libpam looks in this order
MOST_LINES = 500  # of one stack; libpam itself gives up on include loops after 32 levels
DEEPEST = 16

# What the one-word controls mean, from pam.conf(5).
CONTROLS = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
}


class Line:
    """One module of a stack: `file` and `number` (where it stands), `actions` (by answer), `module`, `arguments`.

    `level` counts the substacks it lies in.
    """

    def __init__(
        self, file: str, number: int, actions: dict[str, str], module: str, arguments: list[str], level: int
    ) -> None:
        self.file = file
        self.number = number
        self.actions = actions
        self.module = module
        self.arguments = arguments
        self.level = level

    @property
    def place(self) -> str:
        """Where it stands, for a person."""
        return f"{self.file}, line {self.number}"


def service_file(host: Machine, service: str) -> str:
    """The file of a service, or an empty text."""
    for folder in FOLDERS:
        if host.exists(f"{folder}/{service}"):
            return f"{folder}/{service}"
    return ""


def stack(host: Machine, service: str, kind: str) -> list[Line]:
    """The lines of `kind` (auth, account, session) of a service, includes followed.

    Raises HostError: malformed when PAM would not accept it, or when a file cannot be read.
    """
    lines: list[Line] = []
    _read(host, service, kind, 0, 0, lines)
    return lines


def _read(host: Machine, service: str, kind: str, level: int, depth: int, lines: list[Line]) -> None:
    path = service_file(host, service) if "/" not in service else service
    text = text_or_nothing(host, path) if path else None
    if text is None:
        raise HostError("malformed", f"PAM's configuration includes {service[:80]}, which is not there")
    if depth > DEEPEST or len(lines) > MOST_LINES:
        raise HostError("malformed", f"PAM's configuration is nested too deeply or too long at {path}")
    for count, words in _statements(text):
        if words[0] == "@include" and len(words) > 1:
            _read(host, words[1], kind, level, depth + 1, lines)
            continue
        if words[0].lstrip("-").lower() != kind:
            continue
        if len(words) < 3:
            raise HostError("malformed", f"{path}, line {count} has no module")
        control, target, arguments = words[1], words[2], words[3:]
        if control == "include":
            _read(host, target, kind, level, depth + 1, lines)
        elif control == "substack":
            _read(host, target, kind, level + 1, depth + 1, lines)
        else:
            actions = _actions(control, f"{path}, line {count}")
            lines.append(Line(path, count, actions, target.rsplit("/", 1)[-1], arguments, level))


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, words) of every statement; a backslash at the end joins lines, # starts a comment."""
    waiting, start = "", 0
    for count, line in enumerate(text.split("\n"), 1):
        start = start or count
        line = line.split("#", 1)[0]
        if line.endswith("\\"):
            waiting += line[:-1] + " "
            continue
        words = _words(waiting + line)
        if words:
            yield start, words
        waiting, start = "", 0


def _words(line: str) -> list[str]:
    """Split at blanks; a word in [brackets] may hold blanks and loses its brackets, except as the control."""
    words: list[str] = []
    rest = line.strip()
    while rest:
        if rest[0] == "[":
            end = rest.find("]")
            if end < 0:
                words.append(rest)
                break
            words.append(rest[: end + 1] if len(words) == 1 else rest[1:end])
            rest = rest[end + 1 :].lstrip()
        else:
            pieces = rest.split(None, 1)
            words.append(pieces[0])
            rest = pieces[1].lstrip() if len(pieces) > 1 else ""
    return words


def _actions(control: str, place: str) -> dict[str, str]:
    if control.lower() in CONTROLS:
        return CONTROLS[control.lower()]
    if not (control.startswith("[") and control.endswith("]")):
        raise HostError("malformed", f"{place}: PAM knows no control {control[:40]!r}")
    actions = {}
    for pair in control[1:-1].split():
        answer, equals, action = pair.partition("=")
        if not equals:
            raise HostError("malformed", f"{place}: {pair[:40]!r} is no answer with an action")
        actions[answer.lower()] = action.lower()
    return actions


def run(lines: list[Line], answer: Callable[[Line], str]) -> tuple[bool, list[Line]]:
    """Walk a stack. `answer(line)` gives what a module returns ("success", "auth_err", "ignore", ...).

    Returns (passed, called): whether the stack lets the user pass, and the lines that were called, in order.
    """
    called: list[Line] = []
    impression, status = "none", "fail"
    entered: dict[int, tuple[str, str]] = {}
    previous = 0
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.level > previous:
            entered[line.level] = (impression, status)
        previous = line.level
        called.append(line)
        result = answer(line)
        action = line.actions.get(result, line.actions.get("default", "bad"))
        skipped = number(action)
        if skipped:
            at, short = _jump(lines, at, skipped)
            if short:
                impression, status = "bad", "fail"
        elif action == "reset":
            impression, status = entered.get(line.level, ("none", "fail"))
        elif action in ("ok", "done"):
            if impression == "none" or (impression == "good" and status == "success"):
                impression, status = "good", result
            if action == "done" and impression == "good":
                at = _end_of_substack(lines, at)
        elif action in ("bad", "die"):
            if impression != "bad":
                impression, status = "bad", "fail" if result in ("ignore", "success") else result
            if action == "die":
                at = _end_of_substack(lines, at)
        elif action != "ignore":
            impression, status = "bad", "fail"
        at += 1
    return impression == "good" and status == "success", called


def _jump(lines: list[Line], at: int, count: int) -> tuple[int, bool]:
    """The place after skipping `count` modules (a substack counts as one), and whether there were too few."""
    level = lines[at].level
    while at + 1 < len(lines) and lines[at + 1].level >= level and count > 0:
        at += 1
        while at + 1 < len(lines) and lines[at + 1].level > level:
            at += 1
        count -= 1
    return at, count > 0


def _end_of_substack(lines: list[Line], at: int) -> int:
    """The last line that a decision at `at` skips: the rest of its substack, or everything."""
    level = lines[at].level
    while at + 1 < len(lines) and lines[at + 1].level >= level:
        at += 1
    return at
