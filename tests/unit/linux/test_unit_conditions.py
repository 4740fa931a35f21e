"""A condition in a drop-in keeps a unit from starting at the next boot, though it runs and is enabled."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import rules as audit_rules
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import restart as firewall_restart
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import systemd_unit, unit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.unit_conditions import unmet_condition

from tests.unit.linux.audit import RULES, machine
from tests.unit.linux.folder import Answers, effective, folder

UNIT = "auditd.service"
PACKAGED = f"/usr/lib/systemd/system/{UNIT}"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/10-later.conf"
# auditd.service of Debian 13.
OWN = "[Unit]\nConditionKernelCommandLine=!audit=0\nConditionKernelCommandLine=!audit=off\n"
GONE = "[Unit]\nConditionPathExists=/nowhere\n"


def analyzed(argv: list[str]) -> Completed:
    """What the real systemd-analyze says: it reads no unit, only what is in its arguments."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return Completed(done.returncode, done.stdout, done.stderr)


def host_with(root: Path, files: dict[str, str | None]) -> Host:
    """A machine on which auditd runs and is enabled."""
    block = "Id={}\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nTriggeredBy=\n"

    def shown(argv: list[str]) -> Completed:
        asked = [word for word in argv if word.endswith((".service", ".socket"))]
        return Completed(0, "\n".join(block.format(name) for name in asked), "")

    answers = Answers({"systemctl show": shown, "systemd-analyze condition": analyzed})
    return folder(root, {"/run/systemd/system/x": "", PACKAGED: OWN, **files}, answers)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize(
    ("files", "kept"),
    [
        ({}, ""),
        ({DROP_IN: "[Unit]\nDescription=x\n[Service]\nConditionPathExists=/nowhere\n"}, ""),
        ({DROP_IN: GONE}, "ConditionPathExists=/nowhere"),
        ({DROP_IN: GONE.replace("Condition", "Assert")}, "AssertPathExists=/nowhere"),
        ({DROP_IN: "[Unit]\nConditionPathExists=!/etc/passwd\n"}, "ConditionPathExists=!/etc/passwd"),
        ({DROP_IN: "[Unit]\nConditionPathExists=/etc/passwd\nConditionHost=|none\nConditionPathExists=|/etc\n"}, ""),
        ({DROP_IN: GONE + "ConditionHost=\n"}, ""),
        ({DROP_IN: GONE + "AssertHost=\n"}, "ConditionPathExists=/nowhere"),
        ({DROP_IN: None}, ""),
        ({DROP_IN.replace(".conf", ".off"): GONE}, ""),
        ({DROP_IN: GONE, DROP_IN.replace("10-later", "20"): "[Unit]\nConditionHost=\n"}, ""),
        # A namesake in /etc hides the file of a package.
        ({DROP_IN: None, f"{PACKAGED}.d/10-later.conf": GONE}, ""),
        ({f"{PACKAGED}.d/10-later.conf": GONE}, "/nowhere"),
        ({"/etc/systemd/system/service.d/x.conf": GONE}, "/nowhere"),
        ({f"/run/systemd/generator/{UNIT}.d/x.conf": GONE}, "/nowhere"),
        # Gone at the next boot.
        ({f"/run/systemd/system/{UNIT}.d/x.conf": GONE}, ""),
        ({f"/etc/systemd/system/{UNIT}": OWN + GONE}, "/nowhere"),
        ({f"/etc/systemd/system/{UNIT}": OWN}, ""),
    ],
)
def test_what_keeps_auditd_from_starting(tmp_path: Path, files: dict[str, str | None], kept: str) -> None:
    host = host_with(tmp_path, files)
    why = unmet_condition(host, UNIT)
    assert (kept in why, bool(why)) == (True, bool(kept))
    found = effective(unit, host, f"{UNIT}:enabled")
    assert found["value"] is (not kept)
    assert kept in found["source"]
    assert effective(unit, host, f"{UNIT}:active")["value"] is True
    if kept:
        with pytest.raises(ChangeRefused, match="does not start it at the next boot"):
            unit.dry_run(host, [{"address": f"{UNIT}:enabled", "value": True}])


def test_a_unit_without_such_files_asks_nothing_more(tmp_path: Path) -> None:
    host = host_with(tmp_path, {})
    assert unmet_condition(host, UNIT) == ""
    assert host.children == 0


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("ConditionFirstBoot=no", Completed(0, "", "")),
        ("ConditionACPower=|true", Completed(0, "", "")),
        ("ConditionPathExists=!/run/maintenance", Completed(0, "", "")),
        ("ConditionPathExists=|!/var/run/x", Completed(0, "", "")),
        ("ConditionPathExists=/etc/%H", Completed(0, "", "")),
        ("ConditionNew=x", Completed(1, "", 'Cannot parse "ConditionNew=x".\n')),
    ],
)
def test_what_nobody_can_tell_before_the_next_boot(tmp_path: Path, line: str, answer: Completed) -> None:
    host = host_with(tmp_path, {DROP_IN: f"[Unit]\n{line}\n"})
    host._runner.answers["systemd-analyze condition"] = answer
    with pytest.raises(HostError, match="10-later"):
        unmet_condition(host, UNIT)
    assert effective(unit, host, f"{UNIT}:enabled")["code"] == "failed"


FAILED = Completed(1, "test.service: ConditionPathExists=/nowhere failed.\n", "Conditions failed.\n")


def test_rules_whose_loader_does_not_start_are_gone_at_the_next_boot(tmp_path: Path) -> None:
    line = "-w /etc/passwd -p wa -k identity\n"
    files = {
        f"{RULES}/50.rules": line,
        "/usr/lib/systemd/system/audit-rules.service": "[Service]\nExecStart=/usr/sbin/augenrules --load\n",
        "/etc/systemd/system/audit-rules.service.d/x.conf": GONE,
    }
    host = machine(tmp_path, line, files, **{"systemd-analyze": FAILED})
    address = "-F path=/etc/passwd -F perm=wa -F key=identity"
    found = audit_rules.observe(host, [address])[address]["effective"]
    assert (found["value"], "/nowhere" in found["note"]) == (False, True)


def test_a_log_forwarder_that_does_not_start_counts_where_it_is_bad_only(tmp_path: Path) -> None:
    drop_in = "/etc/systemd/system/rsyslog.service.d/x.conf"
    host = host_with(tmp_path, {"/usr/lib/systemd/system/rsyslog.service": "", drop_in: GONE})
    host._runner.answers["systemd-analyze condition"] = FAILED
    found = systemd_unit.service(host, "rsyslog.service")
    assert (found.runs, found.counts, "/nowhere" in found.why) == (True, True, True)


@pytest.mark.parametrize("unit_name", ["nftables.service", "netfilter-persistent.service", "firewalld.service"])
def test_a_firewall_that_does_not_start_lets_everything_in(tmp_path: Path, unit_name: str) -> None:
    files = {
        f"/usr/lib/systemd/system/{unit_name}": "",
        f"/etc/systemd/system/sysinit.target.wants/{unit_name}": "",
        f"/etc/systemd/system/{unit_name}.d/x.conf": GONE,
        "/proc/net/fib_trie": "",
    }
    host = host_with(tmp_path, files)
    host._runner.answers["systemd-analyze condition"] = FAILED
    found = firewall_restart.after_restart(host, "ip")
    assert (found.verdict, "/nowhere" in found.why) == ("accept", True)
