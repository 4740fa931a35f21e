"""The dconf driver's address `environment`: what leads sessions round dconf's databases."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dconf import (
    environment as dconf_environment,
)

from tests.unit.linux.test_dconf import CAPTURED, UID, look, machine


@pytest.mark.parametrize(
    ("place", "text", "found"),
    [
        ("/etc/environment", "DCONF_PROFILE=/x\n", ["DCONF_PROFILE"]),
        ("/etc/environment", '# DCONF_PROFILE=/x\nPATH="/usr/bin"\nDCONF_PROFILE=user\nGSETTINGS_BACKEND=dconf\n', []),
        ("/etc/environment.d/9.conf", 'GSETTINGS_BACKEND="memory"\n', ["GSETTINGS_BACKEND"]),
        ("/etc/security/pam_env.conf", "DCONF_PROFILE DEFAULT=/x\n", ["DCONF_PROFILE"]),
        ("/etc/profile.d/x.sh", "if true; then export DCONF_PROFILE=x; fi\n", ["DCONF_PROFILE"]),
        ("/etc/profile.d/x.csh", "export DCONF_PROFILE=x\n", []),
        ("/etc/X11/Xsession.d/50x", "GSETTINGS_BACKEND=memory\n", ["GSETTINGS_BACKEND"]),
        ("/etc/profile.d/x.sh", "export XDG_DATA_DIRS=/opt/share\n", ["XDG_DATA_DIRS"]),
        # flatpak 1.16's profile script and environment.d file, snapd's profile script
        ("/etc/profile.d/x.sh", '  XDG_DATA_DIRS="${new_dirs}:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"\n', []),
        ("/usr/lib/environment.d/60-flatpak.conf", "XDG_DATA_DIRS=$HOME/.local/x:${XDG_DATA_DIRS:-/usr/share/}\n", []),
        ("/etc/profile.d/x.sh", 'export XDG_DATA_DIRS="/usr/local/share:/usr/share:${snap_xdg_path}"\n', []),
        ("/etc/profile.d/x.sh", "export XDG_CONFIG_DIRS=/etc/xdg/x:/etc/xdg XDG_CONFIG_HOME=~/.config\n", []),
        ("/home/pupil/.profile", "export DCONF_PROFILE=/tmp/p\n", ["DCONF_PROFILE"]),
        ("/home/pupil/.profile", "export MY_DCONF_PROFILE=/tmp/p; echo $DCONF_PROFILE\n", []),
        ("/home/pupil/.pam_environment", "GSETTINGS_BACKEND OVERRIDE=memory\n", ["GSETTINGS_BACKEND"]),
        ("/home/pupil/.config/environment.d/x.conf", "XDG_CONFIG_HOME=/tmp/c\n", ["XDG_CONFIG_HOME"]),
        ("/home/pupil/.config/systemd/user/x.service.d/o.conf", "Environment=DCONF_PROFILE=/x\n", ["DCONF_PROFILE"]),
        ("/run/user/{uid}/dconf/profile", "user-db:user\n", ["dconf profile"]),
    ],
)  # fmt: skip
def test_places_that_lead_elsewhere(tmp_path: Path, place: str, text: str, found: list[str]) -> None:
    place = place.format(uid=UID)
    host = machine(tmp_path, {place: text}, {})
    reading = look(host, "environment")
    assert (reading["state"], reading["type"]) == ("value", "as")
    assert reading["value"] == [f"{place}: {name}" for name in found]


def test_the_last_name_of_all_folders_counts(tmp_path: Path) -> None:
    """environment.d(5): the files of all folders are sorted by their names."""
    files = {"/etc/environment.d/90.conf": "DCONF_PROFILE=/x\n", "/usr/lib/environment.d/10.conf": "DCONF_PROFILE=/y\n"}
    assert dconf_environment.overrides(machine(tmp_path, files, {})) == {"DCONF_PROFILE": "/x"}


def test_the_same_file_by_a_link_is_told_once(tmp_path: Path) -> None:
    host = machine(tmp_path, {"/etc/environment": "DCONF_PROFILE=/x\n"}, {})
    (tmp_path / "usr/lib/environment.d").mkdir(parents=True)
    (tmp_path / "usr/lib/environment.d/99-environment.conf").symlink_to("../../../etc/environment")
    assert look(host, "environment")["value"] == ["/etc/environment: DCONF_PROFILE"]


def test_an_own_copy_of_a_schema_goes_round_locks(tmp_path: Path) -> None:
    """Seen on Debian 13: with an own org.gnome.desktop.session at another path, a locked key is writable again."""
    host = machine(tmp_path, {}, {})
    for path in ("usr/share", "home/pupil/.local/share"):
        target = tmp_path / path / "glib-2.0/schemas/gschemas.compiled"
        target.parent.mkdir(parents=True)
        shutil.copy(CAPTURED / "gschemas.compiled", target)
    assert "own copy of a system schema" in look(host, "environment")["value"][0]


def test_a_profile_that_must_not_be_read_is_unreadable(tmp_path: Path) -> None:
    host = machine(tmp_path, {}, {})
    os.mkfifo(tmp_path / "home/pupil/.profile")
    assert look(host, "environment")["state"] == "unreadable"
