"""The callback in real runs of ansible-playbook, with a stand-in for our check action.

The stand-in returns what the inventory's `said` holds, so that nothing but the callback and Ansible is tried here.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from leeboard.evidence.bundles.schema import split
from leeboard.evidence.bundles.writer import SchoolLock
from tests import bundle_lines
from tests.unit.evidence.estate import URN, observation, run_id

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
ACTION = """
import json, os, time
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from leeboard.evidence.recording import handshake

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        run = handshake.current()
        if run is None:
            return {"failed": True, "msg": "nobody records"}
        if run.problem:
            return {"failed": True, "msg": run.problem}
        said = task_vars["said"]
        if said.get("sleep"):
            open(os.path.join(os.environ["HOME"], "asleep"), "w").close()
            time.sleep(said["sleep"])
        if said.get("unreachable"):
            raise AnsibleConnectionFailure(said["unreachable"])
        if "raw" in said:
            return {"leeboard": said["raw"]}
        return {**said, "leeboard": json.dumps(said["leeboard"])} if "leeboard" in said else said
"""

pytestmark = pytest.mark.skipif(not PLAYBOOK.exists(), reason="ansible-core is not installed beside this Python")


class Site:
    """A folder with a collection, an inventory and playbooks, in which Ansible runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts: dict[str, dict[str, Any]] = {}
        plugins = folder / "collections" / "ansible_collections" / "leeboard" / "schools" / "plugins"
        (plugins / "action").mkdir(parents=True)
        for name in ("callback", "plugin_utils"):
            (plugins / name).symlink_to(ROOT / "plugins" / name)
        for name in ("check", "enforce"):
            (plugins / "action" / f"{name}.py").write_text(ACTION)
        self.evidence = folder / "var" / "evidence"

    def host(self, name: str, said: dict[str, Any] | None = None, **variables: Any) -> None:
        ours = {
            "leeboard_urn": URN,
            "leeboard_school": "Hill School",
            "leeboard_platform": "linux",
            "leeboard_form": "portable",
            "leeboard_role": "staff_portable",
            "leeboard_level": "standard",
            "ansible_connection": "local",
        }
        self.hosts[name] = {**ours, "said": said or {}, **variables}

    def sees(self, name: str, **more: Any) -> None:
        """A host that is observed."""
        self.host(name, {"leeboard": {"outcome": "observed", "identity": "same", "observation": observation()}}, **more)

    def start(self, plays: Any, *arguments: str, enabled: bool = True, **more: Any) -> subprocess.Popen[str]:
        (self.folder / "inventory.yml").write_text(json.dumps({"all": {"hosts": self.hosts}}))
        (self.folder / "play.yml").write_text(json.dumps(plays))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            **({"ANSIBLE_CALLBACKS_ENABLED": "leeboard.schools.evidence"} if enabled else {}),
            "LEEBOARD_VAR": str(self.folder / "var"),
            "LC_ALL": "C.UTF-8",
        }
        command = [str(PLAYBOOK), "-i", "inventory.yml", "play.yml", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **more,
        )

    def run(self, plays: Any, *arguments: str, **more: Any) -> tuple[int, str]:
        process = self.start(plays, *arguments, **more)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def bundles(self, urn: str = URN) -> list[list[dict[str, Any]]]:
        """The lines of each closed bundle, in one piece."""
        paths = sorted((self.evidence / urn).glob("*.jsonl.xz"))
        return [bundle_lines.lines(path) for path in paths]

    def outcomes(self, place: int = -1) -> list[tuple[str, str, str]]:
        return [
            (row["asset"], row["outcome"], row["message"]) for row in self.bundles()[place] if row["kind"] == "device"
        ]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def play(*tasks: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks) or ["leeboard.schools.check"], **more}]


CHECK = {"leeboard.schools.check": {}}


