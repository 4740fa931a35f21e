"""What is installed, what systemd runs, and how the kernel was started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import visit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import package
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import kernel, unit

from tests.unit.linux.folder import Answers, effective, folder

# Packages

# The database of a machine with packages in every state that dpkg(1) names.
STATUS = "".join(
    f"Package: {name}\nStatus: {status}\nMaintainer: x <x@example.org>\nArchitecture: amd64\nVersion: 1.0\n"
    f"Description: x\n{more}\n"
    for name, status, more in (
        ("whole", "install ok installed", ""),
        ("held", "hold ok installed", ""),
        ("removed", "deinstall ok config-files", "Config-Version: 1.0\n"),
        ("unpacked", "install ok unpacked", ""),
        ("half-installed", "install reinstreq half-installed", ""),
        ("half-configured", "install ok half-configured", "Config-Version: 1.0\n"),
    )
)


def dpkg(root: Path) -> Host:
    """A machine whose packages the real dpkg-query reads from a database of its own."""
    admin = root / "var/lib/dpkg"
    for name in ("updates", "info", "triggers"):
        (admin / name).mkdir(parents=True)
    (admin / "status").write_text(STATUS)

    def runner(argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import run_process

        return run_process([argv[0], f"--admindir={admin}", *argv[1:]], input, timeout, environment)

    return Host(root=str(root), runner=runner)


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="needs dpkg")
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("whole", None),
        ("held", None),
        ("removed", "removed is not installed"),
        ("never-there", "never-there is not installed"),
        ("unpacked", "dpkg: the package is unpacked only, so unpacked is not installed"),
        ("half-installed", "dpkg: the package is half-installed only, so half-installed is not installed"),
        ("half-configured", "dpkg: the package is half-configured only, so half-configured is not installed"),
    ],
)
def test_what_dpkg_says_is_installed(tmp_path: Path, name: str, source: str | None) -> None:
    found = effective(package, dpkg(tmp_path), f"{name}:installed")
    if source is None:
        assert (found["value"], found["source"]) == (True, f"dpkg: {name} 1.0 (amd64)")
    else:
        assert (found["state"], found["source"]) == ("absent", source)


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="needs dpkg")
def test_one_child_answers_for_all_packages(tmp_path: Path) -> None:
    host = dpkg(tmp_path)
    found = package.observe(host, ["whole:installed", "removed:installed", "never-there:installed"])
    assert [reading["effective"]["state"] for reading in found.values()] == ["value", "absent", "absent"]
    assert host.children == 1


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (Completed(2, "", "dpkg-query: error: parsing file '/var/lib/dpkg/status' near line 3"), "failed"),
        (Completed(0, "auditd\tamd64\tinst", ""), "malformed"),
        (Completed(0, "", ""), "malformed"),
    ],
)
def test_a_damaged_database_is_no_answer(tmp_path: Path, done: Completed, code: str) -> None:
    host = folder(tmp_path, runner=Answers({"dpkg-query": done}))
    assert effective(package, host, "auditd:installed")["code"] == code


def test_while_packages_are_replaced_nothing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit.facts, "observe", lambda host: {"package_upgrade": {"state": "value", "value": True}})
    done = Completed(0, "auditd\tamd64\tunpacked\tok\t1\n", "")
    answer = visit.visit(folder(tmp_path, runner=Answers({"dpkg-query": done})), {"package": ["auditd:installed"]})
    assert answer["readings"][0]["effective"]["code"] == "busy"


# Units


def shown(**units: str) -> Any:
    """systemctl show as systemd 257 prints it; each unit is "LoadState ActiveState UnitFileState TriggeredBy"."""

    def answer(argv: list[str]) -> Completed:
        blocks = []
        for name in argv[argv.index("--") + 1 :]:
            said = units.get(name.replace(".", "_").replace("-", "_"), "not-found inactive  ").split(" ")
            keys = ("LoadState", "ActiveState", "UnitFileState", "TriggeredBy")
            block = "".join(f"{key}={said[at] if at < len(said) else ''}\n" for at, key in enumerate(keys))
            blocks.append(f"Id={name}\nSubState=x\n{block}")
        return Completed(0, "\n".join(blocks), "")

    return answer


def systemd(root: Path, **units: str) -> tuple[Host, Answers]:
    """A machine whose service manager knows `units`, and the commands it was given."""
    runner = Answers({"systemctl show": shown(**units), "systemctl": Completed(0, "", "")})
    return folder(root, {"/run/systemd/system/x": ""}, runner), runner


@pytest.mark.parametrize(
    ("said", "enabled", "active", "failed", "masked"),
    [
        ("loaded active enabled", True, True, False, False),
        ("loaded reloading enabled", True, True, False, False),
        ("loaded inactive disabled", False, False, False, False),
        ("loaded activating enabled", True, False, False, False),
        ("loaded failed enabled", True, False, True, False),
        ("loaded active enabled-runtime", False, True, False, False),
        ("loaded active static", False, True, False, False),
        ("loaded active alias", True, True, False, False),
        ("masked inactive masked", False, False, False, True),
        ("masked active masked-runtime", False, True, False, True),
        ("loaded inactive disabled auditd.socket", False, False, False, False),
    ],
)
def test_states_of_a_unit(tmp_path: Path, said: str, enabled: bool, active: bool, failed: bool, masked: bool) -> None:
    host, _runner = systemd(tmp_path, auditd_service=said)
    wanted = {"enabled": enabled, "active": active, "failed": failed, "masked": masked}
    found = unit.observe(host, [f"auditd.service:{kind}" for kind in wanted])
    assert {address.split(":")[1]: one["effective"]["value"] for address, one in found.items()} == wanted
    assert host.children == 1


def test_a_socket_that_listens_counts(tmp_path: Path) -> None:
    host, _runner = systemd(
        tmp_path,
        x_service="loaded inactive disabled x.socket",
        x_socket="loaded active enabled ",
        y_socket="loaded active",
    )
    assert effective(unit, host, "x.service:active")["value"] is True
    assert effective(unit, host, "y.service:active")["state"] == "absent"


@pytest.mark.parametrize("active", ["inactive", "failed"])
def test_a_socket_that_does_not_listen_does_not_count(tmp_path: Path, active: str) -> None:
    host, _runner = systemd(
        tmp_path, x_service="loaded inactive disabled x.socket", x_socket=f"loaded {active} enabled"
    )
    assert effective(unit, host, "x.service:active")["value"] is False


def test_a_unit_that_is_not_there_is_absent_and_a_broken_one_no_answer(tmp_path: Path) -> None:
    host, _runner = systemd(tmp_path, y_service="bad-setting inactive ")
    assert effective(unit, host, "x.service:active")["source"] == "x.service is not installed"
    assert effective(unit, host, "y.service:enabled")["code"] == "malformed"


@pytest.mark.parametrize(
    "done",
    [Completed(1, "", "Failed to connect to bus"), Completed(0, "Id=auditd.service\n", ""), Completed(0, "", "")],
)
def test_a_service_manager_that_does_not_answer_is_no_answer(tmp_path: Path, done: Completed) -> None:
    host = folder(tmp_path, {"/run/systemd/system/x": ""}, Answers({"systemctl": done}))
    assert effective(unit, host, "auditd.service:active")["code"] == "failed"


def test_where_systemd_does_not_run_it_starts_nothing(tmp_path: Path) -> None:
    host = folder(tmp_path)
    for kind in ("enabled", "active"):
        found = effective(unit, host, f"auditd.service:{kind}")
        assert (found["value"], found["source"]) == (False, "systemd does not run on this machine")
    with pytest.raises(ChangeRefused, match="systemd does not run"):
        unit.dry_run(host, [{"address": "auditd.service:active", "value": True}])


@pytest.mark.parametrize(
    ("said", "commands"),
    [
        ("loaded inactive disabled", ["enable auditd.service", "start auditd.service"]),
        ("loaded active disabled", ["enable auditd.service"]),
        ("loaded failed enabled", ["start auditd.service"]),
        ("masked inactive masked", ["unmask auditd.service", "enable auditd.service", "start auditd.service"]),
        ("loaded active enabled", []),
    ],
)
def test_units_are_switched_on(tmp_path: Path, said: str, commands: list[str]) -> None:
    host, runner = systemd(tmp_path, auditd_service=said)
    changes = [{"address": f"auditd.service:{kind}", "value": True} for kind in ("active", "enabled")]
    outcome = apply(unit, host, changes, "run")
    assert [" ".join(argv[1:]) for argv in runner.asked if argv[1] != "show"] == commands
    assert outcome["changed"] is bool(commands)
    assert bool(outcome["journal"]) is bool(commands)


def test_a_unit_that_does_not_start_fails_the_roll_out(tmp_path: Path) -> None:
    runner = Answers(
        {
            "systemctl show": shown(auditd_service="loaded failed enabled"),
            "systemctl start": Completed(1, "", "Job for auditd.service failed"),
        }
    )
    host = folder(tmp_path, {"/run/systemd/system/x": ""}, runner)
    with pytest.raises(ChangeRefused, match=r"Job for auditd\.service failed"):
        apply(unit, host, [{"address": "auditd.service:active", "value": True}], "run")


@pytest.mark.parametrize(
    ("address", "value"),
    [("auditd.service:active", False), ("auditd.service:enabled", 1), ("auditd.service:masked", True), ("x:y", True)],
)
def test_nothing_is_switched_off(tmp_path: Path, address: str, value: Any) -> None:
    host, _runner = systemd(tmp_path, auditd_service="loaded active enabled")
    with pytest.raises(ChangeRefused):
        unit.dry_run(host, [{"address": address, "value": value}])


def test_a_unit_that_is_not_installed_cannot_be_switched_on(tmp_path: Path) -> None:
    host, _runner = systemd(tmp_path)
    with pytest.raises(ChangeRefused, match="not installed"):
        unit.dry_run(host, [{"address": "auditd.service:enabled", "value": True}])


# The kernel


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet", None),
        ("ro audit=1 quiet", "1"),
        ("audit=1 audit=0", "0"),
        ("audit=0 audit=1", "1"),
        ("audit", ""),
        ("noaudit=1 auditx=1", None),
        ('x="a audit=1" ro', None),
        ('"audit=1" ro', "1"),
        ('audit="1" ro', "1"),
        ("ro -- audit=1", None),
        ("AUDIT=1", None),
    ],
)
def test_boot_options(tmp_path: Path, line: str, value: str | None) -> None:
    found = effective(kernel, folder(tmp_path, {"/proc/cmdline": line + "\n"}), "cmdline:audit")
    assert (found["state"], found.get("value")) == ("absent" if value is None else "value", value)


def test_dashes_in_an_option_are_the_same_as_underscores(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/proc/cmdline": "audit-backlog-limit=8192\n"})
    assert effective(kernel, host, "cmdline:audit_backlog_limit")["value"] == "8192"


def test_a_machine_without_a_command_line_is_no_answer(tmp_path: Path) -> None:
    assert effective(kernel, folder(tmp_path), "cmdline:audit")["code"] == "failed"


# auditctl -s of auditd 4.0.2 on Debian 13.
AUDITCTL = """enabled 1
failure 1
pid 417
rate_limit 0
backlog_limit 8192
lost 0
backlog 0
backlog_wait_time 15000
backlog_wait_time_actual 0
loginuid_immutable 0 unlocked
"""
root = pytest.mark.skipif(os.geteuid() != 0, reason="the state of the audit system is for root")


@root
def test_the_state_of_the_audit_system(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/usr/sbin/auditctl": ""}, Answers({"auditctl -s": Completed(0, AUDITCTL, "")}))
    found = kernel.observe(host, [f"audit:{name}" for name in ("enabled", "pid", "backlog_limit", "lost", "failure")])
    assert [reading["effective"]["value"] for reading in found.values()] == [1, 417, 8192, 0, 1]
    assert host.children == 1


@root
@pytest.mark.parametrize(
    ("done", "code"),
    [
        (Completed(1, "", "Error - audit support not in kernel"), "failed"),
        (Completed(4, "You must be root to run this program.\n", ""), "failed"),
        (Completed(0, "No rules\n", ""), "malformed"),
        (Completed(0, "enabled\npid ", ""), "malformed"),
        (Completed(0, "enabled many\n", ""), "malformed"),
    ],
)
def test_an_audit_system_that_does_not_answer_is_no_answer(tmp_path: Path, done: Completed, code: str) -> None:
    host = folder(tmp_path, {"/usr/sbin/auditctl": ""}, Answers({"auditctl -s": done}))
    assert effective(kernel, host, "audit:enabled")["code"] == code


@root
def test_this_machines_own_auditctl_is_understood() -> None:
    if not shutil.which("auditctl", path="/usr/sbin"):
        pytest.skip("needs auditctl")
    found = effective(kernel, Host(), "audit:enabled")
    if found["state"] == "unreadable":
        pytest.skip(found["why"])
    assert found["value"] in (0, 1, 2)
