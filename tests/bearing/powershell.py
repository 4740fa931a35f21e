"""PowerShell as Windows runs it, without comments and blank lines, and which file uses what another one exports.

A file uses another where a name that the other one exports stands anywhere in it, in a text as well: names are called
from texts. What Ansible is asked to send along (`#AnsibleRequires`) counts by what it is, so that a file that moves is
the same code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache, cached_property
from pathlib import PurePosixPath

COLLECTION = "ansible_collections.leeboard.schools."
REQUIRES = re.compile(r"^#AnsibleRequires -PowerShell (\.*)(\S+)", re.MULTILINE)
COMMAND = re.compile(r"[A-Za-z]+-[A-Za-z0-9]+")
EXPORTS = re.compile(r"^Export-ModuleMember -Function (.+)\Z", re.MULTILINE | re.DOTALL)
# What a module asks Change.psm1 to change something with.
DRIVER = re.compile(r" -Driver (\w+)$", re.MULTILINE)
# A row of the table of drivers: a driver's name, and the function that reads its addresses.
ROW = re.compile(r"^ +([a-z_]+) = '[A-Za-z]+-[A-Za-z]+'\n", re.MULTILINE)
# Comments, and what may hold a line that looks like one: here-strings, texts, and a character after its backtick.
TOKEN = re.compile(
    r"""(?P<comment> <\#.*?\#> | (?<![^\s;,(){}|&=\[]) \#[^\n]* )
    | @'[ \t]*\n.*?\n'@ | @"[ \t]*\n.*?\n"@ | '[^']*' | "(?:`.|[^"`])*" | `.""",
    re.VERBOSE | re.DOTALL,
)
HELD = "\0"  # the end of a line within a text


@cache
def stripped(text: str) -> str:
    """The text without comments that begin a line, and without blank lines; what stands in texts stays as it is.

    A comment behind code stays: it might be part of a text, and what is kept for nothing does no harm.
    """

    def kept(token: re.Match[str]) -> str:
        line = text[text.rfind("\n", 0, token.start()) + 1 : token.start()]
        return "" if token["comment"] and not line.strip() else token[0].replace("\n", HELD)

    lines = TOKEN.sub(kept, text).split("\n")
    return "\n".join(line for line in lines if line.strip(f" \t{HELD}")).replace(HELD, "\n")


@cache
def _commands(text: str) -> set[str]:
    """Every word that may be a command, in small letters."""
    return {word.lower() for word in COMMAND.findall(text)}


def of_driver(driver: str) -> str:
    """The functions of a driver that Change.psm1 calls, by names that it makes of the driver's."""
    noun = "".join(word.capitalize() for word in driver.split("_"))
    return f"Read-Leeboard{noun} Get-Leeboard{noun}Change Set-Leeboard{noun}Change"


class Scripts:
    """PowerShell files by their paths from the root of the repository."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = {path: text.decode("utf-8-sig").replace("\r\n", "\n") for path, text in texts.items()}

    @property
    def paths(self) -> Collection[str]:
        """The files."""
        return self._texts.keys()

    def reach(self, text: str, drivers: Collection[str]) -> list[str]:
        """The files that a text uses, and that those use, of the tables of drivers with these rows alone."""
        found: list[str] = []
        waiting = self._used(text)
        while waiting:
            path = waiting.pop()
            if path not in found:
                found.append(path)
                waiting |= self._used(self._said(path, drivers))
        return found

    def digests(self, paths: Collection[str], drivers: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
        """Each file and a digest: what it says, and which of the others it asks Ansible to send along."""
        texts = {path: self._said(path, drivers) for path in paths}
        for path, text in texts.items():
            required = sorted({texts[one] for one in self.required(path) if one in texts})
            yield path, hashlib.sha256("\0".join([text, *required]).encode()).hexdigest()

    def used(self, path: str) -> set[str]:
        """The other files that a file uses, and the functions of the driver that a module changes something with."""
        text = stripped(self._texts[path])
        return self._used(" ".join([text, *map(of_driver, DRIVER.findall(text))])) - {path}

    def nowhere(self, path: str) -> set[str]:
        """The functions with our mark that a file names, that it has not and no file exports, in small letters."""
        text = stripped(self._texts[path]).lower()
        own = re.findall(r"^function ([\w-]+)", text, re.MULTILINE)
        return {name for name in _commands(text) if re.search("-leeboard.", name)} - self._exports.keys() - {*own}

    def required(self, path: str) -> list[str]:
        """The files that a file asks Ansible to send along."""
        folder = PurePosixPath(path).parent.parts
        found = []
        for dots, name in REQUIRES.findall(self._texts[path]):
            here = folder[: len(folder) + 1 - len(dots)] if dots else ()
            found.append("/".join([*here, *name.removeprefix(COLLECTION).split(".")]) + ".psm1")
        return found

    @cached_property
    def _exports(self) -> dict[str, str]:
        """The file of each function that is there for others, by its name in small letters."""
        return {
            name: path
            for path, text in self._texts.items()
            for said in EXPORTS.findall(text)
            for name in _commands(said)
        }

    def _used(self, text: str) -> set[str]:
        return {self._exports[name] for name in _commands(text) if name in self._exports}

    def _said(self, path: str, drivers: Collection[str] | None) -> str:
        text = stripped(self._texts[path])
        return text if drivers is None else ROW.sub(lambda row: row[0] if row[1] in drivers else "", text)
