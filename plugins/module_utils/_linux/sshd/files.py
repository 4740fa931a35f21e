"""What sshd's configuration files say, read as sshd_config(5) says: includes in place, Match blocks apart."""

from __future__ import annotations

import fnmatch
import shlex

from ..engine.host import Host, HostError

MAIN = "/etc/ssh/sshd_config"
DEFAULTS = "/etc/default/ssh"
DEEPEST = 16  # SERVCONF_MAX_DEPTH of sshd
MOST_FILES = 200


class Line:
    """One line: `keyword` in lower case, `text` after it, `match` (its block's criteria, or empty), `place`."""

    def __init__(self, keyword: str, text: str, match: str, place: str) -> None:
        self.keyword = keyword
        self.text = text
        self.match = match
        self.place = place


class MatchBlock:
    """One Match block that is not for everybody.

    `text` is its own line without the word Match, `criteria` a list of (attribute in lower case, pattern list) with
    those of the block around an Include, `place` where it stands, `settings` {keyword in lower case: text}.
    """

    def __init__(self, text: str, criteria: list[tuple[str, str]], place: str) -> None:
        self.text = text
        self.criteria = criteria
        self.place = place
        self.settings: dict[str, str] = {}


class Configuration:
    """sshd's files: `lines` (Line), `blocks` (MatchBlock), both in sshd's order, `paths`, `folders`."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.blocks: list[MatchBlock] = []
        self.paths: list[str] = []
        self.folders: list[str] = []  # those in which an Include looks for files


def configuration(host: Host, main: str = MAIN) -> Configuration:
    """What the files say. Raises HostError."""
    parsed = Configuration()
    if host.exists(main):
        _read(host, main, None, 0, parsed)
    return parsed


def _read(host: Host, path: str, block: MatchBlock | None, depth: int, parsed: Configuration) -> None:
    if depth > DEEPEST or len(parsed.paths) > MOST_FILES:
        raise HostError("malformed", f"sshd's configuration includes too many files at {path}")
    parsed.paths.append(path)
    try:
        text = host.text(path)
    except FileNotFoundError:
        return
    outer = block
    for count, line in enumerate(text.split("\n"), 1):
        keyword, rest = words(line)
        place = f"{path}, line {count}"
        if not keyword:
            continue
        if keyword == "match":
            criteria = (outer.criteria if outer else []) + _criteria(rest, place)
            block = MatchBlock(rest[:200], criteria, place) if criteria else None
            if block:
                parsed.blocks.append(block)
        elif keyword == "include":
            # A Match block in an included file ends with that file.
            for pattern in _arguments(rest, place):
                for included in _matching(host, pattern, parsed.folders):
                    _read(host, included, block, depth + 1, parsed)
        else:
            if block:
                block.settings.setdefault(keyword, rest.strip('"'))
            parsed.lines.append(Line(keyword, rest.strip('"'), block.text if block else "", place))


def _criteria(rest: str, place: str) -> list[tuple[str, str]]:
    """(attribute, pattern list) of a Match line; none for "all"."""
    words = [part for word in _arguments(rest, place) for part in word.split("=", 1)]
    criteria: list[tuple[str, str]] = []
    while words:
        attribute = words.pop(0).lower()
        if attribute == "all":
            continue
        if attribute == "invalid-user":
            criteria.append((attribute, ""))
        else:
            criteria.append((attribute, words.pop(0) if words else ""))
    return criteria


def words(line: str) -> tuple[str, str]:
    """The keyword in lower case and the rest of a line; an equals sign may part them."""
    bare = line.strip()
    if not bare or bare.startswith("#"):
        return "", ""
    end = next((at for at, character in enumerate(bare) if character in " \t="), len(bare))
    rest = bare[end:].lstrip(" \t")
    return bare[:end].lower(), (rest[1:] if rest.startswith("=") else rest).split(" #", 1)[0].strip()


def _arguments(text: str, place: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise HostError("malformed", f"{place} has quotes that do not end") from None


def _matching(host: Host, pattern: str, folders: list[str]) -> list[str]:
    """The files of an Include pattern; wildcards are looked for in the last part of the path."""
    path = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
    folder, _dummy, name = path.rpartition("/")
    if any(character in folder for character in "*?["):
        raise HostError("malformed", f"the Include pattern {pattern[:100]!r} has a wildcard in a folder's name")
    if not any(character in name for character in "*?["):
        return [path] if host.exists(path) else []
    folders.append(folder)
    hidden = name.startswith(".")
    names = [entry for entry in host.entries(folder) if hidden or not entry.startswith(".")]
    return [f"{folder}/{entry}" for entry in names if fnmatch.fnmatchcase(entry, name)]


def options_of_service(host: Host, started_with: list[str] | None = None) -> list[str]:
    """The options of sshd that change its configuration: -o and -f with their values. Raises HostError.

    `started_with` are the arguments in its unit; where they are not known, those of Debian's unit count.
    """
    words: list[str] = []
    for word in ["$SSHD_OPTS"] if started_with is None else started_with:
        words += _defaults(host) if word in ("$SSHD_OPTS", "${SSHD_OPTS}") else [word]
    options: list[str] = []
    for at, word in enumerate(words):
        if word in ("-o", "-f") and at + 1 < len(words):
            options += [word, words[at + 1]]
        elif word[:2] in ("-o", "-f") and len(word) > 2:
            options += [word[:2], word[2:]]
    return options


def _defaults(host: Host) -> list[str]:
    """The words of SSHD_OPTS in /etc/default/ssh."""
    try:
        text = host.text(DEFAULTS)
    except FileNotFoundError:
        return []
    words: list[str] = []
    for line in text.split("\n"):
        key, equals, setting = line.strip().partition("=")
        if key == "SSHD_OPTS" and equals:
            words = [word for part in _arguments(setting, DEFAULTS) for word in part.split()]
    return words
