"""Where sshd's configuration files set Banner, read as sshd_config(5) says: includes in place, Match blocks apart."""

from __future__ import annotations

import fnmatch
import shlex

from .host import HostError

MAIN = "/etc/ssh/sshd_config"
DEFAULTS = "/etc/default/ssh"
DEEPEST = 16  # SERVCONF_MAX_DEPTH of sshd
MOST_FILES = 200


class BannerLine:
    """One Banner line: `text` (a path or none), `match` (the criteria of its block, or empty), `place`."""

    def __init__(self, text: str, match: str, place: str) -> None:
        self.text = text
        self.match = match
        self.place = place


class Configuration:
    """sshd's files: `banners` (BannerLine, in sshd's order), `paths`, the `folders` of Includes, `matches`."""

    def __init__(self) -> None:
        self.banners: list = []
        self.paths: list = []
        self.folders: list = []  # those in which an Include looks for files
        self.matches = False


def configuration(host) -> Configuration:
    """What the files say. Raises HostError."""
    found = Configuration()
    if host.exists(MAIN):
        _read(host, MAIN, "", 0, found)
    return found


def _read(host, path: str, match: str, depth: int, found: Configuration) -> None:
    if depth > DEEPEST or len(found.paths) > MOST_FILES:
        raise HostError("malformed", f"sshd's configuration includes too many files at {path}")
    found.paths.append(path)
    try:
        text = host.text(path)
    except FileNotFoundError:
        return
    for count, line in enumerate(text.split("\n"), 1):
        keyword, rest = _words(line)
        if keyword == "match":
            match = "" if rest.lower() == "all" else rest[:200]
            found.matches = True
        elif keyword == "banner":
            found.banners.append(BannerLine(rest.strip('"'), match, f"{path}, line {count}"))
        elif keyword == "include":
            # A Match block in an included file ends with that file.
            for pattern in _arguments(rest, f"{path}, line {count}"):
                for included in _matching(host, pattern, found.folders):
                    _read(host, included, match, depth + 1, found)


def _words(line: str) -> tuple:
    """The keyword in lower case and the rest of a line; an equals sign may part them."""
    bare = line.strip()
    if not bare or bare.startswith("#"):
        return "", ""
    end = next((at for at, character in enumerate(bare) if character in " \t="), len(bare))
    rest = bare[end:].lstrip(" \t")
    return bare[:end].lower(), (rest[1:] if rest.startswith("=") else rest).split(" #", 1)[0].strip()


def _arguments(text: str, place: str) -> list:
    try:
        return shlex.split(text)
    except ValueError:
        raise HostError("malformed", f"{place} has quotes that do not end") from None


def _matching(host, pattern: str, folders: list) -> list:
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


def options_of_service(host) -> list:
    """The options of /etc/default/ssh that change the configuration: -o and -f with their values. Raises HostError."""
    try:
        text = host.text(DEFAULTS)
    except FileNotFoundError:
        return []
    words: list = []
    for line in text.split("\n"):
        key, equals, said = line.strip().partition("=")
        if key == "SSHD_OPTS" and equals:
            words = [word for part in _arguments(said, DEFAULTS) for word in part.split()]
    found: list = []
    for at, word in enumerate(words):
        if word in ("-o", "-f") and at + 1 < len(words):
            found += [word, words[at + 1]]
        elif word[:2] in ("-o", "-f") and len(word) > 2:
            found += [word[:2], word[2:]]
    return found
