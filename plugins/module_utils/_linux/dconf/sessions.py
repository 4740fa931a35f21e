"""Whose settings an address means: an ordinary user's session, or the greeter of gdm."""

from __future__ import annotations

import re

from ..engine.host import Host
from ..system.dconf_people import passwd
from .environment import overrides
from .probe import NOBODY, Person
from .sources import Profile

ADDRESS = re.compile(r"(?P<greeter>gdm:)?(?P<key>(?:/[A-Za-z0-9][A-Za-z0-9_-]*){2,})(?P<lock>#lock)?\Z")
GDM_USERS = ("Debian-gdm", "gdm")


def session(host: Host) -> tuple[Person, Profile]:
    """(Person, Profile) of an ordinary user's session on this machine."""
    variables = overrides(host)
    nobody = next((entry for entry in passwd(host) if entry[0] == "nobody"), ("nobody", NOBODY, NOBODY, ""))
    return Person(nobody[1], nobody[2], overrides=variables), Profile(host, variables.get("DCONF_PROFILE", "user"))


def greeter(host: Host) -> tuple[Person, Profile, str] | None:
    """(Person, Profile, name of gdm's user) of the greeter, or None where gdm is not installed."""
    entry = next((entry for name in GDM_USERS for entry in passwd(host) if entry[0] == name), None)
    if entry is None:
        return None
    name, uid, gid, home = entry
    # gdm names the profile after its user (gdm 48, gdm-launch-environment.c); Debian links that name to "gdm".
    profile = Profile(host, name, home)
    if not profile.path and name != "gdm":
        profile = Profile(host, "gdm", home)
    return Person(uid, gid, profile.name, f"{home}/.config"), profile, name