def test_a_run_is_recorded(site: Site) -> None:
    site.sees("lt-1", leeboard_asset="LT-001", leeboard_notice_text="{{ 'Property of ' ~ leeboard_school }}")
    site.host("lt-2", {"unreachable": "no route to host\nsecond line"})
    site.host("lt-3", {"failed": True, "msg": "x" * 1000, "invocation": {"secret": "Swordfish"}})
    site.host("lt-4", {"failed": True, "msg": "m", "leeboard": {"outcome": "another_machine", "message": "not it"}})
    site.sees("lt-5", leeboard_form="round")
    site.host("ipad", leeboard_platform="other")
    site.sees("stray", leeboard_urn=None)
    site.sees("far", leeboard_urn="654321", leeboard_school="Far School")
    status, output = site.run(play(CHECK))
    assert "[WARNING]: stray has no leeboard_urn, so that nothing can be recorded of it" in output
    (lines,) = site.bundles()
    header, trailer = lines[0], lines[-1]
    assert header["action"] == "check" and header["heads"] == [] and header["school"]["name"] == "Hill School"
    devices = {row["asset"]: row for row in header["expected"]}
    assert list(devices) == ["LT-001", "lt-2", "lt-3", "lt-4", "lt-5", "ipad"]
    assert devices["LT-001"]["parameters"] == {"notice_text": "Property of Hill School"}
    assert devices["lt-5"]["problem"].startswith("lt-5: leeboard_form is 'round'")
    found = {asset: (outcome, message) for asset, outcome, message in site.outcomes()}
    assert found.pop("lt-3") == ("failed", "x" * 299 + "…")
    assert found.pop("lt-2") == ("unreachable", "Task failed: no route to host")
    # Whatever answers for a device whose variables are wrong, nothing of it is filed.
    assert found.pop("lt-5") == ("failed", devices["lt-5"]["problem"])
    # The stand-in answers for the iPad as well, without evidence of its own.
    assert found == {"LT-001": ("observed", ""), "lt-4": ("another_machine", "not it")}
    assert (
        trailer["kind"] == "trailer" and trailer["lines"] == sum(2 if "observation" in row else 1 for row in lines) - 1
    )
    assert "Swordfish" not in json.dumps(lines)
    (seen,) = [row for row in lines if row.get("asset") == "LT-001"]
    assert (seen["name"], seen["identity"]) == ("lt-1", "same")
    assert split(seen["observation"]) == split(observation())
    assert f"leeboard: evidence in {site.evidence / URN}" in output
    assert len(site.bundles("654321")) == 1
    assert site.bundles("654321")[0][0]["run"] == header["run"]
    assert status != 0


def test_batches_that_never_start_are_expected_and_not_there(site: Site) -> None:
    for name in ("lt-1", "lt-2", "lt-3"):
        site.host(name, {"failed": True, "msg": "no"})
    status, _ = site.run(play(CHECK, serial=1))
    assert status == 2 and site.outcomes() == [("lt-1", "failed", "no")]
    assert [device["asset"] for device in site.bundles()[0][0]["expected"]] == ["lt-1", "lt-2", "lt-3"]


def test_only_the_limit_is_expected(site: Site) -> None:
    site.sees("lt-1")
    site.sees("lt-2")
    assert site.run(play(CHECK), "--limit", "lt-2")[0] == 0
    assert [device["asset"] for device in site.bundles()[0][0]["expected"]] == ["lt-2"]


def test_a_playbook_of_somebody_else_records_nothing(site: Site) -> None:
    site.sees("lt-1")
    status, output = site.run(play({"ansible.builtin.debug": {"msg": "hello"}}))
    assert status == 0 and not site.evidence.exists() and "evidence in" not in output


def test_trouble_with_other_tasks_does_not_take_the_place_of_what_was_seen(site: Site) -> None:
    site.sees("lt-1")
    site.sees("lt-2")
    broken = {"ansible.builtin.fail": {"msg": "not ours"}}
    before = {**broken, "when": "inventory_hostname == 'lt-2'"}
    status, _ = site.run(play(before, CHECK, {**broken, "ignore_errors": True}, broken))
    assert status == 2
    assert sorted(site.outcomes()) == [("lt-1", "observed", ""), ("lt-2", "failed", "not ours")]


def test_a_check_in_an_included_file_or_role_and_a_second_play(site: Site) -> None:
    site.sees("lt-1")
    site.sees("lt-2")
    role = site.folder / "roles" / "checks" / "tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text(json.dumps([CHECK]))
    first = {"hosts": "lt-1", "gather_facts": False, "tasks": [{"include_role": {"name": "checks"}}]}
    second = {"hosts": "all", "gather_facts": False, "roles": ["checks"]}
    third = {"hosts": "lt-1", "gather_facts": False, "tasks": [{"leeboard.schools.enforce": {}}]}
    assert site.run([first, second, third])[0] == 0
    (lines,) = site.bundles()
    assert [row["kind"] for row in lines] == ["header", "device", "expected", "device", "device", "device", "trailer"]


def test_a_loop_files_each_of_its_items(site: Site) -> None:
    site.sees("lt-1")
    assert site.run(play({**CHECK, "loop": ["LCK", "LBL"]}))[0] == 0
    assert site.outcomes() == [("lt-1", "observed", "")] * 2


def test_hosts_without_a_school_leave_nothing_and_the_actions_know_that_somebody_records(site: Site) -> None:
    site.sees("stray", leeboard_urn=123456)
    status, output = site.run(play(CHECK))
    assert status == 0 and not site.evidence.exists()
    assert "stray has leeboard_urn 123456, so that nothing can be recorded of it; set its school's six digits" in output


def test_a_school_that_another_run_records_stops_this_one(site: Site) -> None:
    site.sees("lt-1")
    site.sees("far", leeboard_urn="654321")
    held = SchoolLock(site.evidence, "654321", run_id(0))
    status, output = site.run(play(CHECK))
    assert status == 1
    wanted = f"[ERROR]: leeboard: school 654321: another run is still recording (process {os.getpid()}, "
    assert wanted in output and "TASK" not in output
    held.release()
    assert site.bundles() == [] and site.bundles("654321") == [], "nobody is said to have been expected"
    assert site.run(play(CHECK))[0] == 0


