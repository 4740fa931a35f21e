"""What dpkg knows of a program or library that is not what the usual package's list says: the slow look, at all lists.

Packages take files over from each other (Replaces), divert them (dpkg-divert(1)), and ship links; an upgrade leaves
file and list apart for a while. None of this is an exchange.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Iterable, Iterator
from typing import Protocol

from ..engine.host import Host, HostError
from ..system.package_manager import DPKG, INFO, package_upgrade

DIVERSIONS = f"{DPKG}/diversions"
LOCAL = ":"  # whose diversion it is: an administrator's
ALTERNATIVES = "/etc/alternatives"
LIBRARIES = ("/lib", "/usr/lib", "/lib/*-linux-*", "/usr/lib/*-linux-*")
# What ld.so puts in for these differs from machine to machine (ld.so(8), "Dynamic string tokens").
TOKENS = ("$PLATFORM", "${PLATFORM}", "$LIB", "${LIB}", "$ORIGIN", "${ORIGIN}")


class UsualLook(Protocol):
    """What the usual look knows already (programs/check.py)."""

    host: Host
    names: dict[str, bytes]

    def forms(self, path: str) -> list[str]: ...
    def digest(self, path: str) -> str: ...


class Packages:
    """What all lists say of one file: `path` by its name, `real` by the links behind it. Digests are read afresh.

    `usual` names the packages that such a program comes from, as far as we know any.
    """

    def __init__(self, check: UsualLook, path: str, real: str, usual: tuple[str, ...]) -> None:
        self.check = check
        self.host = Host(check.host.root)
        self.host.is_root = check.host.is_root
        self.path = path
        self.real = real
        self.usual = usual
        self.names = check.forms(path)
        self.real_names = check.forms(real)

    def difference(self) -> tuple[str, str] | None:
        """(code, why) for a file that no package vouches for, else None. Raises HostError."""
        if not self.host.entries(INFO):
            return None  # no machine of dpkg's: there is nothing to compare with
        if self._diverted_by_hand():
            return None  # dpkg-divert --list names it
        owners = self._owners()
        digest = self.check.digest(self.real)
        of_name = {package for package, names in owners.items() if names & set(self.names)}
        of_file = {package for package, names in owners.items() if names & set(self.real_names)}
        if self._vouched(digest, of_name, of_file):
            return None
        busy = self._at_work(of_name | of_file)
        if busy:
            return "busy", busy
        if of_name:
            return "exchanged", f"{self.path} is not the program of its package {', '.join(sorted(of_name))}"
        if of_file and digest in self._digests(of_file):
            return "exchanged", f"{self.path} leads to {self.real}, which is another program"
        if of_file:
            return "exchanged", f"{self.real} is not the file of its package {', '.join(sorted(of_file))}"
        return "exchanged", f"{self.real} belongs to no package and is not in the school's leeboard_unpackaged_programs"

    def _vouched(self, digest: str, of_name: set[str], of_file: set[str]) -> bool:
        """Whether a package's list has this content under one of the names, or has no digests to compare with."""
        for package in sorted(of_name):
            lines = self._list(package)
            if not lines:
                return True  # it came without digests: images for containers are made so
            listed = [form for form in self.names if f"  {form[1:]}\n".encode() in lines]
            if any(f"{digest}  {form[1:]}\n".encode() in lines for form in listed):
                return True
            # A link of the package leads to a file of the package.
            if not listed and package in of_file and digest in self._digests({package}):
                return True
        if of_name and not self._diverted():
            return False
        # A link that no package has is one of update-alternatives, or was put there by hand.
        chosen = os.path.join(ALTERNATIVES, os.path.basename(self.path))
        linked = self._link() == chosen or self.path == self.real or self._diverted()
        empty = any(not self._list(package) for package in of_file)
        return linked and self._of_the_right_package(of_file) and (empty or digest in self._digests(of_file))

    def _of_the_right_package(self, of_file: set[str]) -> bool:
        """Whether what an alternative leads to comes from a package that has such a program, as far as we know any."""
        return (
            not self.usual
            or self._diverted()
            or bool(of_file & set(self.usual))
            or any(one.startswith(package) for one in of_file for package in self.usual)
        )

    def _link(self) -> str:
        try:
            leads = os.readlink(self.host.path(self.path))
        except OSError:
            return ""
        return os.path.normpath(os.path.join(os.path.dirname(self.path), leads))

    def _owners(self) -> dict[str, set[str]]:
        """{package: names} of those whose lists of files have a name of it. Raises HostError."""
        wanted = sorted({*self.names, *self.real_names})
        owners: dict[str, set[str]] = {}
        for entry in self.host.entries(INFO):
            if not entry.endswith(".list"):
                continue
            if entry not in self.check.names:
                self.check.names[entry] = b"\n" + self._bytes(f"{INFO}/{entry}")
            named = {name for name in wanted if f"\n{name}\n".encode() in self.check.names[entry]}
            if named:
                owners[entry[: -len(".list")]] = named
        return owners

    def _list(self, package: str) -> bytes:
        return self._bytes(f"{INFO}/{package}.md5sums")

    def _bytes(self, path: str) -> bytes:
        try:
            with open(self.host.path(path), "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return b""
        except OSError as problem:
            raise HostError("failed", f"{path}: {problem.strerror}") from None

    def _digests(self, packages: set[str]) -> set[str]:
        """The digests that these packages have of the file behind the links."""
        digests = set()
        for package in packages:
            for line in self._list(package).decode("utf-8", "backslashreplace").split("\n"):
                digest, _gap, name = line.partition("  ")
                if f"/{name}" in self.real_names:
                    digests.add(digest)
        return digests

    # Diversions: three lines each, what is diverted, where to, and by which package

    def _diversions(self) -> dict[str, str]:
        lines = self._bytes(DIVERSIONS).decode("utf-8", "backslashreplace").split("\n")
        return dict(zip(lines[0::3], lines[2::3]))  # noqa: B905 - Python 3.9; a cut-off end says nothing

    def _diverted(self) -> bool:
        diversions = self._diversions()
        return any(name in diversions for name in self.names)

    def _diverted_by_hand(self) -> bool:
        diversions = self._diversions()
        return any(diversions.get(name) == LOCAL for name in self.names)

    # dpkg at work

    def _at_work(self, packages: set[str]) -> str:
        """Why file and list may differ for a while, in words, or an empty text."""
        now = package_upgrade(self.host)
        if now["value"]:
            return f"packages are being upgraded ({now['source']}), and {self.path} is between two versions"
        half = sorted(name for name in packages if not self._whole(name))
        return (
            f"the package {half[0]} is installed by half (dpkg --configure -a), and {self.path} with it" if half else ""
        )

    def _whole(self, package: str) -> bool:
        """Whether dpkg's status has the package as installed; one that it does not know counts as such."""
        wanted, _colon, architecture = package.partition(":")
        whole = True
        with contextlib.suppress(OSError), open(self.host.path(f"{DPKG}/status"), "rb") as stream:
            for paragraph in _paragraphs(stream):
                if paragraph.get("Package") == wanted and architecture in ("", paragraph.get("Architecture")):
                    whole = paragraph.get("Status", "").endswith(" installed")
        return whole


def _paragraphs(stream: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """The fields that matter of each paragraph of dpkg's status, which is far larger than anything we keep."""
    fields: dict[str, str] = {}
    for line in stream:
        if line == b"\n":
            yield fields
            fields = {}
        elif line.startswith((b"Package: ", b"Status: ", b"Architecture: ")):
            key, _colon, text = line.decode("utf-8", "backslashreplace").partition(": ")
            fields[key] = text.strip()
    yield fields


def libraries(host: Host, named: list[str]) -> list[str]:
    """The files that words of ld.so.preload mean, those that are there. Raises HostError."""
    paths: list[str] = []
    for word in named:
        pattern = word
        for token in TOKENS:
            pattern = pattern.replace(token, "*")
        for place in [pattern] if "/" in pattern else [f"{folder}/{pattern}" for folder in LIBRARIES]:
            paths += [path for path in _matching(host, place) if path not in paths]
    return paths


def _matching(host: Host, pattern: str) -> list[str]:
    """Files below the root by a pattern whose stars stand for one name, or a part of it. Raises HostError."""
    paths = [""]
    for part in pattern.strip("/").split("/"):
        if "*" in part:
            paths = [f"{path}/{name}" for path in paths for name in fnmatch.filter(host.entries(path or "/"), part)]
        else:
            paths = [f"{path}/{part}" for path in paths]
    return [path for path in paths if host.exists(path)]
