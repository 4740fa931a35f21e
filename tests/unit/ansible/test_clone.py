"""The environment that Ansible is started in."""

from __future__ import annotations

from pathlib import Path

import ansible_runner
import pytest

from leeboard.ansible.clone import environment


def test_host_keys_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ansible-runner itself switches that off; what it really gives to Ansible is what counts."""
    monkeypatch.delenv("ANSIBLE_HOST_KEY_CHECKING", raising=False)
    assert given(tmp_path, {})["ANSIBLE_HOST_KEY_CHECKING"] == "False", "or our setting has become needless"
    assert given(tmp_path, environment(tmp_path))["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    monkeypatch.setenv("ANSIBLE_HOST_KEY_CHECKING", "accept")
    assert given(tmp_path, environment(tmp_path))["ANSIBLE_HOST_KEY_CHECKING"] == "accept"


def given(folder: Path, variables: dict[str, str]) -> dict[str, str]:
    """The environment that ansible-runner makes of this."""
    config = ansible_runner.config.command.CommandConfig(private_data_dir=str(folder), envvars=variables)
    config.prepare_run_command("ansible-playbook", cmdline_args=["--version"])
    return dict(config.env)
