"""The border between the collection and the package `leeboard`: is it there, and is it of our version?"""

from __future__ import annotations

VERSION = "0.1.0"  # of this collection; the package must have the same (a test compares all three places)
INSTALL = "install it into the environment that Ansible runs in: python3 -m pip install leeboard==" + VERSION

try:
    from leeboard.version import __version__ as BRAIN_VERSION
except ImportError:
    BRAIN_VERSION = None


def missing() -> str:
    """Why the brain cannot be used, with what to do; empty when it can."""
    if BRAIN_VERSION is None:
        return "the Python package leeboard is not installed on the controller; " + INSTALL
    if BRAIN_VERSION != VERSION:
        return (
            f"the Python package leeboard is version {BRAIN_VERSION}, and this collection is {VERSION}; {INSTALL}, "
            "or install the collection of the package's version"
        )
    return ""
