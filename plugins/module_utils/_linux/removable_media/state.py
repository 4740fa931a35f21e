"""What an ordinary user may do with a USB drive, as polkit and modprobe say it.

polkit is asked about ordinary users, one for each set of groups; only root may say what the drive would be like. "Not
refused" is all that can be told: whether somebody is let in at once or asked for a password depends on who sits at the
machine. udisks describes a drive to polkit by these details (udisksdaemonutil.c), and the opened volume of an encrypted
one has no drive at all.
"""

from __future__ import annotations

import os
import re

from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, absent, reading, value
from ..engine.safe_read import attempt, first_of
from ..system.block_devices import devices, removable, resolve
from ..system.boot_state import started
from ..system.mounts import fstab
from ..system.people import accounts, groups

DRIVER = "removable_media"
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
MODPROBE = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d")
PAST_MODPROBE = "the image that starts the machine is older; have it made again (update-initramfs -u)"
MOST_KINDS = 5
NO_USER = 65534  # nobody: where the machine has no account of a person yet
SHOWN = re.compile(r"(?:insmod|install|builtin) \S")
# What "options" lines say of the module follows the command, which ignores it. A shell runs the line, so only words.
STOPPED = re.compile(r"^install (?:/usr)?/s?bin/(?:false|true|nologin)(?: +[\w.,:=+-]+)*\s*$", re.MULTILINE)


def look(host: Host, address: str) -> Reading:
    """The reading of an address; nothing is raised for a bad machine."""
    return attempt(DRIVER, address, lambda: _read(host, address))


def _read(host: Host, address: str) -> Reading:
    if address == "usb-storage":
        return _modules(host)
    return reading(DRIVER, address, _by_polkit(host, address))


def mounts_without_polkit(host: Host) -> str:
    """By what ordinary users mount drives without polkit being asked, in words, or an empty text. Raises HostError."""
    past = first_of(host, PAST_POLKIT)
    if past:
        return f"{past} mounts drives for ordinary users, and does not ask polkit"
    for line in fstab(host):
        drive = not line.spec.startswith(DISCS) and line.fstype not in NO_DRIVES
        if USERS_OWN & set(line.options) and drive and not _built_in(host, line.spec):
            return f"/etc/fstab lets ordinary users mount {line.spec} at {line.point}, and does not ask polkit"
    return ""


def _by_polkit(host: Host, address: str) -> Aspect:
    past = mounts_without_polkit(host) if address == "plain" else ""
    if past:
        return value("not-refused", past, "string")
    if not first_of(host, UDISKS):
        return absent("udisks2 is not installed, so only root can mount")
    if not host.is_root:
        raise HostError("needs_root", "only root may ask polkit about a drive that is not there")
    actions, about = ASKED[address]
    details = [word for key, text in {**DRIVE, **about}.items() for word in ("--detail", key, text)]
    questions = [(user, action) for user in _users(host) for action in actions]
    refused = {one: _answer(host, f"org.freedesktop.udisks2.{one[1]}", details, one[0]) for one in questions}
    # One person who may mount is enough for the one, one who may not unlock for the other.
    wrong = [one for one in questions if refused[one] is (address == "luks")]
    user = (wrong or questions)[0][0]
    text = f"polkit on {', '.join(action for who, action in wrong or questions if who == user)} for the user {user}"
    return value("refused" if refused[(wrong or questions)[0]] else "not-refused", text, "string")


def _users(host: Host) -> list[int]:
    """The uid of an ordinary user of each kind: rules tell people apart by their groups. Raises HostError."""
    belong = groups(host)
    kinds: dict[frozenset[int | None], int] = {}
    for account in accounts(host):
        if account.ordinary:
            mine = {account.gid, *(group.gid for group in belong if account.name in group.members)}
            # A group of a user's own has the user's number on Debian.
            kinds.setdefault(frozenset(mine - {account.uid}), account.uid)
    return sorted(kinds.values())[:MOST_KINDS] or [NO_USER]


