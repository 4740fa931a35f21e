"""The key of a new certificate and the request for it. The key is made on the device and never leaves it.

What is asked for says the device's name alone: the authority ignores all else in a request.
"""

from __future__ import annotations

import os

from ...engine.change import sync_folder
from ...engine.edits import ChangeRefused
from ...engine.host import Host
from ..files import WAITING
from ..ikev2.words import NAME
from .pair import PUBLIC_KEY

FOLDER = WAITING
NEXT_KEY = f"{FOLDER}/next.key"
CURVES = ("P-256", "P-384")
# openssl writes the key itself: it is in no pipe and no argument. A key that was cut off is not there.
MAKE = (
    'umask 077; rm -f -- "$1.new"; openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.new" &&\n'
    'sync -- "$1.new" && mv -f -- "$1.new" "$1"'
)


def request(host: Host, identity: str, curve: str) -> tuple[bool, str]:
    """(whether a key was made, the request in PEM). One that was asked for and not answered is asked for again.

    Raises ChangeRefused, HostError.
    """
    if not NAME.match(identity):
        raise ChangeRefused(f"{identity[:80]!r} is no name such as lt-014.example.sch.uk")
    if curve not in CURVES:
        raise ChangeRefused(f"{curve!r} is no curve that is known here; there are {', '.join(CURVES)}")
    made = not _there(host, curve)
    if made:
        prepare(host)
        done = host.act(["sh", "-c", MAKE, "sh", host.path(NEXT_KEY), curve])
        if done.rc != 0:
            raise ChangeRefused(f"openssl made no key: {done.err.strip()[-200:]}")
        sync_folder(host.path(FOLDER))
        host.forget()
    key = host.path(NEXT_KEY)
    names = ["-subj", f"/CN={identity[:64]}", "-addext", f"subjectAltName=DNS:{identity}"]
    done = host.act(["openssl", "req", "-new", "-sha256", "-key", key, *names])
    if done.rc != 0 or "-----BEGIN CERTIFICATE REQUEST-----" not in done.out:
        raise ChangeRefused(f"openssl made no request: {done.err.strip()[-200:]}")
    return made, done.out


def prepare(host: Host) -> None:
    """A folder that is root's alone. Raises ChangeRefused for one that is somebody else's."""
    folder = host.path(FOLDER)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    status = os.lstat(folder)
    if os.path.islink(folder) or status.st_uid != os.geteuid():
        raise ChangeRefused(f"{FOLDER} is not root's own folder; look at who made it, and take it away")
    os.chmod(folder, 0o700)


def public_key(host: Host) -> str:
    """The public half of the key that waits for its certificate, empty without one."""
    return "".join(PUBLIC_KEY.findall(_about(host)))


def _about(host: Host) -> str:
    """What openssl says of the key that waits, of its public half alone; empty without one."""
    if not host.exists(NEXT_KEY):
        return ""
    done = host.act(["openssl", "pkey", "-in", host.path(NEXT_KEY), "-pubout", "-text_pub", "-passin", "pass:"])
    return done.out if done.rc == 0 else ""


def _there(host: Host, curve: str) -> bool:
    """Whether a key of that curve waits, root's alone."""
    if f"NIST CURVE: {curve}" not in _about(host):
        return False
    status = host.stat(NEXT_KEY)
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077  # else somebody may have read it
