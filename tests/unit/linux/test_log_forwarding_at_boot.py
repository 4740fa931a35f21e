"""Ways by which logs leave the device now or after the next start: both count, where they are not the school's."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import forwarding as log_forwarding

from tests.unit.linux.folder import effective
from tests.unit.linux.forwarding import (
    CA,
    COLLECTOR,
    RSYSLOGD,
    RUNS,
    TLS,
    UPLOAD,
    UPLOADS,
    D,
    authority,
    collector,
    machine,
)  # fmt: skip


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority(tmp_path_factory.mktemp("ca")).read_text()


HTTP = {**UPLOAD, "/etc/systemd/journal-upload.conf": "[Upload]\nURL=http://192.0.2.9:19532\n"}
STOPPED = {**UPLOADS, "ActiveState": "inactive"}
WANTS = "/etc/systemd/system/multi-user.target.wants"
TIMER = {
    "/usr/lib/systemd/system/systemd-journal-upload.service": "[Service]\n",
    "/etc/systemd/system/night.timer": "[Timer]\nOnCalendar=daily\nUnit=systemd-journal-upload.service\n",
    "/etc/systemd/system/timers.target.wants/night.timer": "[Timer]\n",
}


@pytest.mark.parametrize(
    ("unit", "files", "words"),
    [
        pytest.param(STOPPED, {}, "does not run (it is inactive)", id="after the next start"),
        pytest.param({**STOPPED, "ActiveState": "failed"}, {}, "does not run", id="its collector was not there"),
        pytest.param({**UPLOADS, "ActiveState": "activating"}, {}, "activating", id="starts again and again"),
        pytest.param({**UPLOADS, "UnitFileState": "disabled"}, {}, "next boot", id="until the next start"),
        pytest.param({**UPLOADS, "LoadState": "masked", "UnitFileState": "masked"}, {}, "masked", id="masked, runs"),
        pytest.param({**STOPPED, "UnitFileState": "disabled"}, TIMER, "does not run", id="by a timer"),
        pytest.param(
            {**STOPPED, "LoadState": "masked", "UnitFileState": "masked-runtime"},
            {f"{WANTS}/systemd-journal-upload.service": "", **TIMER}, "until the next start", id="masked until then",
        ),
        pytest.param(
            {**STOPPED, "UnitFileState": "static"},
            {f"{WANTS}/systemd-journal-upload.service": "", **TIMER}, "does not run", id="by a link",
        ),
    ],
)  # fmt: skip
def test_a_way_in_plain_text_counts_when_it_runs_or_starts_with_the_machine(
    tmp_path: Path, ca: str, unit: dict[str, str], files: dict[str, str], words: str
) -> None:
    host = machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **HTTP, **files}, {"systemd-journal-upload.service": unit})
    assert collector(host)["value"] == f"{COLLECTOR} and http://192.0.2.9:19532"
    others = effective(log_forwarding, host, "tls-driver")["others"]
    assert [other["value"] for other in others] == ["http"]
    assert words in others[0]["who"]


@pytest.mark.parametrize(
    ("unit", "files"),
    [
        pytest.param({**STOPPED, "UnitFileState": "disabled"}, {}, id="installed only"),
        pytest.param({**STOPPED, "UnitFileState": "enabled-runtime"}, {}, id="enabled until the next start, stopped"),
        pytest.param({**STOPPED, "LoadState": "masked", "UnitFileState": "masked"}, {}, id="masked"),
        pytest.param(
            {**STOPPED, "UnitFileState": "disabled"},
            {path: text for path, text in TIMER.items() if "wants" not in path}, id="a timer that is not enabled",
        ),
        pytest.param(STOPPED, {"/etc/systemd/journal-upload.conf": "[Upload]\n#URL=\n"}, id="no address"),
    ],
)  # fmt: skip
def test_a_program_that_is_switched_off_is_no_way(
    tmp_path: Path, ca: str, unit: dict[str, str], files: dict[str, str]
) -> None:
    host = machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **HTTP, **files}, {"systemd-journal-upload.service": unit})
    assert collector(host)["value"] == COLLECTOR
    assert "others" not in effective(log_forwarding, host, "tls-driver")


def test_rsyslog_in_plain_text_counts_although_it_is_not_started_at_the_next_boot(tmp_path: Path) -> None:
    units = {"rsyslog.service": {**RUNS, **RSYSLOGD, "UnitFileState": "disabled"}}
    host = machine(tmp_path, {f"{D}/90.conf": "*.* @10.0.0.9\n"}, units)
    assert collector(host)["state"] == "absent"
    assert effective(log_forwarding, host, "tls-driver")["value"] == "udp"


def test_a_timer_is_no_way_for_the_logs_to_leave(tmp_path: Path, ca: str) -> None:
    units = {"rsyslog.service": {**RUNS, **RSYSLOGD, "UnitFileState": "disabled"}}
    timer = {path: text.replace("systemd-journal-upload", "rsyslog") for path, text in TIMER.items()}
    timer["/usr/lib/systemd/system/rsyslog.service"] = "[Service]\n"
    host = machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **timer}, units)
    assert "not started at the next boot" in collector(host)["source"]
    assert effective(log_forwarding, host, "tls-driver")["value"] == "gtls"
