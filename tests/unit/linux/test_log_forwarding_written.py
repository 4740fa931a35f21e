"""What a roll-out writes so that logs leave, and what it refuses: machines in folders, real daemons are elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import forwarding as log_forwarding

from tests.unit.linux.forwarding import (
    CA,
    COLLECTOR,
    MODULES,
    RSYSLOGD,
    RUNS,
    UPLOAD,
    UPLOADS,
    D,
    authority,
    collector,
    digest,
    faults,
    machine,
    readings,
)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority(tmp_path_factory.mktemp("ca")).read_text()


def change(host: Host, address: str = "collector", wanted: Any = COLLECTOR) -> Any:
    return apply(log_forwarding, host, [{"address": address, "value": wanted}], "run")


DONE = {
    command: Completed(0, "", "")
    for command in ("systemctl restart", "systemctl unmask", "systemctl enable", "journalctl --flush")
}


def test_what_is_written_is_what_is_wanted_and_the_second_time_nothing_changes(tmp_path: Path, ca: str) -> None:
    host = machine(tmp_path, {CA: ca}, None, DONE)
    outcome = change(host)
    assert outcome["changed"] is True
    assert ["/usr/sbin/rsyslogd", "-N1", "-f", "/etc/rsyslog.conf"] in host._runner.asked
    assert host._runner.asked.index(["systemctl", "restart", "rsyslog.service"]) > host._runner.asked.index(
        ["/usr/sbin/rsyslogd", "-N1", "-f", "/etc/rsyslog.conf"]
    )
    found = readings(host)
    assert found["collector"] == COLLECTOR
    assert (found["tls-driver"], found["tls-mode"], found["tls-check"]) == ("gtls", 1, "x509/name")
    assert found["tls-peers"] == ["logs.school.example"]
    assert faults(host, "tls-authority") == []
    second = change(host)
    assert (second["changed"], second["diff"]) == (False, [])


def test_a_part_of_our_file_that_was_changed_is_put_back(tmp_path: Path, ca: str) -> None:
    host = machine(tmp_path, {CA: ca}, None, DONE)
    change(host)
    path = tmp_path / f"{D}/00-leeboard.conf".lstrip("/")
    good = path.read_text()
    path.write_text(good.replace("x509/name", "anon"))
    host.forget()
    change(host, "tls-check", "x509/name")
    assert path.read_text() == good


def test_journald_is_told_to_hand_its_messages_over(tmp_path: Path, ca: str) -> None:
    off = {"/etc/systemd/journald.conf.d/syslog.conf": "[Journal]\nForwardToSyslog=no\n"}
    host = machine(tmp_path, {CA: ca, **off}, None, DONE)
    change(host)
    assert collector(host)["value"] == COLLECTOR
    assert ["systemctl", "restart", "systemd-journald.service"] in host._runner.asked


def test_a_daemon_that_was_masked_is_switched_on(tmp_path: Path, ca: str) -> None:
    units = {"rsyslog.service": {**RUNS, **RSYSLOGD, "LoadState": "masked", "ActiveState": "inactive"}}
    host = machine(tmp_path, {CA: ca}, units, DONE)
    change(host)
    asked = [words for words in host._runner.asked if words[0] == "systemctl" and words[1] != "show"]
    assert asked == [["systemctl", verb, "rsyslog.service"] for verb in ("unmask", "enable", "restart")]


@pytest.mark.parametrize(
    ("files", "wanted", "message"),
    [
        pytest.param({}, COLLECTOR, "collector-ca.pem is missing", id="no authority"),
        pytest.param({CA: "CA", f"{D}/50.conf": "*.* @old.example\n"}, COLLECTOR, "50.conf, line 1 sends", id="two"),
        pytest.param({CA: "CA", f"{D}/00-a.conf": "*.* stop\n"}, COLLECTOR, "00-a.conf, line 1 keeps", id="stop"),
        pytest.param({CA: "CA", "/etc/rsyslog.conf": "*.* /x\n"}, COLLECTOR, "does not include", id="no include"),
        pytest.param({CA: "CA"}, "logs.school.example", "HOST:PORT", id="no port"),
        pytest.param({CA: "CA"}, 'a" evil="x:1', "HOST:PORT", id="quotes"),
        pytest.param({CA: "CA"}, "a:70000", "HOST:PORT", id="no such port"),
        pytest.param({CA: "CA"}, "https://a:1", "checks and does not set up", id="for journal-upload"),
        pytest.param({CA: "CA"}, "", "no collector is named", id="nothing named"),
        pytest.param({CA: "CA", f"{MODULES}/lmnsd_gtls.so": None}, COLLECTOR, "install rsyslog-gnutls", id="no module"),
        pytest.param({CA: "CA", "/usr/sbin/rsyslogd": None}, COLLECTOR, "not installed", id="no rsyslog"),
        pytest.param(
            {CA: "CA", "/etc/systemd/journald.conf.d/zzz.conf": "[Journal]\nForwardToSyslog=no\n"}, COLLECTOR,
            "zzz.conf", id="journald decides otherwise later",
        ),
    ],
)  # fmt: skip
def test_refused_before_anything_is_written(
    tmp_path: Path, ca: str, files: dict[str, str | None], wanted: str, message: str
) -> None:
    given = {path: ca if text == "CA" else text for path, text in files.items() if text is not None}
    host = machine(tmp_path, given, None, DONE)
    for path in (path for path, text in files.items() if text is None):
        (tmp_path / path.lstrip("/")).unlink()
    with pytest.raises((ChangeRefused, HostError), match=message):
        change(host, wanted=wanted)
    assert not (tmp_path / f"{D}/00-leeboard.conf".lstrip("/")).exists()


def test_refused_where_the_authority_is_a_strangers(tmp_path: Path, ca: str) -> None:
    host = machine(tmp_path, {CA: ca}, None, DONE)
    with pytest.raises(ChangeRefused, match="leeboard_log_collector_ca does not name"):
        log_forwarding.dry_run(host, both("SHA256:FF:FF"))
    assert not (tmp_path / f"{D}/00-leeboard.conf".lstrip("/")).exists()
    log_forwarding.dry_run(host, both(f"SHA256:FF:FF {digest(ca).lower()}"))


def both(named: str) -> list[dict[str, str]]:
    """What a roll-out asks for where the collector and its authority are to be put right."""
    return [{"address": "collector", "value": COLLECTOR}, {"address": "tls-anchors", "value": named}]


def test_refused_where_the_other_program_sends_as_well(tmp_path: Path, ca: str) -> None:
    host = machine(tmp_path, {CA: ca, **UPLOAD}, {"systemd-journal-upload.service": UPLOADS}, DONE)
    with pytest.raises(ChangeRefused, match="systemd-journal-upload sends the journal"):
        change(host)
