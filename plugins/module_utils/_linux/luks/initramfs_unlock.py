"""What the next start's initramfs can open: read from the image itself, since crypttab and tokens are only wishes."""

from __future__ import annotations

import re
from typing import Any

from ..engine.host import Host, HostError
from ..engine.safe_read import first_of, text_or_nothing
from ..system.boot_state import GRUB, pending
from ..system.grub_menu import next_entry
from ..system.kernel import CMDLINE
from ..system.mounts import Mapping, crypttab_of
from . import initramfs

BOOT = "/boot"
KERNEL = re.compile(r"\Avmlinu[xz]-(?P<version>.+)\Z")
INITRD_LINE = re.compile(r"^\s*initrd(?:efi)?\s+(?P<paths>\S.*)$", re.MULTILINE)
IMAGE_NAMES = ("initrd.img-{}", "initramfs-{}.img", "initrd-{}")
# Debian's initramfs-tools keeps the volumes that it opens in a crypttab of its own.
DEBIAN_TABLE = "cryptroot/crypttab"
DEBIAN_KEYS = "cryptroot/keyfiles/"
TABLE = "etc/crypttab"
SYSTEMD = ("usr/lib/systemd/systemd-cryptsetup", "lib/systemd/systemd-cryptsetup", "usr/bin/systemd-cryptsetup")
DRACUT_WITHOUT_SYSTEMD = ("sbin/cryptroot-ask", "usr/sbin/cryptroot-ask")
CRYPTSETUP = ("sbin/cryptsetup", "usr/sbin/cryptsetup", "usr/bin/cryptsetup", "bin/cryptsetup")
# What systemd-cryptsetup loads for each type of token.
LIBRARIES = {"systemd-tpm2": "libtss2-esys.so", "systemd-fido2": "libfido2.so", "systemd-pkcs11": "libp11-kit.so"}


