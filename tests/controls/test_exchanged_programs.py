"""Programs of a real machine are exchanged, in several ways, and in ways that are none: what a visit makes of it.

The exchanged auditctl says what a compliant machine would; that the kernel knows better is read from its own log.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.device_code import linux_files
from tests.vm.machine import Machine

from .harness import PATIENCE, THERE, packed

ASKED = {"kernel": ["audit:enabled"], "package": ["auditd:installed"], "unit": ["auditd.service:active"]}
VISIT = (
    f"import json, sys; sys.path.insert(0, '{THERE}'); "
    "from _linux.engine.host import Host; from _linux.visit import visit; "
    f"print(json.dumps(visit(Host(), {ASKED!r}, sys.argv[1:])['readings']))"
)
OWN = "#!/bin/sh\nprintf 'enabled 1\\nfailure 1\\nbacklog_limit 8192\\nlost 0\\n'\n"
WRAPPER = '#!/bin/sh\nexec /usr/sbin/auditctl.distrib "$@"\n'
AT_WORK = (  # holds dpkg's lock as dpkg does, while the command runs
    "import fcntl, subprocess, sys; lock = open('/var/lib/dpkg/lock', 'r+b'); fcntl.lockf(lock, fcntl.LOCK_EX); "
    "sys.exit(subprocess.run(sys.argv[1:]).returncode)"
)
LIBRARY = "/usr/lib/x86_64-linux-gnu/libnsl.so.1"  # of libc6, and does nothing to programs that do not call it


def codes(machine: Machine, *unpackaged: str, before: str = "") -> dict[str, str]:
    """{driver: why a reading could not be had, or ""} of one visit, started by the command `before` if one is given."""
    command = f"{before} python3 -c {shlex.quote(VISIT)} {shlex.join(unpackaged)}"
    readings: list[dict[str, Any]] = json.loads(machine.root(command, timeout=PATIENCE).stdout)
    return {one["driver"]: one["effective"].get("code", "") for one in readings}


@pytest.mark.full
def test_exchanged_programs_and_what_is_none(server_machine: Machine) -> None:
    machine = server_machine
    machine.root(
        f"mkdir -p {THERE} && tar -xC {THERE}",
        input=packed(linux_files()),
    )
    nothing = dict.fromkeys(ASKED, "")
    assert codes(machine) == nothing

    # By hand, first without any word to dpkg, then by its own means.
    machine.root("auditctl -e 0 && cp -a /usr/sbin/auditctl /root/genuine")
    machine.put(OWN.encode(), "/usr/sbin/auditctl", mode="755")
    assert codes(machine) == {**nothing, "kernel": "exchanged"}
    assert codes(machine, "/usr/sbin/auditctl") == nothing
    machine.root("cp -a /root/genuine /usr/sbin/auditctl")
    machine.put(OWN.encode(), "/usr/sbin/dpkg-query", mode="755")  # before the real one on the way
    assert codes(machine) == {**nothing, "package": "exchanged"}
    machine.root("rm /usr/sbin/dpkg-query && dpkg-divert --local --rename --add /usr/sbin/auditctl")
    machine.put(WRAPPER.encode(), "/usr/sbin/auditctl", mode="755")
    assert codes(machine) == nothing
    machine.root("rm /usr/sbin/auditctl && dpkg-divert --local --rename --remove /usr/sbin/auditctl")
    assert codes(machine) == nothing

    # A library in every program: a package's, then somebody's.
    machine.root(f"echo {LIBRARY} >/etc/ld.so.preload")
    assert codes(machine) == nothing
    machine.root(f"cp -L {LIBRARY} /usr/local/lib/own.so && echo /usr/local/lib/own.so >/etc/ld.so.preload")
    assert set(codes(machine).values()) == {"exchanged"}
    assert codes(machine, "/usr/local/lib/own.so") == nothing
    machine.root("rm /etc/ld.so.preload")

    # Another file in the visit's own mounts; a unit that is only hardened; dpkg at work.
    bound = "mount --bind /root/other /usr/sbin/auditctl && exec"
    machine.root("cp /root/genuine /root/other")  # the same content: only the namespace tells
    assert codes(machine, before=f"unshare --mount sh -c '{bound} \"$@\"' sh") == {**nothing, "kernel": "exchanged"}
    hardened = "systemd-run --quiet --pipe --wait -p ProtectSystem=strict -p PrivateTmp=yes -p PrivateDevices=yes"
    assert codes(machine, before=hardened) == nothing
    machine.put(OWN.encode(), "/usr/sbin/auditctl", mode="755")
    busy = f"python3 -c {shlex.quote(AT_WORK)}"
    assert codes(machine, before=busy) == {**nothing, "kernel": "busy"}
