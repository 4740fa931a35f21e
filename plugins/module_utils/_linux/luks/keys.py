"""Where the keys of a volume lie that nobody types in: crypttab, systemd's own places, the kernel command line."""

from __future__ import annotations

import os
import stat

from ..engine.host import Host
from ..engine.safe_read import text_or_nothing
from ..system.block_devices import resolve
from ..system.kernel import CMDLINE
from ..system.mounts import Mapping
from .layout import Layout

RANDOM = ("/dev/urandom", "/dev/random", "/dev/hwrng")
SYSTEMD_KEYS = ("/etc/cryptsetup-keys.d", "/run/cryptsetup-keys.d")
# Debian's scripts that ask a person or a card, or take the key of a volume that is open already: no key lies about.
ASKING = ("askpass", "decrypt_derived", "decrypt_keyctl", "decrypt_gnupg", "decrypt_gnupg-sc", "decrypt_opensc")
# One that takes the key from a drive of its own.
FROM_DRIVE = "passdev"
# These hand the file on as it is.
COPYING = ("cat",)
SAFE_MODE = 0o600


class KeyFile:
    """A file whose content opens a volume: its path, and its place as the brain's model has it."""

    def __init__(self, path: str, place: str, why: str = "") -> None:
        self.path = path
        self.place = place
        self.why = why

    def as_data(self) -> dict[str, str]:
        """The key file as plain data, for the reading."""
        data = {"path": self.path[:400], "place": self.place}
        return {**data, "why": self.why[:400]} if self.why else data


def of_mapping(layout: Layout, mapping: Mapping) -> list[KeyFile]:
    """The key files of one line of crypttab."""
    script = mapping.option("keyscript").rsplit("/", 1)[-1]
    if script and script not in COPYING:
        if script in ASKING:
            return []
        if script == FROM_DRIVE:
            return [KeyFile(mapping.key, "removable")]
        return [KeyFile(mapping.key or script, "unknown", f"the script {script} makes the key, from what is not known")]
    if mapping.key in RANDOM:
        return []
    paths = [mapping.key] if mapping.key else []
    if not paths:
        # systemd looks there by itself when the line names no key.
        paths = [path for path in _own_places(mapping.name) if layout.host.exists(path)]
    return [placed(layout, path) for path in paths]


def _own_places(name: str) -> list[str]:
    return [f"{folder}/{name}.key" for folder in SYSTEMD_KEYS]


def of_command_line(layout: Layout, uuid: str) -> list[KeyFile]:
    """Key files that the kernel command line names for a volume: rd.luks.key=[UUID=]PATH[:DEVICE]."""
    key_files = []
    for word in (text_or_nothing(layout.host, CMDLINE) or "").split():
        name, _dummy, text = word.partition("=")
        if name not in ("rd.luks.key", "luks.key"):
            continue
        named, equals, path = text.partition("=")
        if equals and named.lower().replace("luks-", "") not in ("uuid", uuid.lower()):
            continue
        key_files.append(placed(layout, path if equals else text))
    return key_files


def placed(layout: Layout, path: str) -> KeyFile:
    """A key file and what it lies on. systemd writes PATH:DEVICE for one on a drive of its own."""
    path, colon, drive = path.partition(":")
    if colon:
        device = resolve(layout.host, layout.devices, drive)
        kinds = ["removable"] if device is None else [kind for kind, *_rest in layout.below(device)]
        return KeyFile(f"{path}:{drive}", _place(kinds))
    if path.startswith("/dev/"):
        device = resolve(layout.host, layout.devices, path)
        if device is None:
            return KeyFile(path, "missing")
        return KeyFile(path, _place([kind for kind, *_rest in layout.below(device)]))
    leads = layout.host.real(path)
    if not layout.host.exists(leads):
        return KeyFile(path, "missing")
    return KeyFile(path, _place(layout.place(leads)))


def _place(kinds: list[str]) -> str:
    if "none" in kinds:
        return "unencrypted"
    if "unknown" in kinds:
        return "unknown"
    return "removable" if "removable" in kinds else "encrypted"


def loose(host: Host, mappings: list[Mapping]) -> list[tuple[str, os.stat_result]]:
    """(path, status) of every key file that others than root may read or change. Raises HostError."""
    files = []
    paths = {mapping.key for mapping in mappings if _is_file(mapping)}
    paths |= {path for mapping in mappings if not mapping.key for path in _own_places(mapping.name)}
    for folder in SYSTEMD_KEYS[:1]:
        paths |= {f"{folder}/{name}" for name in host.entries(folder)}
    for path in sorted(paths):
        try:
            seen = host.stat(path)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(seen.st_mode) and (seen.st_uid != 0 or stat.S_IMODE(seen.st_mode) & ~SAFE_MODE):
            files.append((path, seen))
    return files


def _is_file(mapping: Mapping) -> bool:
    """Whether a line's key is a file of this machine: no device, no script's, none on a drive (PATH:DEVICE)."""
    script = mapping.option("keyscript").rsplit("/", 1)[-1]
    here = mapping.key.startswith("/") and not mapping.key.startswith("/dev/") and ":" not in mapping.key
    return here and (not script or script in COPYING)