class Start:
    """The initramfs of the next start, or the one at `image_path`. `path` is empty where there is none, with `why`;
    `trouble` is the HostError that kept it from being read."""

    def __init__(self, host: Host, image_path: str = "") -> None:
        self.host = host
        self.path, self.why = "", ""
        self.trouble: HostError | None = None
        self.image = initramfs.Image()  # empty where none was read
        self.was_read = False
        self.pending: list[dict[str, Any]] = []
        try:
            self.path, self.why = (image_path, "") if image_path else next_image(host)
            self.pending = pending(host, self.path)
            if self.path:
                self.image = initramfs.read(host, self.path, _wanted)
                self.was_read = True
        except FileNotFoundError:
            self.why = f"{self.path} is missing, and the next start needs it"
        except HostError as problem:
            self.trouble = problem

    def opens(self, uuid: str, mappings: list[str]) -> dict[str, Any]:
        """How it opens a volume (`uuid` of LUKS, `mappings`: its open names), as the brain's model has it."""
        shown = {"image": self.path[:400], "pending": self.pending[:20]}
        if self.trouble is not None:
            return {**shown, "trouble": {"code": self.trouble.code, "why": self.trouble.why[:400]}}
        if not self.was_read:
            return {**shown, "why": self.why}
        why = self._lacks(uuid, mappings)
        return {**shown, "opens": not why, "why": why, "tokens": self._tokens() if not why else []}

    def key_files(self) -> list[str]:
        """The names in the image of files that can only be keys of volumes."""
        if not self.was_read:
            return []
        named = {mapping.key.lstrip("/") for mapping in self._table() if mapping.key}
        names = self.image.names
        for word in self._words().split():
            option, _equals, text = word.partition("=")
            if option in ("rd.luks.key", "luks.key"):
                named.add(text.rpartition("=")[2].partition(":")[0].lstrip("/"))
        own = {name for name in names if name.startswith((DEBIAN_KEYS, "etc/cryptsetup-keys.d/"))}
        return sorted(own | (named & names) - {"dev/urandom", "dev/random"})

    def _table(self) -> list[Mapping]:
        contents = self.image.contents
        text = b"\n".join(contents.get(name, b"") for name in (DEBIAN_TABLE, TABLE))
        return crypttab_of(text.decode("utf-8", "backslashreplace"))

    def _has(self, names: tuple[str, ...]) -> bool:
        return any(name in self.image.names for name in names)

    @property
    def _debian(self) -> bool:
        return any(name.startswith(("cryptroot/", "scripts/local-top/cryptroot")) for name in self.image.names)

    def _lacks(self, uuid: str, mappings: list[str]) -> str:
        """Why the image does not open a volume, empty when it does."""
        if self._debian:
            if not self._has(CRYPTSETUP):
                return f"{self.path} has no cryptsetup"
            if not self._named(self._table(), uuid, mappings):
                return f"{self.path} was made without this volume (update-initramfs -u)"
            return ""
        if not self._has((*SYSTEMD, *DRACUT_WITHOUT_SYSTEMD)):
            return f"{self.path} has nothing that opens an encrypted volume"
        if self._named(self._table(), uuid, mappings) or self._on_command_line(uuid):
            return ""
        return f"neither {self.path} nor the kernel command line names this volume (dracut --force)"

    def _named(self, table: list[Mapping], uuid: str, mappings: list[str]) -> bool:
        """Whether a table names the volume by its UUID. A device name or label is taken when the mapping is its own."""
        for line in table:
            source = line.source.lower()
            if uuid and uuid in source:
                return True
            if line.name in mappings and not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", source):
                return True
        return False

    def _on_command_line(self, uuid: str) -> bool:
        named = [
            word
            for word in self._words().lower().split()
            if word.startswith(("rd.luks.uuid=", "rd.luks.name=", "luks.uuid="))
        ]
        return any(uuid and uuid in word for word in named)

    def _words(self) -> str:
        """The kernel command line, as it is now and as the image adds to it."""
        written = [content for name, content in self.image.contents.items() if name.startswith("etc/cmdline.d/")]
        return " ".join(
            [text_or_nothing(self.host, CMDLINE) or "", *(one.decode("utf-8", "replace") for one in written)]
        )

    def _tokens(self) -> list[str]:
        """The types of tokens that the image can use."""
        names = self.image.names
        tokens = [
            kind for kind, library in LIBRARIES.items() if self._has(SYSTEMD) and any(library in name for name in names)
        ]
        if any(name.rsplit("/", 1)[-1] in ("clevis-luks-askpass", "clevis-luks-unlock", "clevis") for name in names):
            tokens.append("clevis")
        return tokens


def _wanted(name: str) -> bool:
    return name in (DEBIAN_TABLE, TABLE) or name.startswith("etc/cmdline.d/")


def next_image(host: Host) -> tuple[str, str]:
    """(path, why there is none) of the initramfs that the boot loader loads next. Raises HostError.

    GRUB's menu says it; without GRUB it is that of the newest kernel in /boot.
    """
    path = first_of(host, GRUB)
    entry = next_entry(host, path) if path else None
    match = INITRD_LINE.search("\n".join(entry.lines) if entry else text_or_nothing(host, path) or "") if path else None
    if entry and not match:
        return "", f"GRUB starts the entry {entry.title[:100]!r} next, which names no initramfs"
    if match:
        name = match["paths"].split()[-1].rsplit("/", 1)[-1]
        return f"{BOOT}/{name}", ""
    versions = [match["version"] for match in map(KERNEL.match, host.entries(BOOT)) if match]
    if not versions:
        return "", "no kernel lies in /boot, so the next start's image is not known (a unified kernel image?)"
    newest = max(versions, key=_by_number)
    for form in IMAGE_NAMES:
        if host.exists(f"{BOOT}/{form.format(newest)}"):
            return f"{BOOT}/{form.format(newest)}", ""
    return f"{BOOT}/{IMAGE_NAMES[0].format(newest)}", ""


def _by_number(version: str) -> list[tuple[bool, int, str]]:
    """Parts of a version so that 6.12.9 comes before 6.12.48."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"([0-9]{1,9})", version)]
