"""The guessing limit written for real: pam-auth-update, useradd, libpam and su, in a private copy of this machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.linux.own import run

TEMPLATES = Path("/var/lib/dpkg/info/libpam-runtime.templates")
PROFILES = "/usr/share/pam-configs"
PROLOGUE = f"""
import glob, shutil, time
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import armed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock import account, changes, libpam, update
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo import run as undo

def mounted(*arguments):
    subprocess.run(["mount", *arguments], check=True)

def out(*argv, given="", env=None):
    done = subprocess.run(argv, input=given, capture_output=True, text=True, env={{**os.environ, **(env or {{}})}})
    return done.stdout + done.stderr

for folder in ("/var/log", "/var/mail", "/var/cache/debconf"):
    if os.path.isdir(folder):
        mounted("-t", "tmpfs", "tmpfs", folder)
kept = {{name: open("{PROFILES}/" + name).read() for name in ("unix", "capability")}}
mounted("-t", "tmpfs", "tmpfs", "{PROFILES}")
for name, text in kept.items():
    put("{PROFILES}/" + name, text)
# As Debian's own installation leaves PAM, with the pauses taken out: su waits for them.
for path in glob.glob("/etc/pam.d/common-*"):
    shutil.copy("/usr/share/pam/" + os.path.basename(path), path)
out("pam-auth-update", "--force", "--package", env={{"DEBIAN_FRONTEND": "noninteractive"}})
put("/etc/pam.d/common-auth", open("/etc/pam.d/common-auth").read().replace("pam_unix.so ", "pam_unix.so nodelay "))
put("/etc/pam.d/su", "@include common-auth\\n@include common-account\\n@include common-session\\n")
put("/etc/login.defs", open("/etc/login.defs").read() + "\\nFAIL_DELAY 0\\n")
put("/etc/security/faillock.conf", "# ours: nothing\\nnodelay\\nunlock_time = 60\\n")
out("useradd", "--no-create-home", "ada")
out("chpasswd", "--crypt-method", "SHA512", given="ada:right horse\\n")

def signs_in(password):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return "in" in out(*nobody, "su", "ada", "-s", "/bin/sh", "-c", "echo in", given=password + "\\n").split()

def holds(proofs):
    done = [subprocess.run(one.argv, capture_output=True) for one in proofs]
    return [one.returncode == 0 and proof.prints in (None, one.stdout) for one, proof in zip(done, proofs)]

def files():
    names = [*glob.glob("/etc/pam.d/*"), *glob.glob("{PROFILES}/*"), *glob.glob("/var/lib/pam/*"),
             "/etc/security/faillock.conf", "/etc/passwd", "/etc/group"]
    return {{name: open(name).read() for name in names}}

def wanted(**numbers):
    return [{{"address": "pam", "value": True}}, *({{"address": key, "value": one}} for key, one in numbers.items())]

def arm(run_id):
    # A double of an armed checkpoint: what is asked of it before each write, and nothing that puts back.
    shutil.rmtree(armed.FOLDER, ignore_errors=True)
    os.makedirs(armed.FOLDER, mode=0o700)
    cover = faillock.cover(Host(), [{{"address": "pam", "value": None}}])
    about = {{"schema": 1, "run_id": run_id, "by": "x", "drivers": ["faillock"], "files": cover.files,
             "folders": cover.folders, "boot": armed.boot_id(Host()), "until": time.monotonic() + 600}}
    put(armed.MANIFEST, json.dumps(about))
    put(armed.state_file("armed"), "")

def tried(settings, run_id="run", check=False):
    arm(run_id)
    try:
        return apply(faillock, Host(), settings, run_id, check=check)
    except ChangeRefused as problem:
        return str(problem)

