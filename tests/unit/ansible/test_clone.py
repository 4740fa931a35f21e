"""The environment that Ansible is started in."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import ansible_runner
import pytest

from leeboard.ansible import clone
from leeboard.ansible.clone import environment
from leeboard.errors import LeeboardError


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


def test_in_a_clone_no_collection_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clone.subprocess, "run", lambda *_, **__: pytest.fail("nobody is asked"))
    clone.require_collection.__wrapped__()


@pytest.mark.parametrize("place", ["named", "usual"])
def test_an_installed_collection_is_seen_without_asking_ansible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    installed(tmp_path, monkeypatch)
    monkeypatch.setattr(clone.subprocess, "run", lambda *_, **__: pytest.fail("nobody is asked"))
    if place == "named":
        monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", f"{tmp_path}/elsewhere:{tmp_path}/.ansible/collections")
    manifest = tmp_path / ".ansible" / "collections" / clone.MANIFEST
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    clone.require_collection.__wrapped__()


@pytest.mark.parametrize(
    ("answer", "well"), [(b"", False), (b"Collection       Version\nleeboard.schools 0.1.0\n", True), (None, False)]
)
def test_where_no_collection_is_found_ansible_is_asked_and_one_line_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, well: bool
) -> None:
    installed(tmp_path, monkeypatch)

    def run(*_: object, **__: object) -> SimpleNamespace:
        if answer is None:
            raise FileNotFoundError
        return SimpleNamespace(stdout=answer)

    monkeypatch.setattr(clone.subprocess, "run", run)
    if well:
        clone.require_collection.__wrapped__()
        return
    with pytest.raises(LeeboardError) as refused:
        clone.require_collection.__wrapped__()
    assert "\n" not in str(refused.value)
    command = f"{Path(sys.executable).with_name('ansible-galaxy')} collection install leeboard-schools-"
    assert "leeboard.schools is not installed" in str(refused.value) and command in str(refused.value)


@pytest.mark.parametrize("name", ["ansible.cfg", ".ansible.cfg"])
def test_an_installed_controller_has_our_settings_where_it_has_none_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    installed(tmp_path, monkeypatch)
    assert environment(tmp_path)["ANSIBLE_CONFIG"] == str(clone.INSTALLED)
    (tmp_path / name).touch()
    assert "ANSIBLE_CONFIG" not in environment(tmp_path)


def test_the_settings_of_an_installed_controller_are_those_of_its_page() -> None:
    page = (clone.ROOT / "docs" / "install.md").read_text()
    (shown,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    ours = clone.INSTALLED.read_text()
    assert textwrap.dedent(shown).strip() == ours.partition("\n")[2].strip()


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this package lay in no clone, in an account whose home and folder this is."""
    monkeypatch.setattr(clone, "is_clone", lambda: False)
    monkeypatch.setattr(clone, "CONFIGS", ("ansible.cfg", "~/.ansible.cfg"))
    monkeypatch.setattr(clone, "COLLECTIONS", "~/.ansible/collections")
    monkeypatch.setattr(clone.sys, "path", [])
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH"):
        monkeypatch.delenv(name, raising=False)
