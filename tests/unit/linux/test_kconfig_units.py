"""Units of systemd that start Plasma without its lock screen, and what lies beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.kconfig import driver as kconfig

from tests.unit.linux.test_kconfig import ADA, machine, needs_root

OWN_UNIT = f"{ADA}/systemd/user/plasma-kwin_wayland.service"


@needs_root
@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/etc/systemd/user/plasma-kwin_wayland.service.d/x.conf", "ExecStart=kwin_wayland --no-lockscreen", True),
        (OWN_UNIT, "ExecStart=kwin_wayland_wrapper --no-lockscreen", True),
        (OWN_UNIT, "#ExecStart=kwin_wayland_wrapper --no-lockscreen", False),
        ("/usr/lib/systemd/user/plasma-kwin_wayland.service", "ExecStart=/usr/bin/kwin_wayland_wrapper", False),
        # The greeter has nobody to lock out: distributions start it so.
        ("/etc/sddm.conf.d/10-wayland.conf", "CompositorCommand=kwin_wayland --no-lockscreen", False),
    ],
)  # fmt: skip
def test_a_session_without_its_lock_screen(tmp_path: Path, path: str, text: str, found: bool) -> None:
    host = machine(tmp_path, {path: f"[Service]\n{text}\n"})
    places = kconfig.observe(host, ["environment"])["environment"]["effective"]["value"]
    assert places == ([f"{path}: --no-lockscreen"] if found else [])


@needs_root
@pytest.mark.parametrize("leads", ["/dev/null", "/usr/lib/systemd/user/wireplumber.service"])
@pytest.mark.parametrize("unit", ["/etc/systemd/user/x.service", OWN_UNIT])
def test_a_unit_that_is_masked_or_another_name_of_the_systems_hides_nothing(
    tmp_path: Path, unit: str, leads: str
) -> None:
    """systemctl --user mask and enable make such links."""
    bad = "/etc/systemd/user/plasma-kwin_wayland.service.d/x.conf"
    files = {bad: "[Service]\nExecStart=kwin_wayland --no-lockscreen\n", f"{ADA}/systemd/user/mine.service": ""}
    machine(tmp_path, {**files, "/usr/lib/systemd/user/wireplumber.service": "[Service]\nExecStart=wireplumber\n"})
    link = tmp_path / unit.lstrip("/")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(leads if leads == "/dev/null" else tmp_path / leads.lstrip("/"))
    found = kconfig.observe(machine(tmp_path), ["environment"])["environment"]["effective"]
    assert found.get("value") == [f"{bad}: --no-lockscreen"], found


@needs_root
def test_more_files_than_a_check_looks_at_are_not_none(tmp_path: Path) -> None:
    many = {f"{ADA}/environment.d/{count:04}.conf": "" for count in range(501)}
    host = machine(tmp_path, {**many, f"{ADA}/environment.d/z.conf": "XDG_CONFIG_HOME=/tmp\n"})
    assert kconfig.observe(host, ["environment"])["environment"]["effective"].get("code") == "too_large"
