"""Removable media written for real: polkitd on a bus of its own, and modprobe, in a private copy of this machine.

Only systemctl is a stand-in: it reloads polkitd as systemd does for Type=notify-reload, and waits until that is done.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.linux.own import run

RULES = "/etc/polkit-1/rules.d"
CAMERAS = """polkit.addRule(function (action, subject) {
    if (action.id.indexOf("org.freedesktop.udisks2.") === 0) { return polkit.Result.YES; }
});
"""
TEACHERS = """polkit.addRule(function (action, subject) {
    if (subject.isInGroup("teachers")) { return polkit.Result.YES; }
});
"""
# What udisks tells polkit of its actions, as far as it is asked here; the defaults are those of udisks2 2.10.1.
ACTIONS = "".join(
    f"""<action id="org.freedesktop.udisks2.{name}"><description>x</description><message>x</message><defaults>
    <allow_any>auth_admin</allow_any><allow_inactive>auth_admin</allow_inactive><allow_active>{active}</allow_active>
    </defaults></action>"""
    for name, active in (
        ("filesystem-mount", "yes"),
        ("filesystem-mount-other-seat", "auth_admin_keep"),
        ("filesystem-mount-system", "auth_admin_keep"),
        ("encrypted-unlock", "yes"),
    )
)
# A bus that starts no services by itself.
BUS = """<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>"""
PROLOGUE = f"""
import atexit, pwd, signal, socket, time
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import driver as removable_media
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import state as media_state
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo import run as undo
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, run_process
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS

media_state.UDISKS = ("/etc/passwd",)  # stands for udisksd, which takes no part here
RULES = {RULES!r}
OURS = RULES + "/00-leeboard.rules"
asked = []

def text(path):
    return pathlib.Path(path).read_text() if os.path.exists(path) else None

# Nothing of this machine's own rules: what is judged here is what a test writes.
for name in os.listdir(RULES):
    os.unlink(RULES + "/" + name)
put("/etc/polkit-1/actions/udisks.policy", '<?xml version="1.0"?><policyconfig>' + {ACTIONS!r} + "</policyconfig>")
put("/run/dbus/own.conf", {BUS!r})
bus = subprocess.Popen(["dbus-daemon", "--config-file=/run/dbus/own.conf", "--nofork"], stderr=subprocess.DEVNULL)
atexit.register(bus.kill)
while not os.path.exists("/run/dbus/system_bus_socket"):
    time.sleep(0.05)
notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notes.bind("/run/notes")
os.chmod("/run/notes", 0o666)
notes.settimeout(20)

def until_ready():
    while b"READY=1" not in notes.recv(4096):
        pass

account = pwd.getpwnam("polkitd")
polkitd = subprocess.Popen(
    ["/usr/lib/polkit-1/polkitd", "--no-debug"], user=account.pw_uid, group=account.pw_gid, extra_groups=[],
    env={{"NOTIFY_SOCKET": "/run/notes", "PATH": "/usr/bin:/bin"}}, stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL)
atexit.register(polkitd.kill)
until_ready()
while not subprocess.run(["pkaction"], capture_output=True).stdout:  # until its name is known on the bus
    assert polkitd.poll() is None
    time.sleep(0.05)
os.makedirs("/run/systemd/system")
put("/etc/passwd", text("/etc/passwd") + "".join(
    f"{{name}}:x:{{uid}}:{{uid}}::/nonexistent:/bin/bash\\n" for name, uid in (("pupil", 2001), ("teacher", 2002))))
put("/etc/group", text("/etc/group") + "teachers:x:3000:teacher\\ngovernors:x:3001:\\n")

def reload():
    polkitd.send_signal(signal.SIGHUP)
    until_ready()

def runner(argv, given, timeout, environment):
    if argv[:2] == ["systemctl", "show"]:
        active = "ActiveState=active\\nStateChangeTimestamp=@9999999999\\n"
        return Completed(0, "\\n".join(active for _unit in UNITS), "")
    if argv[0] == "systemctl":
        asked.append(argv)
        reload()
        return Completed(0, "", "")
    return run_process(argv, given, timeout, environment)

def host():
    return Host(runner=runner)

def says(address):
    said = removable_media.observe(host(), [address])[address]
    return said["effective"].get("value", said["effective"].get("why"))

def roll_out(address, value, run="run", check=False):
    try:
        done = apply(removable_media, host(), [{{"address": address, "value": value}}], run, check=check)
        return [done["changed"], done["after"][address]["effective"].get("value")]
    except ChangeRefused as problem:
        return str(problem)
"""


def polkit(tmp_path: Path, script: str) -> Any:
    """What a script leaves in `found`, with polkitd beside it."""
    done = subprocess.run(["getent", "passwd", "polkitd"], capture_output=True, check=False)
    if done.returncode != 0 or not Path("/usr/lib/polkit-1/polkitd").exists():
        pytest.skip("polkitd is not installed on this machine")
    return run(tmp_path, PROLOGUE + script, "pkcheck", "dbus-daemon")


def test_our_rule_counts_at_once_leaves_encrypted_drives_and_can_be_undone(tmp_path: Path) -> None:
    found = polkit(
        tmp_path,
        """
