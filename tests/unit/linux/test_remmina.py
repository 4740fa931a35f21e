"""Passwords saved in Remmina: counted, never read out. The profiles are as Remmina 1.4 writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import remmina

from tests.unit.linux.folder import PASSWD, folder

PROFILE = "[remmina]\nname=office\nprotocol=RDP\nserver=192.0.2.1\nusername=ada\npassword={}\nssh_tunnel_password=\n"
HOME = "/home/ada/.local/share/remmina"


def saved(tmp_path: Path, files: dict[str, str | None]) -> object:
    host = folder(tmp_path, {"/etc/passwd": PASSWD, "/home/ada/x": "", **files})
    if os.geteuid() == 0:
        for path in (tmp_path / "home/ada", *(tmp_path / "home/ada").rglob("*")):
            os.chown(path, 1000, 1000, follow_symlinks=False)
    found = remmina.observe(host, ["saved-passwords"])["saved-passwords"]["effective"]
    assert "hunter2" not in str(found)
    return found.get("value", found.get("code"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for files of other owners")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({f"{HOME}/a.remmina": PROFILE.format("")}, []),
        ({f"{HOME}/a.remmina": PROFILE.format("hunter2==")}, ["ada: 1 in files of Remmina, 0 in the keyring"]),
        ({f"{HOME}/a.remmina": PROFILE.format("$argon2id$hunter2")}, ["ada: 1 in files of Remmina, 0 in the keyring"]),
        ({f"{HOME}/a.remmina": PROFILE.format(".")}, ["ada: 0 in files of Remmina, 1 in the keyring"]),
        (
            {
                f"{HOME}/a.remmina": PROFILE.format("") + "gateway_password = hunter2\n",
                "/home/ada/.var/app/org.remmina.Remmina/data/remmina/b.remmina": PROFILE.format("."),
                "/home/ada/.remmina/c.remmina": PROFILE.format("hunter2"),
                f"{HOME}/d.txt": PROFILE.format("hunter2"),
            },
            ["ada: 2 in files of Remmina, 1 in the keyring"],
        ),
        ({f"{HOME}/a.remmina": None}, "malformed"),  # a link out of the home is not followed
    ],
)
def test_saved_passwords_are_counted(tmp_path: Path, files: dict[str, str | None], expected: object) -> None:
    assert saved(tmp_path, files) == expected
