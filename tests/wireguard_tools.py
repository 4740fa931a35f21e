"""Debian's wireguard-tools, where a test asks them what they make of a key or a configuration."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def wg(first: str, *more: str, given: str = "") -> str:
    """What wg prints (`wg("pubkey", given=KEY)`), or wg-quick (`wg("quick", "strip", FILE)`). Skips without them."""
    program = "wg-quick" if first == "quick" else "wg"
    if shutil.which(program) is None:
        pytest.skip("needs wireguard-tools, which scripts/test-packages.sh installs as root")
    argv = [program, *(() if first == "quick" else (first,)), *more]
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