found["before"] = [says("plain"), says("luks")]
found["checked"] = [*roll_out("plain", "refused", check=True), text(OURS)]
found["done"] = roll_out("plain", "refused")
found["after"] = [says("plain"), says("luks")]
found["loaded"] = list(asked)
found["again"] = roll_out("plain", "refused")
media_state.DRIVE = {"drive.removable": "false"}
found["a disk that is built in"] = says("plain")
media_state.DRIVE = {"drive.removable": "true", "drive.removable.bus": "usb"}
found["undone"] = [one["target"] for one in undo.undo(host(), "run", "undo")["put_back"]]
found["then"] = [says("plain"), text(OURS), len(asked)]
""",
    )
    assert found == {
        "before": ["not-refused", "not-refused"],
        "checked": [True, "not-refused", None],
        "done": [True, "refused"],
        "after": ["refused", "not-refused"],
        "loaded": [["systemctl", "try-reload-or-restart", "polkit.service"]],
        "again": [False, "refused"],
        "a disk that is built in": "not-refused",
        "undone": [f"{RULES}/00-leeboard.rules"],
        "then": ["not-refused", None, 2],
    }


@pytest.mark.parametrize(
    ("name", "rule", "wins"),
    [
        ("10-cameras", CAMERAS, False),
        ("00-leeboard-cameras", CAMERAS, True),  # a dash comes before the dot
        ("00-cameras", CAMERAS, True),
        ("00-Zoo", CAMERAS, True),
        ("00-class", TEACHERS, True),
        ("00-board", TEACHERS.replace("teachers", "governors"), False),  # a group that nobody is in
        ("00-a-slip", "polkit.addRule(function (action {", False),
    ],
)
def test_a_rule_of_somebody_else(tmp_path: Path, name: str, rule: str, wins: bool) -> None:
    path = f"{RULES}/{name}.rules"
    found = polkit(
        tmp_path,
        f"""
put({path!r}, {rule!r})
reload()
found["done"] = roll_out("plain", "refused")
found["then"] = [says("plain"), text(OURS) is None, text({path!r}) == {rule!r}]
""",
    )
    if not wins:
        assert found == {"done": [True, "refused"], "then": ["refused", False, True]}
        return
    assert f"polkit asks {path} before {RULES}/00-leeboard.rules" in found["done"]
    assert found["done"].endswith("the change was tried and is put back")
    assert found["then"] == ["not-refused", True, True]


def test_what_was_in_our_place_comes_back_with_its_mode_when_the_rule_has_no_effect(tmp_path: Path) -> None:
    found = polkit(
        tmp_path,
        """
put(OURS, "// an older rule of ours\\n")
os.chmod(OURS, 0o640)
put(RULES + "/00-cameras.rules", """
        + repr(CAMERAS)
        + """)
reload()
roll_out("plain", "refused")
found["then"] = [text(OURS), oct(os.stat(OURS).st_mode & 0o777)]
found["undo"] = undo.undo(host(), "run", "undo")["put_back"]
""",
    )
    assert found == {"then": ["// an older rule of ours\n", "0o640"], "undo": []}


@pytest.mark.parametrize("path", ["OURS", "RULES"])
def test_a_rule_that_polkit_may_not_read(tmp_path: Path, path: str) -> None:
    found = polkit(
        tmp_path,
        f"""
roll_out("plain", "refused")
os.chown({path}, 0, 0)
os.chmod({path}, 0o700)
reload()
found["before"] = says("plain")
found["done"] = roll_out("plain", "refused")
""",
    )
    assert found["before"] == "not-refused"
    if path == "OURS":
        assert found["done"] == [True, "refused"]
    else:
        assert "polkit does not take up" in found["done"]


def test_polkit_that_is_away_leaves_nothing_behind(tmp_path: Path) -> None:
    found = polkit(
        tmp_path,
        """
bus.kill()
bus.wait()
found["done"] = roll_out("plain", "refused")
found["left"] = text(OURS)
""",
    )
    assert "pkcheck ended with status" in found["done"]
    assert found["left"] is None


def modprobe(tmp_path: Path, script: str) -> Any:
    """What a script leaves in `found`, with this machine's modprobe. An "install" needs no module to be there."""
    prologue = """
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import driver as removable_media
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import state as media_state
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo import run as undo
OURS = "/etc/modprobe.d/00-leeboard-usb.conf"
def roll_out(run="run"):
    return change(removable_media, "usb-storage", False)
def says():
    return effective(removable_media, "usb-storage")["value"]
def installs(path):
    put(path, "install usb-storage /sbin/modprobe --ignore-install usb-storage\\n")
"""
    return run(tmp_path, prologue + script, "modprobe")


def test_our_file_keeps_modprobe_from_loading_and_can_be_undone(tmp_path: Path) -> None:
    found = modprobe(
        tmp_path,
        """
installs("/etc/modprobe.d/50-own.conf")
found["before"] = says()
found["done"] = [roll_out(), says(), roll_out()]
found["asked"] = [subprocess.run(["modprobe", "--show-depends", name], capture_output=True, text=True).stdout
                  for name in ("usb-storage", "uas")]
undo.undo(Host(), "run", "undo")
found["then"] = [says(), os.path.exists(OURS)]
""",
    )
    assert found == {
        "before": True,
        "done": [True, False, False],
        "asked": ["install /bin/false \n"] * 2,
        "then": [True, False],
    }


def test_an_earlier_file_of_modprobe_wins_and_is_named(tmp_path: Path) -> None:
    found = modprobe(
        tmp_path,
        """
installs("/etc/modprobe.d/00-kiosk.conf")
found["done"] = roll_out()
found["then"] = [says(), os.path.exists(OURS)]
""",
    )
    assert "look into /etc/modprobe.d/00-kiosk.conf; the change was tried and is put back" in found["done"]
    assert found["then"] == [True, False]
