"""Private keys, told by what a file holds and not by its name, wherever in a program's folders they were copied to."""

from __future__ import annotations

import re
import stat

from ..engine.host import READ_LIMIT, Host, HostError

# RFC 7468 and what OpenSSL, OpenSSH and OpenVPN write: PRIVATE KEY, RSA PRIVATE KEY, ENCRYPTED PRIVATE KEY and others.
PEM = re.compile(rb"-----BEGIN (?:[A-Z0-9 ]{1,40} )?(?:PRIVATE KEY|Static key V1)(?: BLOCK)?-----")
SEQUENCE, INTEGER = 0x30, 0x02
# The version with which PKCS#1, PKCS#8 and SEC 1 keys (0 or 1) and PKCS#12 files (3) begin; a certificate, a request
# and a list of revoked ones begin with another sequence, a bare public key with a large number.
VERSIONS = (0, 1, 3)
DEEPEST = 6  # folders below a program's own; easy-rsa needs three
MOST = 5000  # files of one program


def holds(content: bytes) -> bool:
    """Whether a file's content is, or contains, a private key in PEM or DER; one under a passphrase counts too."""
    if PEM.search(content):
        return True
    if len(content) < 8 or content[0] != SEQUENCE:
        return False
    start = 2 + (content[1] & 0x7F if content[1] & 0x80 else 0)
    return (
        len(content) > start + 2
        and content[start : start + 2] == bytes((INTEGER, 1))
        and content[start + 2] in VERSIONS
    )


def files_below(host: Host, folder: str) -> list[str]:
    """The regular files in a folder and in those below it that others than root may look into. Raises HostError.

    Links to folders are not followed: what they lead to is another program's.
    """
    paths: list[str] = []
    waiting = [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        for name in host.entries(here):
            path = f"{here}/{name}"
            try:
                status = host.stat(path)
            except FileNotFoundError:
                continue  # a link that leads nowhere, or it went away
            closed = status.st_uid == 0 and not status.st_mode & 0o077
            if stat.S_ISREG(status.st_mode):
                paths.append(path)
            elif stat.S_ISDIR(status.st_mode) and not closed and depth < DEEPEST and host.link(path) is None:
                waiting.append((path, depth + 1))
        if len(paths) > MOST:
            raise HostError("too_large", f"{folder} has more than {MOST} files, too many to look for keys in them")
    return sorted(paths)


def in_file(host: Host, path: str) -> bool:
    """Whether a file holds a private key; False for what went away. Raises HostError.

    A file beyond the limit of what is read is none: a list of revoked certificates may be that large, a key never is.
    """
    try:
        return host.stat(path).st_size <= READ_LIMIT and holds(host.read(path))
    except FileNotFoundError:
        return False
