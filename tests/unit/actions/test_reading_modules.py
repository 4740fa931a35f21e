"""Modules that only read, without arguments: they read all that they know, or say what they want to be told."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.leeboard.schools.plugins.module_utils import driver_module
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host, HostError

from tests.house.tree import ROOT

READING = sorted(
    path.stem for path in (ROOT / "plugins/modules").glob("*_info.py") if "driver_module import" in path.read_text()
)
NAMED = {"kernel_info", "package_state_info"}  # the addresses of these have no end


def no_commands(argv: list[str], *_rest: object) -> None:
    raise HostError("missing_tool", f"the command {argv[0]} is not installed")


@pytest.mark.parametrize("name", READING)
def test_without_arguments(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(driver_module, "Host", lambda: Host(str(tmp_path), no_commands))
    module = importlib.import_module(f"ansible_collections.leeboard.schools.plugins.modules.{name}")
    with patch_module_args({}), pytest.raises(SystemExit):
        module.main()
    answer = json.loads(capsys.readouterr().out)
    if name in NAMED:
        assert answer["failed"] and answer["msg"] == "missing required arguments: addresses"
    else:
        assert answer["readings"] and not answer.get("failed")


def test_the_modules_are_found() -> None:
    assert len(READING) > 4 and {*READING} > NAMED