OURS = wanted(deny=3, unlock_time=900, fail_interval=900)
start = files()
found["unarmed"] = change(faillock, "pam", True)
"""


def private(tmp_path: Path, script: str) -> Any:
    """What `script` leaves in `found`, on a machine whose PAM is as Debian installs it."""
    if not TEMPLATES.exists():
        pytest.skip("pam-auth-update is not installed on this machine")
    shutil.copytree("/var/lib/pam", tmp_path / "lib/pam")
    (tmp_path / "lib/dpkg/info").mkdir(parents=True)
    shutil.copy(TEMPLATES, tmp_path / "lib/dpkg/info")
    found = run(tmp_path, PROLOGUE + script, "pam-auth-update", "useradd", "chpasswd", "faillock", "su", "setpriv")
    assert "under an armed checkpoint only" in found.pop("unarmed")
    return found


ENFORCED = """
found["right at first"] = signs_in("right horse")
checked = tried(OURS, check=True)
found["check mode changed"] = files() != start
done = tried(OURS)
found["done"] = done if isinstance(done, str) else sorted(done)
found["same diff"] = checked["diff"] == done["diff"]
found["after"] = {key: one["effective"].get("value") for key, one in done["after"].items()}
found["auth"] = [line for line in open("/etc/pam.d/common-auth").read().splitlines() if line.startswith("auth")]
found["conf"] = open("/etc/security/faillock.conf").read()
found["accounts as before"] = [files()[name] == start[name] for name in ("/etc/passwd", "/etc/group")]
found["in shadow"] = account.NAME in open("/etc/shadow").read()
found["tallies"] = os.listdir("/run/faillock")
found["journal"] = [word for word in ("$6$", account.NAME) if word in open(done["journal"]).read()]
found["again"] = tried(OURS, "again")["changed"]
found["tool agrees"] = out("pam-auth-update", "--package", env={"DEBIAN_FRONTEND": "noninteractive"})
found["tool changes"] = [name for name in files() if files()[name] != start.get(name)]
found["answers"] = [signs_in(word) for word in ("right horse", "a", "b", "right horse", "a", "b", "c", "right horse")]
found["counted"] = [line.split()[-1] for line in out("faillock", "--user", "ada").splitlines()].count("V")
out("faillock", "--user", "ada", "--reset")
found["after reset"] = signs_in("right horse")
"""


def test_an_account_is_shut_after_the_wanted_number(tmp_path: Path) -> None:
    found = private(tmp_path, ENFORCED)
    assert found["right at first"] is True
    assert found["check mode changed"] is False
    assert found["done"] == ["after", "before", "changed", "diff", "journal"]
    assert found["same diff"] is True
    assert found["after"] == {"pam": True, "deny": 3, "unlock_time": 900, "fail_interval": 900}
    assert [line.split(maxsplit=1)[1].split() for line in found["auth"]][:3] == [
        ["requisite", "pam_faillock.so", "preauth"],
        ["[success=2", "default=ignore]", "pam_unix.so", "nullok", "try_first_pass", "nodelay"],
        ["[default=die]", "pam_faillock.so", "authfail"],
    ]
    assert found["conf"] == "# ours: nothing\nnodelay\nunlock_time = 900\ndeny = 3\nfail_interval = 900\n"
    assert found["accounts as before"] == [True, True]
    assert (found["in shadow"], found["tallies"], found["journal"]) == (False, [], [])
    assert found["again"] is False
    assert found["tool agrees"] == ""
    assert found["answers"] == [True, False, False, True, False, False, False, False]
    assert found["counted"] == 3
    assert found["after reset"] is True


PUT_BACK = """
modules = os.path.dirname(glob.glob("/usr/lib/*/security/pam_faillock.so")[0])
for name in ("pam_permit.so", "pam_deny.so", "pam_debug.so"):
    # A module that is not what it is called: all that can be read in a file is right.
    mounted("--bind", f"{modules}/{name}", f"{modules}/pam_faillock.so")
    found[name] = tried(OURS, name)
    found[name, "as before"] = files() == start
    found[name, "right"] = signs_in("right horse")
    out("umount", f"{modules}/pam_faillock.so")
