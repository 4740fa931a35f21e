"""What an ordinary user may do with a USB drive: asked of polkit, which decides for udisks, and of modprobe. Read only.

Addresses: `plain` (text, what polkit says of mounting a drive that is not encrypted: refused, or not-refused), `luks`
(likewise of unlocking an encrypted one), both absent where udisks is not installed and so nobody but root can mount;
`usb-storage` (bool, whether the drivers of USB drives are loaded or can be).

polkit is asked about an ordinary user; only root may say what the drive would be like. "Not refused" is all that can be
told: whether somebody is let in at once or asked for a password depends on who sits at the machine. udisks describes a
drive to polkit by these details (udisksdaemonutil.c), and the opened volume of an encrypted one has no drive at all.
"""

from __future__ import annotations

import os
import re

from .attempt import attempt, first_of, foreign
from .block_devices import devices, removable, resolve
from .edits import ChangeRefused
from .host import HostError
from .mounts import fstab
from .people import accounts
from .reading import absent, reading, value

NAME = "removable_media"
ADDRESSES = re.compile(r"\A(?:plain|luks|usb-storage)\Z")
ALL = ["plain", "luks", "usb-storage"]
UDISKS = ("/usr/libexec/udisks2/udisksd", "/usr/lib/udisks2/udisksd")
DRIVE = {"drive.removable": "true", "drive.removable.bus": "usb"}
ASKED = {
    "plain": (("filesystem-mount", "filesystem-mount-other-seat"), {"id.usage": "filesystem", "id.type": "vfat"}),
    "luks": (("encrypted-unlock",), {"id.usage": "crypto", "id.type": "crypto_LUKS"}),
}
# Setuid programs that mount for anybody, and options of fstab(5) by which mount does.
PAST_POLKIT = ("/usr/bin/pmount", "/usr/bin/udevil")
USERS_OWN = {"user", "users", "owner", "group"}
DISCS = ("/dev/sr", "/dev/cdrom", "/dev/dvd", "/dev/fd")  # Debian's installer writes such a line for each
NO_DRIVES = ("swap", "tmpfs", "nfs", "nfs4", "cifs", "fuse.sshfs", "davfs", "none", "9p")
MODULES = ("usb-storage", "uas")
NO_USER = 65534  # nobody: where the machine has no account of a person yet
SHOWN = re.compile(r"(?:insmod|install|builtin) \S")
STOPPED = re.compile(r"^install (?:/usr)?/s?bin/(?:false|true|nologin)\s*$", re.MULTILINE)


def observe(host, addresses: list) -> dict:
    """A reading for each address; nothing is raised for a bad machine."""
    return {
        address: attempt(NAME, address, lambda address=address: reading(NAME, address, _find(host, address)))
        if ADDRESSES.match(address)
        else foreign(NAME, address)
        for address in addresses
    }


def rehearse(host, changes: list):
    """Always refused: a rule of polkit is a program, and is put in place by hand."""
    raise ChangeRefused("removable media are only reported; docs/controls.md says which rule to put in place")


def _find(host, address: str) -> dict:
    if address == "usb-storage":
        return _modules(host)
    if address == "plain":
        past = first_of(host, PAST_POLKIT)
        if past:
            return value("not-refused", f"{past} mounts drives for ordinary users, and does not ask polkit", "string")
        for line in fstab(host):
            drive = not line.spec.startswith(DISCS) and line.fstype not in NO_DRIVES
            if USERS_OWN & set(line.options) and drive and not _built_in(host, line.spec):
                why = f"/etc/fstab lets ordinary users mount {line.spec} at {line.point}, and does not ask polkit"
                return value("not-refused", why, "string")
    if not first_of(host, UDISKS):
        return absent("udisks2 is not installed, so only root can mount")
    if not host.is_root:
        raise HostError("needs_root", "only root may ask polkit about a drive that is not there")
    actions, about = ASKED[address]
    details = [word for key, said in {**DRIVE, **about}.items() for word in ("--detail", key, said)]
    user = next((one.uid for one in accounts(host) if one.ordinary), NO_USER)
    answers = [(_answer(host, f"org.freedesktop.udisks2.{action}", details, user), action) for action in actions]
    refused = [action for answer, action in answers if answer]
    open_ones = [action for answer, action in answers if not answer]
    word = "not-refused" if open_ones else "refused"
    return value(word, f"polkit on {', '.join(open_ones or refused)} for the user {user}", "string")


def _built_in(host, spec: str) -> bool:
    """Whether what fstab names is a disk of this machine, such as Windows' on the same one. Raises HostError.

    /dev/sdb1 may be a drive by the next start, whatever it is now.
    """
    device = None if spec.startswith("/dev/sd") else resolve(host, devices(host), spec)
    return device is not None and not removable(device)


def _answer(host, action: str, details: list, user: int) -> bool:
    """Whether polkit refuses an action. Raises HostError."""
    subject = f"{os.getpid()},{_started(host)},{user}"
    done = host.query(["pkcheck", "--process", subject, "--action-id", action, *details])
    if done.rc in (0, 2, 3):
        return False
    if done.rc == 1 and "Not authorized" in done.err:
        return True
    raise HostError("failed", f"pkcheck ended with status {done.rc}: {done.err.strip()[-200:]}")


def _started(host) -> str:
    """When this process was started, as polkit wants it (the 22nd field of /proc/self/stat)."""
    try:
        fields = host.text("/proc/self/stat").rpartition(")")[2].split()
    except FileNotFoundError:
        fields = []
    return fields[19] if len(fields) > 19 and fields[19].isdigit() else "0"


def _modules(host) -> dict:
    found = []
    for name in MODULES:
        if host.exists(f"/sys/module/{name.replace('-', '_')}"):
            found.append(f"{name} is loaded")
            continue
        done = host.query(["modprobe", "--show-depends", name])
        if done.rc != 0 and "not found" not in done.err:
            raise HostError("failed", f"modprobe --show-depends {name}: {done.err.strip()[-200:]}")
        if done.rc == 0 and (
            not done.out.endswith("\n") or not all(SHOWN.match(line) for line in done.out.splitlines())
        ):
            raise HostError("malformed", f"modprobe --show-depends {name} makes no sense: {done.out[:100]!r}")
        # "blacklist" alone is no stop: what depends on a module loads it all the same.
        if done.rc == 0 and not STOPPED.search(done.out):
            found.append(f"{name} can be loaded")
    return value(bool(found), "; ".join(found) or "modprobe loads neither usb-storage nor uas", "bool")
