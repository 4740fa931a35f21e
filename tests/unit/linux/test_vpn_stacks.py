"""Which program has the tunnels, and when charon-systemd may not take its place. What ip prints was seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import CameBy
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import stacks

from tests.unit.linux.folder import Answers, folder

# Captured from a laptop in the lab with a tunnel of charon-systemd 6.0.1, shortened.
STATE = """src 192.0.2.2 dst 192.0.2.1
\tproto esp spi 0xcd92434e reqid 1 mode tunnel
\treplay-window 0 flag af-unspec
src 192.0.2.1 dst 192.0.2.2
\tproto esp spi 0xc1b580f8 reqid 1 mode tunnel
"""
POLICY = """src 10.99.0.1/32 dst 0.0.0.0/0 
\tdir out priority 383615 ptype main 
\ttmpl src 192.0.2.2 dst 192.0.2.1
\t\tproto esp spi 0xcd92434e reqid 1 mode tunnel
src 2000::/3 dst 2000::/3 
\tdir out action block priority 596927 ptype main 
src 0.0.0.0/0 dst 0.0.0.0/0 
\tsocket in priority 0 ptype main 
"""  # noqa: W291  as ip prints it
STARTER = {"/usr/lib/ipsec/starter": ""}


def machine(root: Path, files: dict[str, str | None], state: str = STATE) -> Host:
    answers = {"xfrm state": Completed(0, state, ""), "xfrm policy": Completed(0, POLICY, "")}
    return folder(root, files, Answers({**answers}))


def came(monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    monkeypatch.setattr(stacks, "came_by", lambda _host: CameBy("198.18.0.9", 999, own, 22) if own else None)


@pytest.mark.parametrize(
    ("files", "state", "own", "replace", "words"),
    [
        ({}, STATE, "", False, ""),
        (STARTER, "", "", False, ""),
        (STARTER, STATE, "", False, "carries 2 tunnels here (192.0.2.1 to 192.0.2.2, 192.0.2.2 to 192.0.2.1)"),
        (STARTER, STATE, "", True, ""),
        (STARTER, STATE, "10.99.0.1", False, "we come through a tunnel"),
        (STARTER, STATE, "10.99.0.1", True, "we come through a tunnel"),
        (STARTER, STATE, "192.0.2.2", True, ""),
        ({"/usr/libexec/ipsec/pluto": ""}, "", "", False, "libreswan is installed"),
    ],
)
def test_an_older_program_is_replaced_where_the_school_said_so_and_never_under_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str | None], state: str, own: str,
    replace: bool, words: str,
) -> None:  # fmt: skip
    came(monkeypatch, own)
    found = stacks.refusal(machine(tmp_path, files, state), replace)
    assert words in found and bool(words) == bool(found)
    assert not found or replace or own or "remote_access_replace_charon: true" in found


def test_only_what_is_installed_can_be_in_the_way_of_itself(tmp_path: Path) -> None:
    ours = {"/usr/sbin/charon-systemd": "", stacks.CONF: ""}
    assert not stacks.installed(machine(tmp_path / "none", {})) and stacks.installed(machine(tmp_path / "ours", ours))
    assert stacks.in_the_way(machine(tmp_path / "none", {}), False) == ""
    found = stacks.in_the_way(machine(tmp_path / "older", STARTER), False)
    assert "another IPsec program carries 2 tunnels here" in found
    both = machine(tmp_path / "both", {**ours, "/usr/lib/ipsec/pluto": ""})
    assert stacks.in_the_way(both, True) == "libreswan is installed; no two programs may own a tunnel"