mounted("--bind", f"{modules}/pam_permit.so", f"{modules}/pam_unix.so")
found["open"] = tried(OURS, "open")
mounted("--bind", f"{modules}/pam_deny.so", f"{modules}/pam_unix.so")
found["shut"] = tried(OURS, "shut")
found["journals"] = sorted(os.listdir("/var/lib/leeboard/journal"))
found["left"] = files() == start
found = {"unarmed": found["unarmed"]} | {str(key): one for key, one in found.items()}
"""


def test_what_only_pam_itself_can_tell_puts_the_files_back(tmp_path: Path) -> None:
    found = private(tmp_path, PUT_BACK)
    back = "; the change was tried and is put back"
    assert found["pam_permit.so"] == f"sign-in by login still let in after 3 wrong passwords{back}"
    for refuses in ("pam_deny.so", "pam_debug.so"):
        assert found[refuses].startswith("sign-in by login "), found[refuses]
        assert found[refuses].endswith(back)
    assert [found[str((name, "as before"))] for name in ("pam_permit.so", "pam_deny.so", "pam_debug.so")] == [True] * 3
    assert [found[str((name, "right"))] for name in ("pam_permit.so", "pam_deny.so", "pam_debug.so")] == [True] * 3
    assert found["open"] == "sign-in by login lets in whoever gives a wrong password: mend that first"
    assert found["shut"].startswith("no way in lets a new local account in with its password")
    assert found["journals"] == ["pam_debug.so.jsonl", "pam_deny.so.jsonl", "pam_permit.so.jsonl"]
    assert found["left"] is True


UNDONE = """
tried(OURS)
arm("undo-1")
found["undone"] = sorted(one["target"] for one in undo.undo(Host(), "run", "undo-1")["put_back"])
found["as before"] = files() == start
tried(OURS, "second")
# A package that comes with a profile of its own, as fprintd does.
put("/usr/share/pam-configs/finger", "Name: x\\nDefault: yes\\nPriority: 260\\nAuth-Type: Primary\\n"
    "Auth:\\n\\t[success=end default=ignore]\\tpam_fprintd.so\\n")
found["package"] = out("pam-auth-update", "--package", env={"DEBIAN_FRONTEND": "noninteractive"})
found["kept by it"] = effective(faillock, "pam").get("value")
arm("undo-2")
outcome = undo.undo(Host(), "second", "undo-2")
found["left"] = sorted(one["target"] for one in outcome["left"])
found["commands"] = outcome["commands"]
auth = [line.split()[1:] for line in open("/etc/pam.d/common-auth") if line.startswith("auth")]
found["auth"] = [words for words in auth if words[-1] in ("pam_fprintd.so", "preauth", "authfail")]
found["profiles"] = sorted(os.listdir("/usr/share/pam-configs"))
found["right"] = signs_in("right horse")
"""


def test_an_undo_takes_the_profiles_out_also_where_a_package_added_one_since(tmp_path: Path) -> None:
    found = private(tmp_path, UNDONE)
    assert found["as before"] is True
    assert {"/etc/pam.d/common-auth", "/etc/security/faillock.conf", f"{PROFILES}/leeboard-faillock"} < {
        *found["undone"]
    }
    assert found["package"] == ""
    assert found["kept by it"] is True
    assert "/etc/pam.d/common-auth" in found["left"]
    assert found["commands"] == ["env DEBIAN_FRONTEND=noninteractive pam-auth-update --package"]
    assert found["auth"] == [["[success=2", "default=ignore]", "pam_fprintd.so"]]
    assert found["profiles"] == ["capability", "finger", "unix"]
    assert found["right"] is True


KILLED = """
import signal
host = Host()
# The run is killed while the account is there; the next one takes it away first.
child = os.fork()
if not child:
    with account.thrown_away(host):
        os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
found["there"] = account.NAME in open("/etc/passwd").read()
cover = faillock.cover(Host(), OURS)
found["not back yet"] = holds(cover.proofs)
for command in cover.commands:
    found["command"] = [command.at_start, out(*command.argv)]
found["back"] = holds(cover.proofs)
found["gone"] = files() == start
tried(OURS)
found["changed"] = holds(cover.proofs)
written = [name for name in files() if files()[name] != start.get(name)]
found["not covered"] = [name for name in written if name not in cover.files and not name.startswith(cover.folders)]
"""


def test_the_cover_names_all_that_is_written_and_removes_the_account(tmp_path: Path) -> None:
    found = private(tmp_path, KILLED)
    assert found["there"] is True
    assert found["not back yet"] == [True, True, False]
    assert found["command"] == [True, ""]
    assert found["back"] == [True, True, True]
    assert found["gone"] is True
    assert found["changed"] == [False, False, True]
    assert found["not covered"] == []
