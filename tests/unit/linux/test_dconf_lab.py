"""The dconf driver on a real machine with GNOME: it must say what a pupil really gets, and put it back.

The truth is asked by the pupil himself, with plain gsettings in a login's environment.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.controls.harness import packed
from tests.device_code import linux_files
from tests.vm.machine import Machine

pytestmark = pytest.mark.full  # tests/controls breaks LCK on the same machine
IDLE = "/org/gnome/desktop/session/idle-delay"
USER_LIST = "gdm:/org/gnome/login-screen/disable-user-list"
TELL = """
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "/opt/leeboard-test")
from drivers.dconf import driver as dconf
from drivers.engine import change
from drivers.engine.host import Host
asked = json.load(sys.stdin)
if "changes" in asked:
    done = change.apply(dconf, Host(), asked["changes"], "lab")
    print(json.dumps({"changed": done["changed"], "after": done["after"]}))
else:
    print(json.dumps(dconf.observe(Host(), asked["addresses"])))
"""
GOOD = """
mkdir -p /etc/dconf/profile /etc/dconf/db/local.d/locks
printf 'user-db:user\\nsystem-db:local\\n' > /etc/dconf/profile/user
printf '[org/gnome/desktop/session]\\nidle-delay=uint32 600\\n' > /etc/dconf/db/local.d/00-la
echo /org/gnome/desktop/session/idle-delay > /etc/dconf/db/local.d/locks/la
dconf update
"""
SITE = """
printf 'user-db:user\\nsystem-db:local\\nsystem-db:site\\n' > /etc/dconf/profile/user
mkdir -p /etc/dconf/db/site.d/locks
printf '[org/gnome/desktop/session]\\nidle-delay=uint32 %s\\n' > /etc/dconf/db/site.d/00
echo /org/gnome/desktop/session/idle-delay > /etc/dconf/db/site.d/locks/x
"""
BREAKS = {
    "profile missing": "rm /etc/dconf/profile/user",
    "without uint32": "sed -i 's/uint32 //' /etc/dconf/db/local.d/00-la; dconf update",
    "not compiled": "sed -i 's/600/120/' /etc/dconf/db/local.d/00-la",
    "database 0600": "chmod 0600 /etc/dconf/db/local",
    "folder 0700": "chmod 0700 /etc/dconf/db",
    "later file": "sed s/600/0/ /etc/dconf/db/local.d/00-la > /etc/dconf/db/local.d/zzz; dconf update",
    "lock with a slash": "sed -i 's,$,/,' /etc/dconf/db/local.d/locks/la; dconf update",
    "site below locks a bad value": SITE % "0" + "dconf update",
    "own value": "rm -r /etc/dconf/db/local.d/locks; dconf update; "
    "su pupil -c 'dbus-run-session -- dconf write /org/gnome/desktop/session/idle-delay \"uint32 0\"'",
    "own value of a wrong type": "rm -r /etc/dconf/db/local.d/locks; dconf update; "
    "su pupil -c 'dbus-run-session -- dconf write /org/gnome/desktop/session/idle-delay 0'",
    "missing database listed": "sed -i '1a system-db:gone' /etc/dconf/profile/user",
    "no user-db": "sed -i 1d /etc/dconf/profile/user",
    "garbage as database": "head -c 4000 /dev/urandom > /etc/dconf/db/local",
}


@pytest.fixture
def machine(gnome_machine: Machine) -> Machine:
    gnome_machine.put(packed(linux_files(package="drivers")), "/tmp/drivers.tar")
    gnome_machine.root("mkdir /opt/leeboard-test && tar xf /tmp/drivers.tar -C /opt/leeboard-test")
    gnome_machine.put(TELL.encode(), "/opt/leeboard-test/tell.py")
    gnome_machine.root(GOOD)
    return gnome_machine


def tell(machine: Machine, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        machine.root("umask 077; python3 /opt/leeboard-test/tell.py", input=json.dumps(asked)).stdout
    )
    return found


def truth(machine: Machine) -> tuple[str, str]:
    words = "org.gnome.desktop.session idle-delay"
    value, writable = machine.ssh(
        f"gsettings get {words} 2>/dev/null; gsettings writable {words} 2>/dev/null", user="pupil"
    ).stdout.split("\n")[:2]
    return value, writable


@pytest.mark.parametrize("name", BREAKS)
def test_break_check_enforce_check(machine: Machine, name: str) -> None:
    machine.root(BREAKS[name])
    value, writable = truth(machine)
    found = tell(machine, addresses=[IDLE, f"{IDLE}#lock"])
    effective = found[IDLE]["effective"]
    pupils = [each["value"] for each in effective.get("others", []) if each["who"] == "pupil"] or [effective["value"]]
    assert f"uint32 {pupils[0]}" == value
    assert found[f"{IDLE}#lock"]["effective"]["value"] is (writable == "false")
    wanted = [{"address": IDLE, "value": 900, "type": "uint32"}, {"address": f"{IDLE}#lock", "value": True, "type": ""}]
    done = tell(machine, changes=wanted)
    assert done["changed"]
    assert truth(machine) == ("uint32 900", "false")
    assert done["after"][IDLE]["effective"]["value"] == 900
    assert not tell(machine, changes=wanted)["changed"]


def test_harmless_differences_are_left_alone(machine: Machine) -> None:
    machine.root(SITE % "600" + "rm -r /etc/dconf/db/local.d; mkdir /etc/dconf/db/local.d; dconf update")
    wanted = [{"address": IDLE, "value": 600, "type": ""}, {"address": f"{IDLE}#lock", "value": True, "type": ""}]
    assert not tell(machine, changes=wanted)["changed"]


def test_a_look_writes_nothing(machine: Machine) -> None:
    machine.root("rm -r /etc/dconf/db/local.d/locks; dconf update; touch /tmp/stamp; sleep 1.1")
    tell(machine, addresses=[IDLE, f"{IDLE}#lock", USER_LIST, "environment"])
    assert machine.root("find /home /etc /root -newer /tmp/stamp").stdout == ""
    assert machine.root("ls -d /var/lib/gdm3 /var/lib/leeboard", check=False).stdout == ""


def test_greeter(machine: Machine) -> None:
    wanted = [
        {"address": USER_LIST, "value": True, "type": ""},
        {"address": "gdm:/org/gnome/login-screen/banner-message-text", "value": "St Mary's\n£5", "type": ""},
    ]
    done = tell(machine, changes=wanted)
    assert done["after"][USER_LIST]["running"]["value"] is True
    asked = "setpriv --reuid Debian-gdm --regid Debian-gdm --init-groups env DCONF_PROFILE=Debian-gdm LC_ALL=C.UTF-8 "
    asked += "HOME=/var/lib/gdm3 gsettings get org.gnome.login-screen "
    assert machine.root(f"{asked} disable-user-list 2>/dev/null").stdout == "true\n"
    assert machine.root(f"{asked} banner-message-text 2>/dev/null").stdout == '"St Mary\'s\\n£5"\n'
    assert not tell(machine, changes=wanted)["changed"]
    machine.root("sed -i s/^disable-user-list=true/disable-user-list=false/ /etc/gdm3/greeter.dconf-defaults")
    found = tell(machine, addresses=[USER_LIST])[USER_LIST]
    assert (found["effective"]["value"], found["running"]["value"]) == (False, True)


def test_a_pupils_ways_round_the_lock_are_told(machine: Machine) -> None:
    """Both leave the machine's own answers right, so only the address `environment` shows them."""
    machine.ssh("echo 'export GSETTINGS_BACKEND=memory' >> ~/.profile", user="pupil")
    schemas = ".local/share/glib-2.0/schemas"
    machine.ssh(
        f"mkdir -p {schemas} && sed s,/org/gnome/desktop/session/,/org/mine/, "
        f"/usr/share/glib-2.0/schemas/org.gnome.desktop.session.gschema.xml > {schemas}/s.gschema.xml && "
        f"glib-compile-schemas {schemas}",
        user="pupil",
    )
    assert truth(machine)[1] == "true"
    assert tell(machine, addresses=["environment"])["environment"]["effective"]["value"] == [
        "/home/pupil/.profile: GSETTINGS_BACKEND",
        f"/home/pupil/{schemas}/gschemas.compiled: own copy of a system schema",
    ]
