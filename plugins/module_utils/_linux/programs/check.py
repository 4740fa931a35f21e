"""Whether the programs that a visit asks are those of their packages: an exchanged one says what its maker likes.

Before a program is asked, its file is hashed and compared with the digest that its package's list has of it
(/var/lib/dpkg/info/*.md5sums, dpkg-query(1) and deb-md5sums(5)); no child is started. /etc/ld.so.preload is read, since
a library in it is loaded into every program (ld.so(8)), and where the visit has a mount namespace of its own
(mount_namespaces(7)) each program must be the file that process 1 sees.

MD5 is what packages come with. Nobody can make another file with the digest of a given one; root can change the list
itself, and docs/decisions/0019 says what that means.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable

from ..engine.host import CLEAN_ENVIRONMENT, Host, HostError
from ..system import mount_namespace
from ..system.package_manager import INFO

PRELOAD = "/etc/ld.so.preload"
PART = 262144  # bytes that are hashed at once
# The packages of the programs that drivers ask, so that no other list is read. A program that is not named here, or
# comes from another package, is looked for in all lists.
PACKAGES = {
    "agetty": ("util-linux",), "auditctl": ("auditd",), "ausyscall": ("auditd",), "bash": ("bash",),
    "chronyc": ("chrony",), "cryptsetup": ("cryptsetup-bin",), "cvtsudoers": ("sudo", "sudo-ldap"),
    "dmsetup": ("dmsetup",), "dpkg-query": ("dpkg",), "find": ("findutils",), "gsettings": ("libglib2.0-bin",),
    "ip": ("iproute2",), "ip6tables-save": ("iptables",), "iptables-save": ("iptables",), "journalctl": ("systemd",),
    "lsblk": ("util-linux",),
    "lz4": ("lz4",), "modprobe": ("kmod",), "nft": ("nftables",), "openssl": ("openssl",),
    "pkcheck": ("polkitd", "policykit-1"),
    "rsyslogd": ("rsyslog",), "setpriv": ("util-linux",), "sh": ("dash",), "ss": ("iproute2",),
    "sshd": ("openssh-server",), "swanctl": ("strongswan-swanctl",), "systemctl": ("systemd",),
    "systemd-analyze": ("systemd",),
    "systemd-cryptenroll": ("systemd", "systemd-cryptsetup"), "timedatectl": ("systemd", "systemd-timesyncd"),
    "unshare": ("util-linux",), "visudo": ("sudo", "sudo-ldap"), "wg": ("wireguard-tools",), "zstd": ("zstd",),
}  # fmt: skip
# Programs that start others, which their arguments name.
STARTERS = ("setpriv", "sh", "unshare")
WORD = re.compile(r"[^\s:]+")
SEEN_ELSEWHERE = "this visit sees another {} than the machine itself: it was started in a mount namespace of its own"


class ProgramCheck:
    """Judges programs of `host`, each once. `unpackaged` has the paths that the school says belong to no package."""

    def __init__(self, host: Host, unpackaged: Iterable[str] = ()) -> None:
        self.host = host
        self.unpackaged = frozenset(unpackaged)
        self.hashed: set[str] = set()
        self.names: dict[str, bytes] = {}  # for packages.py: what each list of names holds
        self._judged: dict[str, HostError | None] = {}
        self._merged: dict[str, str] = {}
        self._apart: bool | None = None

    def __call__(self, argv: list[str], starts: tuple[str, ...] = ()) -> None:
        """Look at the programs of a command, those that its script `starts` too. Raises HostError `exchanged`."""
        programs = [argv[0], *starts]
        if os.path.basename(argv[0]) in STARTERS:
            programs += [word for word in argv[1:] if os.path.basename(word) in PACKAGES and self._in_path(word)]
        for name in programs:
            if name not in self._judged:
                self._judged[name] = self._judge(name)
            problem = self._judged[name]
            if problem is not None:
                raise problem

    def everywhere(self) -> HostError | None:
        """What makes every answer doubtful, as a HostError: a stranger's library in all programs. None on most."""
        try:
            text = self.host.text(PRELOAD)
        except FileNotFoundError:
            return None
        except HostError as problem:
            return problem
        from .packages import libraries  # hardly any machine preloads anything

        # A comment lasts to the end of its line; colons separate too (glibc, elf/rtld.c).
        named = [word for line in text.split("\n") for word in WORD.findall(line.partition("#")[0])]
        for path in libraries(self.host, named):
            try:
                why = self._strange(path, ())
            except HostError as problem:
                return problem
            if why:
                return HostError(why[0], f"{PRELOAD} loads {path} into every program: {why[1]}")
        return None

    def _in_path(self, word: str) -> bool:
        return "/" not in word or os.path.dirname(word) in CLEAN_ENVIRONMENT["PATH"].split(":")

    def _judge(self, name: str) -> HostError | None:
        """The HostError that asking `name` comes to, None where it may be asked."""
        try:
            path = self._program_path(name)
            if not path:
                return None  # starting it says so
            why = self._strange(path, PACKAGES.get(os.path.basename(name), ()))
        except HostError as problem:
            return problem
        return HostError(*why) if why else None

    def _program_path(self, name: str) -> str:
        """Where the program lies that a command gets, by the name of its folder without links; empty for none."""
        folders = [os.path.dirname(name)] if "/" in name else CLEAN_ENVIRONMENT["PATH"].split(":")
        for folder in folders:
            path = f"{self._folder(folder)}/{os.path.basename(name)}"
            if self.host.executable(path):
                return path
        return ""

    def _folder(self, folder: str) -> str:
        if folder not in self._merged:
            self._merged[folder] = self.host.real(folder)
        return self._merged[folder]

    def forms(self, path: str) -> list[str]:
        """The names that a package's list may have for a path: with a merged /usr it may leave that out, or have it."""
        top = path.split("/")[1]
        if path.startswith("/usr/"):
            short = path[len("/usr") :]
            above = f"/{short.split('/')[1]}"
            return [path, short] if self._folder(above) == f"/usr{above}" else [path]
        return [path, f"/usr{path}"] if self._folder(f"/{top}") == f"/usr/{top}" else [path]

    def _strange(self, path: str, packages: tuple[str, ...]) -> tuple[str, str] | None:
        """(code, why) where a file is not the one of its package, else None. Raises HostError."""
        real = self.host.real(path)
        if {path, real} & self.unpackaged:
            return None
        elsewhere = self._elsewhere(real)
        if elsewhere:
            return "exchanged", elsewhere
        digest = self.digest(real)
        for package in packages:
            lines = self._read(package, "md5sums")
            # A file that the list has by its own name is judged by that, wherever a link leads.
            own = any(f"  {form[1:]}\n".encode() in lines for form in self.forms(path))
            for form in self.forms(path if own else real):
                if f"{digest}  {form[1:]}\n".encode() in lines:
                    return None
            if not lines and any(f"\n{form}\n".encode() in self._read(package, "list") for form in self.forms(path)):
                return None  # a package without digests (images for containers have them): nothing to compare with
        from .packages import Packages  # only for what the usual package does not vouch for

        return Packages(self, path, real, packages).difference()

    def _read(self, package: str, kind: str) -> bytes:
        try:
            return self.host.read(f"{INFO}/{package}.{kind}")
        except FileNotFoundError:
            return b""

    def digest(self, path: str) -> str:
        """The MD5 of a file's content. Raises HostError."""
        digest = hashlib.md5(usedforsecurity=False)
        self.hashed.add(path)
        try:
            with open(self.host.path(path), "rb", buffering=0) as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    raise HostError("malformed", f"{path} is not a regular file")
                part = bytearray(PART)
                view = memoryview(part)
                for length in iter(lambda: stream.readinto(part), 0):
                    digest.update(view[:length])
        except PermissionError:
            # A program that only root may read (0711) is hashed by root.
            code = "denied" if self.host.is_root else "needs_root"
            raise HostError(code, f"{path} may not be read, so it is not known whether it is its package's") from None
        except OSError as problem:
            raise HostError("failed", f"{path}: {problem.strerror}") from None
        return digest.hexdigest()

    def _elsewhere(self, real: str) -> str:
        """Why a program, or what it is compared with, is not the machine's own one, in words; "" where it is."""
        if self._apart is None:
            self._apart = mount_namespace.apart(self.host)
        for path in (real, INFO, PRELOAD) if self._apart else ():
            if mount_namespace.another(self.host, path):
                return SEEN_ELSEWHERE.format(path)
        return ""