def _built_in(host: Host, spec: str) -> bool:
    """Whether what fstab names is a disk of this machine, such as Windows' on the same one. Raises HostError.

    /dev/sdb1 may be a drive by the next start, whatever it is now.
    """
    device = None if spec.startswith("/dev/sd") else resolve(host, devices(host), spec)
    return device is not None and not removable(device)


def _answer(host: Host, action: str, details: list[str], user: int) -> bool:
    """Whether polkit refuses an action. Raises HostError."""
    subject = f"{os.getpid()},{_own_start(host)},{user}"
    done = host.query(["pkcheck", "--process", subject, "--action-id", action, *details])
    if done.rc in (0, 2, 3):
        return False
    if done.rc == 1 and "Not authorized" in done.err:
        return True
    # polkit names the subject, which is another at each visit.
    said = re.sub(r"\b[0-9]+(:[0-9]+)+\b", "this check", done.err.replace(subject, "this check"))
    raise HostError("failed", f"pkcheck ended with status {done.rc}: {said.strip()[-200:]}")


def _own_start(host: Host) -> str:
    """When this process was started, as polkit wants it (the 22nd field of /proc/self/stat)."""
    try:
        fields = host.text("/proc/self/stat").rpartition(")")[2].split()
    except FileNotFoundError:
        fields = []
    return fields[19] if len(fields) > 19 and fields[19].isdigit() else "0"


def _modules(host: Host) -> Reading:
    """The reading of usb-storage: what modprobe would load, and what is loaded that it would not. Raises HostError."""
    open_ones, left = [], []
    for name in MODULES:
        loadable = _loadable(host, name)
        folder = f"/sys/module/{name.replace('-', '_')}"
        if loadable:
            open_ones.append(f"{name} can be loaded")
        elif not host.exists(folder):
            continue
        elif not host.exists(f"{folder}/initstate"):  # only what was loaded has such a state
            open_ones.append(f"{name} is built into the kernel")
        elif _stopped_before_the_start(host):
            open_ones.append(f"{name} is loaded, though modprobe refused it before the last start: {PAST_MODPROBE}")
        else:
            left.append(f"{name} is loaded until the next start")
    if open_ones or not left:
        if open_ones:
            from . import needs  # only where they can be loaded

            readers = needs.card_readers(host)
            open_ones += [f"they drive the card reader {name}" for name in readers]
        source = "; ".join(open_ones) or "modprobe loads neither usb-storage nor uas"
        return reading(DRIVER, "usb-storage", value(bool(open_ones), source, "bool"))
    stopped = value(False, "modprobe loads neither usb-storage nor uas any more", "bool")
    return reading(DRIVER, "usb-storage", stopped, running=value(True, "; ".join(left), "bool"))


def _loadable(host: Host, name: str) -> bool:
    """Whether modprobe would load a module. Raises HostError."""
    done = host.query(["modprobe", "--show-depends", name])
    if done.rc != 0 and "not found" not in done.err:
        raise HostError("failed", f"modprobe --show-depends {name}: {done.err.strip()[-200:]}")
    if done.rc == 0 and (not done.out.endswith("\n") or not all(SHOWN.match(line) for line in done.out.splitlines())):
        raise HostError("malformed", f"modprobe --show-depends {name} makes no sense: {done.out[:100]!r}")
    # "blacklist" alone is no stop: what depends on a module loads it all the same.
    return done.rc == 0 and not STOPPED.search(done.out)


def _stopped_before_the_start(host: Host) -> bool:
    """Whether modprobe's configuration is older than the last start: then a restart changes nothing any more."""
    since = started(host)
    if since is None:
        return False
    files = [f"{folder}/{name}" for folder in MODPROBE for name in host.entries(folder)]
    for path in (*MODPROBE, *files):
        try:
            if host.stat(path).st_mtime >= since:
                return False
        except FileNotFoundError:
            continue
    return True
