"""A secret that one run of root leaves for the next for a while: a key in root's user keyring of the kernel.

The kernel keeps it in memory that is never swapped out, forgets it when its time is up, and a restart forgets it too.

Only who *possesses* a key has rights to ours: whoever reaches it from a keyring of their own (keyrings(7)). Which
session keyring a process has is a matter of chance, and not every one leads to root's user keyring: sudo from SSH keeps
that of the person, systemd gives a service an empty one (KeyringMode=private; so cron's jobs have one), and an SSH
session that ended leaves a revoked one behind in its tmux. So nothing here relies on it: each process links the user
keyring, which belongs to the account (user-keyring(7)), into its process keyring, which no other process shares and no
child inherits. What one run of root keeps, any other run of root reads.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re

from ..engine.host import HostError

# (add_key, keyctl): arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux.
NUMBERS = {"x86_64": (248, 250), "aarch64": (217, 219)}
# From here on include/uapi/linux/keyctl.h.
PROCESS_KEYRING, USER_KEYRING = -2, -4
SETPERM, LINK, UNLINK, SEARCH, READ, SET_TIMEOUT, INVALIDATE = 5, 8, 9, 10, 11, 15, 21
# The possessor may view, read, find and link it. Nobody may change it or give it more time, and root without a link
# does not even see it in /proc/keys.
PERMISSIONS = 0x1B000000
MOST = 32767  # bytes of a key of the type "user"
GONE = (errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED)
WHY = {
    errno.EACCES: "it refuses (SELinux or the rules of a container may forbid it)",
    errno.EPERM: "it refuses (SELinux or the rules of a container may forbid it)",
    errno.ENOSYS: "it was built without keyrings",
    errno.EDQUOT: "this account has as many keys as it may (/proc/sys/kernel/keys)",
}
KEYS = "/proc/keys"
# One line of it, of a key that is neither revoked, dead nor invalidated: serial, time left, description.
LINE = re.compile(
    r"([0-9a-f]{8}) I--...- +[0-9]+ +(?:perm|([0-9]+)([smhdw])) +[0-9a-f]{8} +[0-9]+ +[0-9]+ user +(\S+): [0-9]+"
)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def of_disk(uuid: str) -> str:
    """The description of the key that holds the passphrase of a disk, by its LUKS UUID."""
    return f"leeboard:luks:{uuid.lower()}"


def put(description: str, secret: bytes, seconds: int) -> None:
    """Keep 1 to 32767 bytes for so many seconds, in place of what was there. Raises HostError.

    The key is made where only this process sees it and linked into the user keyring as its last step: what others can
    find has its end and its permissions, and a process that dies before that has left nothing.
    """
    if seconds < 1:
        raise ValueError("a key without an end would stay until the machine restarts")
    key = _system_call(0, b"user", description.encode(), secret, len(secret), PROCESS_KEYRING)
    try:
        _keyctl(SET_TIMEOUT, key, seconds)
        _keyctl(SETPERM, key, PERMISSIONS)
        _keyctl(LINK, key, USER_KEYRING)
    finally:
        _keyctl(UNLINK, key, PROCESS_KEYRING)


def read(description: str) -> bytes | None:
    """The bytes that are kept, None when there are none or their time is up. Raises HostError."""
    key = _find_key(description)
    if key is None:
        return None
    buffer = ctypes.create_string_buffer(MOST)
    try:
        size = _keyctl(READ, key, buffer, MOST)
    except HostError:
        if _find_key(description) is None:
            return None  # its time was up at this moment
        raise
    return buffer.raw[:size]


def revoke(description: str) -> bool:
    """Forget at once what is kept, for those too who have found it already; false when nothing was.

    Raises HostError.
    """
    key = _find_key(description)
    if key is None:
        return False
    _keyctl(INVALIDATE, key)
    return True


def keys_held(prefix: str) -> dict[str, int | None]:
    """{description: seconds that are left at least} of what is kept; None for a key without an end. Raises HostError.

    The kernel tells the time in whole seconds, minutes, hours or days, rounded down, and in /proc/keys only.
    """
    _possess()
    serials = (ctypes.c_int32 * MOST)()
    size = _keyctl(READ, USER_KEYRING, serials, ctypes.sizeof(serials))
    ours = set(serials[: size // ctypes.sizeof(ctypes.c_int32)])
    try:
        with open(KEYS, encoding="utf-8", errors="backslashreplace") as stream:
            lines = stream.read().split("\n")
    except OSError as problem:
        raise HostError("failed", f"{KEYS}: {problem.strerror}") from None
    by_description: dict[str, int | None] = {}
    for line in filter(None, map(LINE.fullmatch, lines)):
        serial, number, unit, description = line.groups()
        # Anybody may have a key of that description in a keyring of their own.
        if int(serial, 16) in ours and description.startswith(prefix):
            by_description[description] = int(number) * SECONDS[unit] if unit else None
    return by_description


def _find_key(description: str) -> int | None:
    """The serial number of a key of the user keyring, None when there is none that still counts."""
    _possess()
    try:
        return _keyctl(SEARCH, USER_KEYRING, b"user", description.encode(), 0)
    except _Refused as problem:
        if problem.errno in GONE:
            return None
        raise


def _possess() -> None:
    """Possess what lies in the user keyring. Doing it twice is doing it once."""
    _keyctl(LINK, USER_KEYRING, PROCESS_KEYRING)


class _Refused(HostError):
    """A call that the kernel refused, with its errno."""

    def __init__(self, number: int) -> None:
        code = "denied" if number in (errno.EACCES, errno.EPERM) else "failed"
        super().__init__(code, f"the kernel's keyring cannot be used: {WHY.get(number) or os.strerror(number)}")
        self.errno = number


def _keyctl(operation: int, *arguments: object) -> int:
    return _system_call(1, operation, *arguments)


def _system_call(which: int, *arguments: object) -> int:
    """One of NUMBERS with its arguments; keyctl(1) and libkeyutils are not on every machine. Raises _Refused."""
    machine = platform.machine()
    # A program of 32 bits on such a kernel has other numbers, and behind ours are other calls.
    if machine not in NUMBERS or ctypes.sizeof(ctypes.c_void_p) != 8:
        names = " and ".join(sorted(NUMBERS))
        raise HostError("failed", f"the kernel's keyring is known on {names} with 64 bits only, and this is {machine}")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    sent = [ctypes.c_long(one) if isinstance(one, int) else one for one in (NUMBERS[machine][which], *arguments)]
    result: int = libc.syscall(*sent)
    if result < 0:
        raise _Refused(ctypes.get_errno())
    return result
