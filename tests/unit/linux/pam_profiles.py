"""Profiles of pam-auth-update as packages bring them, and a machine in a folder whose PAM it set up."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import (
    Completed,
    HostError,
    run_process,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock import update

from tests.unit.linux.folder import PASSWD, folder

TOOL = "/usr/sbin/pam-auth-update"
NEVER = 2  # getent(1) for a name that nobody has


def profile(priority: int, auth: str, initial: str = "", account: str = "", kind: str = "Additional") -> str:
    """A profile in the words of pam-auth-update(8) that is enabled when it comes."""
    text = f"Name: x\nDefault: yes\nPriority: {priority}\nAuth-Type: Primary\nAuth:\n\t{auth}\n"
    text += f"Auth-Initial:\n\t{initial}\n" if initial else ""
    return text + (f"Account-Type: {kind}\nAccount:\n\t{account}\n" if account else "")


# libpam-runtime 1.7.0, libpam-sss, libpam-winbind, libpam-krb5, libpam-fprintd and libpam-ccreds.
UNIX = profile(
    256,
    "[success=end default=ignore]\tpam_unix.so nullok try_first_pass",
    "[success=end default=ignore]\tpam_unix.so nullok",
    "[success=end new_authtok_reqd=done default=ignore]\tpam_unix.so",
    "Primary",
)
SSS = profile(
    128,
    "[success=end default=ignore]\tpam_sss.so use_first_pass",
    "[success=end default=ignore]\tpam_sss.so forward_pass",
    "sufficient\t\t\tpam_localuser.so\n\t[default=bad success=ok user_unknown=ignore]\tpam_sss.so",
)
WINBIND = profile(
    192,
    "[success=end default=ignore]\tpam_winbind.so krb5_auth krb5_ccache_type=FILE cached_login try_first_pass",
    "[success=end default=ignore]\tpam_winbind.so krb5_auth krb5_ccache_type=FILE cached_login",
    "[success=end new_authtok_reqd=done default=ignore]\tpam_winbind.so",
    "Primary",
)
KRB5 = profile(
    704,
    "[success=end default=ignore]\tpam_krb5.so minimum_uid=1000 try_first_pass",
    "[success=end default=ignore]\tpam_krb5.so minimum_uid=1000",
    "required\t\t\tpam_krb5.so minimum_uid=1000",
)
FINGER = profile(260, "[success=end default=ignore]\tpam_fprintd.so max-tries=1 timeout=10")
CCREDS = profile(0, "[success=end default=ignore]\tpam_ccreds.so action=validate use_first_pass")
LOGIN = (
    "auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n@include common-auth\n"
    "auth optional pam_group.so\naccount required pam_access.so\n@include common-account\n"
)
CONF = "# deny = 3\n# The users are local\n"


def asks(argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
    """The runner of a machine that has pam-auth-update, and getent without a directory: no other program."""
    if argv[0] == TOOL:
        return run_process(argv, input, timeout, {**environment})
    if argv[0] == "getent":
        return Completed(NEVER, "", "")
    raise HostError("missing_tool", f"the command {argv[0]} is not installed")


def machine(root: Path, profiles: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None) -> Any:
    """A machine whose PAM pam-auth-update made of `profiles` (Debian's own where none are given)."""
    if not os.access(TOOL, os.X_OK) or not Path("/var/lib/dpkg/info/libpam-runtime.templates").exists():
        pytest.skip("pam-auth-update is not installed on this machine")
    files = {f"{update.PROFILES_FOLDER}/{name}": text for name, text in (profiles or {"unix": UNIX}).items()}
    files |= {f"{update.SAVED}/seen": "", TOOL: "", "/run/x": "", "/etc/passwd": PASSWD, "/etc/group": "root:x:0:\n"}
    files |= {"/etc/pam.d/login": LOGIN, "/etc/security/faillock.conf": CONF, "/etc/shadow": "", **(more or {})}
    host = folder(root, files, asks)
    (root / TOOL.lstrip("/")).chmod(0o755)
    for path in update.COMMON:
        shutil.copy(f"/usr/share/pam/{path.rpartition('/')[2]}", root / path.lstrip("/"))
    debconf = root.parent / f"{root.name}-debconf"
    debconf.mkdir()
    (debconf / "debconf.conf").write_text(update.DEBCONF.format(folder=debconf))
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
        "DEBCONF_SYSTEMRC": f"{debconf}/debconf.conf",
    }  # fmt: skip
    argv = [TOOL, "--root", str(root), "--package", "--force"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    return host
