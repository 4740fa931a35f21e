"""Format, lint and types: each tool names the file and line."""

from __future__ import annotations

import shutil

import pytest

from tests.house import tree

# The earliest that mypy knows: what 3.9 lacks, vermin says.
DEVICE = ("--python-version=3.10", "--explicit-package-bases", "plugins/module_utils")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "--quiet", "--output-format=concise"], id="ruff-check"),
        pytest.param(["ruff", "format", "--check", "--quiet"], id="ruff-format"),
        pytest.param(["mypy", "--no-error-summary"], id="mypy"),
        pytest.param(["mypy", "--no-error-summary", *DEVICE], id="mypy-device"),
        pytest.param(["ansible-lint", "--offline", "--nocolor", "-f", "pep8", "-qq"], id="ansible-lint"),
    ],
)
def test_tool_finds_nothing(command: list[str]) -> None:
    tree.finds_nothing(*command)


def test_yamllint_finds_nothing() -> None:
    names = tree.select(".yml", ".yaml", ".ansible-lint", ".yamllint")
    tree.finds_nothing("yamllint", "--strict", "--format", "parsable", *names)


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: apt-get install shellcheck")
    shells = ("#!/usr/bin/env bash", "#!/bin/bash", "#!/bin/sh")
    scripts = [name for name, text in tree.texts().items() if text.startswith(shells)]
    assert {"scripts/setup.sh", "tests/controls/LCK-01/truth.sh"} <= set(scripts)
    tree.finds_nothing("shellcheck", "--format=gcc", "--exclude=SC2016", *scripts)  # 2016: meant as it stands, mostly


def test_device_code_runs_on_python_3_9() -> None:
    """Syntax and standard library of what runs on devices; vermin names the line of what is newer."""
    code = [
        *tree.select(".py", under="plugins/modules/"),
        *tree.select(".py", under="plugins/module_utils/"),
    ]
    tree.finds_nothing("vermin", "--target=3.9-", "--violations", "--no-tips", "--format=parsable", *code)
