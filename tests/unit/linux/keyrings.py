"""Python processes with the session keyrings that root gets on real machines, made by system calls of their own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from tests.unit.playing import ROOT

# keyctl(2) as ausyscall prints its number, and the constants of keyctl(2) and keyrings(7).
KEYCTL = {"x86_64": 250, "aarch64": 219}.get(platform.machine(), -1)
RAW = f"""
import ctypes, os, sys
_libc = ctypes.CDLL(None, use_errno=True)
def raw(*words):
    '''keyctl(2): its result, or the errno as a negative number.'''
    sent = [ctypes.c_long(one) if isinstance(one, int) else one for one in words]
    result = _libc.syscall({KEYCTL}, *sent)
    return -ctypes.get_errno() if result < 0 else result
JOIN_SESSION, REVOKE, LINK, SEARCH, READ, SET_TIMEOUT, UPDATE, SETPERM = 1, 3, 8, 10, 11, 15, 2, 5
SESSION, USER = -3, -4
"""
# How a run of root may come by its session keyring.
SESSIONS = {
    "inherited": "",
    "empty, as systemd gives a service": "raw(JOIN_SESSION, None)",
    "a person's, as sudo keeps it": (
        "os.setresuid(65534, 65534, 0); raw(JOIN_SESSION, None); raw(LINK, USER, SESSION); os.setresuid(0, 0, 0)"
    ),
    "root's own, as pam_keyinit makes it": "raw(JOIN_SESSION, None); raw(LINK, USER, SESSION)",
    "revoked, as a closed session leaves it": "raw(JOIN_SESSION, None); raw(REVOKE, SESSION)",
}
IMPORT = "from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import kernel_keyring"
needs_keyring = pytest.mark.skipif(os.geteuid() != 0 or KEYCTL == -1, reason="needs root and its kernel keyring")


def environment() -> dict[str, str]:
    """What a Python process needs to import device code and these tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "collections"), str(ROOT)])}


def session(code: str, begin: str = "", through: tuple[str, ...] = ()) -> str:
    """What a new process prints that begins with one of SESSIONS and then runs `code`. It must end well."""
    done = subprocess.run(
        [*through, sys.executable, "-c", "\n".join([RAW, begin, IMPORT, code])],
        env=environment(), capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
