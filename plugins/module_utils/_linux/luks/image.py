"""Making the next start's image able to use a TPM token: by dracut, beside the old one, read back before it counts.

    room in /boot -> new image under another name, on disk -> read back -> dracut's own settings -> in place of the old

Raises ChangeRefused where nothing was changed. The old image stays until the new one has its name, and a start in
between takes the old one.
"""

from __future__ import annotations

import contextlib
import os

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from .initramfs_unlock import BOOT, IMAGE_NAMES, Start
from .layout import Layout

DRACUT = ("/usr/bin/dracut", "/usr/sbin/dracut")
INITRAMFS_TOOLS = ("/usr/sbin/mkinitramfs", "/sbin/mkinitramfs")
SETTINGS = "/etc/dracut.conf.d/leeboard-tpm.conf"
# The module is left out of an image for this machine alone where crypttab says nothing of a TPM, and so of the image
# of the next kernel's package as well.
MODULE = "tpm2-tss"
WANTED = f'# Written by Leeboard: a TPM token opens the disk.\nadd_dracutmodules+=" {MODULE} "\n'
NEW = f"{BOOT}/.leeboard-initrd.new"
PATIENCE = 1800  # seconds: a slow machine packs for minutes
SPARE = 16 * 1024 * 1024  # bytes that stay free in /boot
NEEDED = (
    ("libtss2-esys.so", "the libraries of tpm2-tss"),
    ("libtss2-tcti-device.so", "the library that talks to the TPM (libtss2-tcti-device)"),
    ("libcryptsetup-token-systemd-tpm2.so", "cryptsetup's plug-in for tokens of a TPM"),
)


def generator(host: Host) -> str:
    """What makes the images of the next kernels: dracut, initramfs-tools, or nothing that is known here."""
    if any(host.exists(path) for path in INITRAMFS_TOOLS):
        return "initramfs-tools"
    return "dracut" if any(host.exists(path) for path in DRACUT) else ""


def unusable(start: Start, uuid: str, mappings: list[str]) -> str:
    """Why an image does not open a volume by a token of the TPM; empty where it has all that this takes."""
    opening = start.opens(uuid.lower(), mappings)
    if "trouble" in opening:
        return f"{start.path} cannot be read: {opening['trouble']['why']}"
    if not opening.get("opens"):
        return opening["why"] or "the next start's image is not known"
    if "systemd-tpm2" not in opening["tokens"]:
        return f"{start.path} has nothing that uses a TPM token"
    lacking = [text for name, text in NEEDED if not any(name in one for one in start.image.names)]
    return f"{start.path} lacks {lacking[0]}" if lacking else ""


def make(host: Host, uuid: str) -> str:
    """Make the next start's image anew, so that it can use a TPM token; its path. Raises ChangeRefused or HostError."""
    if generator(host) != "dracut":
        raise ChangeRefused("dracut does not make the images of this machine")
    old = Start(host)
    version = _version(old.path)
    names = _mappings(host, uuid)
    new = host.path(NEW)
    _gone(new)  # of a run that was cut off
    _room(host, old.path)
    try:
        done = host.act(["dracut", "--force", "--quiet", "--add", MODULE, new, version], timeout=PATIENCE)
        if done.rc != 0:
            raise ChangeRefused(f"dracut ended with status {done.rc}: {done.err.strip()[-200:]}")
        host.forget()
        _on_disk(new)
        why = unusable(Start(host, NEW), uuid, names)
        if why:
            raise ChangeRefused(f"the image that dracut made is of no use, and the old one stays: {why}")
        # Only what has made an image may stand there: the next kernel's package would fail by it.
        _settings(host)
        # Who may read the old one may read this one.
        os.chmod(new, os.stat(host.path(old.path)).st_mode & 0o777)
        os.replace(new, host.path(old.path))
    except (ChangeRefused, HostError, OSError):
        _gone(new)
        raise
    _on_disk(host.path(BOOT))
    host.forget()
    return old.path


def _mappings(host: Host, uuid: str) -> list[str]:
    volumes = [one for one in Layout(host).volumes.values() if one.device is not None and one.device.uuid == uuid]
    return [mapping.name for one in volumes for mapping in one.mappings]


def _version(path: str) -> str:
    """The kernel whose image is at a path. Raises ChangeRefused."""
    name = path.rsplit("/", 1)[-1]
    for form in IMAGE_NAMES:
        before, after = form.split("{}")
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after):
            return name[len(before) : len(name) - len(after)]
    raise ChangeRefused(f"for which kernel {path or 'the next image'} was made is not known")


def _room(host: Host, path: str) -> None:
    """Raises ChangeRefused where /boot has no room for a second image half as large again."""
    try:
        size = host.stat(path).st_size
        free = os.statvfs(host.path(BOOT))
    except (FileNotFoundError, OSError) as problem:
        raise HostError("failed", f"{BOOT}: {problem}") from None
    needed, left = size * 3 // 2 + SPARE, free.f_bavail * free.f_frsize
    if left < needed:
        raise ChangeRefused(
            f"{BOOT} has {left // 2**20} MiB left, and a second image beside {path} takes up to {needed // 2**20}: "
            "remove old kernels first (apt autoremove)"
        )


def _settings(host: Host) -> None:
    """Let every image that dracut makes from now on have what a TPM token needs."""
    path = host.path(SETTINGS)
    with contextlib.suppress(FileNotFoundError):
        if host.text(SETTINGS) == WANTED:
            return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    beside = f"{path}.new"
    with open(beside, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(WANTED)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    _on_disk(os.path.dirname(path))


def _gone(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _on_disk(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
