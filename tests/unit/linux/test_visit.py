"""One visit: every address gets a reading, whatever the drivers do."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import visit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.banner import driver as banner

from leeboard.model.observation import parse
from tests.unit.linux.folder import folder

ADDRESSES = {"banner": ["motd", "/etc/issue"], "device_label": ["label"], "dropin": ["sshd:Banner"]}


def test_the_brain_takes_what_a_visit_gives(tmp_path: Path) -> None:
    observation = visit.visit(folder(tmp_path, {"/etc/issue": "N\n"}), ADDRESSES)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", observation["observed_at"])
    parsed = parse(json.loads(json.dumps(observation)))
    assert [(reading.driver, reading.address) for reading in parsed.readings] == [
        ("banner", "/etc/issue"), ("banner", "motd"), ("device_label", "label"), ("dropin", "sshd:Banner"),
    ]  # fmt: skip


def test_a_challenge_is_echoed_and_none_is_needed(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/issue": "N\n"})
    assert visit.visit(host, ADDRESSES, challenge="a1" * 32)["challenge"] == "a1" * 32
    alone = visit.visit(host, ADDRESSES)
    assert "challenge" not in alone and parse(alone).challenge == ""


def test_unknown_drivers_and_addresses_are_unreadable(tmp_path: Path) -> None:
    observation = visit.visit(
        folder(tmp_path), {"nosuch": ["x"], "banner": ["/etc/passwd"], "file_mode": ["/etc/../x"]}
    )
    assert [(found["driver"], found["effective"]["code"]) for found in observation["readings"]] == [
        ("banner", "malformed"), ("file_mode", "malformed"), ("nosuch", "driver_failed"),
    ]  # fmt: skip


def test_a_driver_that_breaks_costs_only_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(host: Any, addresses: Any) -> Any:
        raise RuntimeError("our mistake")

    monkeypatch.setattr(banner, "observe", broken)
    readings = visit.visit(folder(tmp_path), ADDRESSES)["readings"]
    assert [found["effective"].get("code") for found in readings] == ["driver_failed", "driver_failed", None, None]
    assert readings[0]["effective"]["why"] == "RuntimeError: our mistake"


def test_a_missing_program_during_an_upgrade_is_busy(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/var/lib/dpkg/updates/0001": ""})
    addresses = {"dropin": ["sshd:Banner"], "shell_timeout": ["TMOUT"], "device_label": ["label"]}
    readings = visit.visit(host, addresses)["readings"]
    assert [found["effective"].get("code") for found in readings] == [None, "busy", "busy"]


def test_names_that_are_no_text_survive_the_wire(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/issue": "N\n", "/etc/issue.d/x": ""})
    with open(os.fsencode(tmp_path / "etc/issue.d") + b"/\xff.issue", "w") as stream:
        stream.write("more\n")
    observation = visit.visit(host, {"banner": ["/etc/issue"]})
    assert json.dumps(observation, ensure_ascii=False).encode()
    assert parse(observation).reading("banner", "/etc/issue") is not None


def test_cost_counts_children(tmp_path: Path) -> None:
    cost = visit.visit(folder(tmp_path, {"/bin/bash": ""}), {"shell_timeout": ["TMOUT", "TMOUT#readonly"]})["cost"]
    assert cost["children"] == 1  # asked once for both addresses
    assert set(cost) == {"children", "seconds", "cpu_seconds"}
