"""GDM's automatic sign-in and LightDM's list of users."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dropin import driver as dropin
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply

from tests.unit.linux.folder import effective, folder

AUTO = "gdm:daemon.AutomaticLoginEnable"
HIDE = "lightdm:Seat:*.greeter-hide-users"
# As packaged in Debian 13 (gdm3 48.0-2).
STOCK_GDM = (
    "# GDM configuration storage\n\n[daemon]\n#WaylandEnable=false\n\n# Enabling automatic login\n"
    "#  AutomaticLoginEnable = true\n#  AutomaticLogin = user1\n\n[security]\n\n[debug]\n#Enable=true\n"
)
SHARE = "/usr/share/lightdm/lightdm.conf.d/01_debian.conf"  # as packaged in Debian 13: lightdm 1.32.0-6
STOCK_LIGHTDM = {
    "/usr/sbin/lightdm": "",
    SHARE: "[Seat:*]\ngreeter-session=lightdm-greeter\ngreeter-hide-users=true\n",
    "/etc/lightdm/lightdm.conf": "[LightDM]\n[Seat:*]\n#greeter-hide-users=false\n[VNCServer]\n",
}


@pytest.mark.parametrize(
    ("file", "text", "value"),
    [
        ("daemon.conf", STOCK_GDM, None),
        ("daemon.conf", "[daemon]\nAutomaticLoginEnable = true\n", True),
        ("custom.conf", "[daemon]\nAutomaticLoginEnable=True\nAutomaticLogin=ada\n", True),
        ("daemon.conf", "[daemon]\nAutomaticLoginEnable=1\n", True),
        ("daemon.conf", "[daemon]\nAutomaticLoginEnable=false\n", False),
        ("daemon.conf", "[daemon]\nAutomaticLoginEnable=yes\n", "yes"),
        ("daemon.conf", "[security]\nAutomaticLoginEnable=true\n", None),
        ("daemon.conf", "[daemon]\nAutomaticLoginEnable=true\n[daemon]\nAutomaticLoginEnable=false\n", False),
    ],
)
def test_gdm(tmp_path: Path, file: str, text: str, value: object) -> None:
    assert effective(dropin, folder(tmp_path, {f"/etc/gdm3/{file}": text}), AUTO).get("value") == value


def test_gdm_per_boot_file_comes_first(tmp_path: Path) -> None:
    files = {"/etc/gdm3/daemon.conf": STOCK_GDM, "/run/gdm3/custom.conf": "[daemon]\nAutomaticLoginEnable=true\n"}
    assert effective(dropin, folder(tmp_path, files), AUTO)["value"] is True


def test_gdm_signs_somebody_in_after_the_next_boot(tmp_path: Path) -> None:
    on = STOCK_GDM + "\n[daemon]\nAutomaticLoginEnable=true\n"
    files = {"/etc/gdm3/daemon.conf": on, "/run/gdm3/custom.conf": "[daemon]\nAutomaticLoginEnable=false\n"}
    host = folder(tmp_path, files)
    found = effective(dropin, host, AUTO)
    assert (found["value"], [other["value"] for other in found["others"]]) == (False, [True])
    after = apply(dropin, host, [{"address": AUTO, "value": False}], "run")["after"][AUTO]["effective"]
    assert (after["value"], after.get("others")) == (False, None)


def test_gdm_file_that_glib_refuses_is_malformed(tmp_path: Path) -> None:
    found = effective(dropin, folder(tmp_path, {"/etc/gdm3/daemon.conf": "[daemon]\nnonsense\n"}), AUTO)
    assert found["code"] == "malformed"
    assert "line 2" in found["why"]


def test_gdm_without_gdm(tmp_path: Path) -> None:
    assert effective(dropin, folder(tmp_path), AUTO) == {"state": "absent", "source": "GDM is not installed"}


def test_gdm_write_keeps_every_other_line(tmp_path: Path) -> None:
    text = STOCK_GDM.replace("#WaylandEnable", "AutomaticLoginEnable=true\nAutomaticLogin=ada\n#WaylandEnable")
    host = folder(tmp_path, {"/etc/gdm3/daemon.conf": text})
    outcome = apply(dropin, host, [{"address": AUTO, "value": False}], "run")
    assert outcome["after"][AUTO]["effective"]["value"] is False
    after = host.text("/etc/gdm3/daemon.conf")
    assert after == text.replace("AutomaticLoginEnable=true\n", "AutomaticLoginEnable=false\n", 1)


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({}, True),
        ({"/etc/lightdm/lightdm.conf": "[Seat:*]\ngreeter-hide-users=false\n"}, False),
        ({"/etc/lightdm/lightdm.conf": "[SeatDefaults]\ngreeter-hide-users=false\n"}, False),
        ({"/etc/lightdm/lightdm.conf.d/50.conf": "[Seat:*]\ngreeter-hide-users=false\n"}, False),
        ({"/etc/xdg/lightdm/lightdm.conf.d/50.conf": "[Seat:*]\ngreeter-hide-users=false\n"}, False),
        ({"/etc/lightdm/lightdm.conf.d/50.txt": "[Seat:*]\ngreeter-hide-users=false\n"}, True),
        ({"/etc/lightdm/lightdm.conf.d/01_debian.conf": "[Seat:*]\n"}, True),  # a namesake hides nothing here
    ],
)
def test_lightdm(tmp_path: Path, more: dict[str, str], value: bool) -> None:
    assert effective(dropin, folder(tmp_path, {**STOCK_LIGHTDM, **more}), HIDE)["value"] is value


def test_lightdm_single_seat_is_named(tmp_path: Path) -> None:
    more = {"/etc/lightdm/lightdm.conf": "[Seat:seat0]\ngreeter-hide-users=false\n"}
    found = effective(dropin, folder(tmp_path, {**STOCK_LIGHTDM, **more}), HIDE)
    assert found["value"] is True
    assert found["others"] == [
        {"who": "[Seat:seat0] in /etc/lightdm/lightdm.conf, line 2", "value": False, "type": "bool"}
    ]


def test_lightdm_write_deals_with_the_stronger_main_file(tmp_path: Path) -> None:
    main = "[LightDM]\n[SeatDefaults]\nautologin-user=\ngreeter-hide-users=false\n"
    host = folder(tmp_path, {**STOCK_LIGHTDM, "/etc/lightdm/lightdm.conf": main})
    outcome = apply(dropin, host, [{"address": HIDE, "value": True}], "run")
    assert outcome["after"][HIDE]["effective"]["value"] is True
    assert "autologin-user=\n" in host.text("/etc/lightdm/lightdm.conf")


def test_lightdm_seat_of_its_own_is_a_refusal(tmp_path: Path) -> None:
    main = {"/etc/lightdm/lightdm.conf": "[Seat:seat0]\ngreeter-hide-users=false\n"}
    host = folder(tmp_path, {**STOCK_LIGHTDM, **main})
    with pytest.raises(ChangeRefused, match=r"Seat:seat0"):
        apply(dropin, host, [{"address": HIDE, "value": True}], "run")