def test_two_hosts_of_one_asset_are_both_refused_and_the_others_go_on(site: Site) -> None:
    site.sees("lt-1", leeboard_asset="LT-1")
    site.sees("lt-2", leeboard_asset="LT-1")
    site.sees("lt-3")
    site.run(play(CHECK))
    found = {asset: (outcome, message) for asset, outcome, message in site.outcomes()}
    words = "lt-1 and lt-2 have the same asset tag LT-1; give each its own leeboard_asset"
    assert found == {
        "LT-1": ("failed", f"lt-1: {words}"),
        "LT-1-lt-2": ("failed", f"lt-2: {words}"),
        "lt-3": ("observed", ""),
    }


def test_a_disk_that_fills_up_stops_what_is_left_and_keeps_what_was_seen(site: Site) -> None:
    for number in range(6):
        large = {**observation(), "facts": {"padding": {"state": "value", "value": "y" * 8000, "source": "x"}}}
        site.host(f"lt-{number}", {"leeboard": {"outcome": "observed", "observation": large}})

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    status, output = site.run(play(CHECK, serial=1, any_errors_fatal=False), preexec_fn=little)
    assert status == 1
    assert "the evidence cannot be written (File too large); what was recorded is kept" in output
    names = [asset for asset, outcome, _ in _open_outcomes(site) if outcome == "observed"]
    assert names == ["lt-0", "lt-1", "lt-2"][: len(names)] and len(names) >= 2
    # With room again the next run seals it.
    for host in site.hosts.values():
        host["said"]["leeboard"]["observation"] = observation()
    assert site.run(play(CHECK))[0] == 0
    assert len(site.bundles()) == 2 and len(site.outcomes(0)) == len(names)


def _open_outcomes(site: Site) -> list[tuple[str, str, str]]:
    (path,) = (site.evidence / URN).glob("*.jsonl*")
    rows = bundle_lines.lines(path)
    return [(row["asset"], row["outcome"], row["message"]) for row in rows if row["kind"] == "device"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_keeps_what_it_saw(site: Site, number: signal.Signals) -> None:
    site.sees("lt-1")
    site.host("lt-2", {"sleep": 60})
    process = site.start(play(CHECK, serial=1))
    until = time.monotonic() + 60
    while not (site.folder / "asleep").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=600) if number != signal.SIGKILL else process.wait(timeout=60)
    assert process.returncode != 0
    if number == signal.SIGKILL:
        # Its worker still sleeps, and does not keep the school locked.
        assert len(list((site.evidence / URN).glob("*.jsonl"))) == 1
    else:
        assert site.bundles()[0][-1]["interrupted"] is True
    site.host("lt-2", {"leeboard": {"outcome": "observed", "observation": observation()}})
    status, output = site.run(play(CHECK))
    assert status == 0, output
    assert site.outcomes(0) == [("lt-1", "observed", "")]
    assert len(site.outcomes(1)) == 2


def test_without_the_callback_nobody_records(site: Site) -> None:
    site.sees("lt-1")
    status, output = site.run(play(CHECK), enabled=False)
    assert status == 2 and "nobody records" in output


def test_a_missing_brain_is_said_with_what_to_install(site: Site) -> None:
    site.sees("lt-1")
    (site.folder / "leeboard.py").write_text("raise ImportError('no brain here')\n")
    (site.folder / "collections/ansible_collections/leeboard/schools/plugins/action/check.py").write_text(
        ACTION.replace("from leeboard.evidence.recording import handshake", "handshake = None")
    )
    process = site.start(play(CHECK))
    process.kill()
    process.wait()
    command = [str(PLAYBOOK), "-i", "inventory.yml", "play.yml"]
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(site.folder), "PYTHONPATH": str(site.folder),
        "ANSIBLE_COLLECTIONS_PATH": str(site.folder / "collections"),
        "ANSIBLE_CALLBACKS_ENABLED": "leeboard.schools.evidence",
    }  # fmt: skip
    done = subprocess.run(command, cwd=site.folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert "-m pip install leeboard (ImportError: no brain here)" in done.stderr


@pytest.mark.parametrize("answer", ['{"outcome": "observed", "identity": NaN}', "[]", "no JSON"])
def test_an_answer_that_makes_no_sense_fails_its_device_and_no_other(site: Site, answer: str) -> None:
    """An exception in a callback is a warning to Ansible, and its device would be one that nobody saw."""
    site.host("bad", {"raw": answer})
    site.sees("good")
    status, output = site.run(play(CHECK))
    assert status == 0, output
    found = {asset: (outcome, message) for asset, outcome, message in site.outcomes()}
    assert found["good"] == ("observed", "")
    assert found["bad"][0] == "failed" and "the action's answer" in found["bad"][1]
