"""Where logs go: machines in folders, with doubles for systemd and rsyslogd (neither can look into a folder)."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import forwarding as log_forwarding

from leeboard.verdict.judgements.moments import MOMENT
from tests.unit.linux.folder import effective
from tests.unit.linux.forwarding import (
    CA,
    COLLECTOR,
    MODULES,
    RSYSLOGD,
    RUNS,
    STOCK,
    TLS,
    UPLOAD,
    UPLOADS,
    VENDOR,
    D,
    authority,
    collector,
    digest,
    faults,
    machine,
    readings,
    signed,
)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority(tmp_path_factory.mktemp("ca")).read_text()


def test_a_device_that_sends_everything_by_tls(tmp_path: Path, ca: str) -> None:
    found = readings(machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca}))
    (valid,) = found["tls-authority"]
    assert re.fullmatch(rf"the certificate in {CA} is valid from {MOMENT} to {MOMENT}", valid)
    assert found == {
        "collector": COLLECTOR,
        "tls-driver": "gtls",
        "tls-mode": 1,
        "tls-check": "x509/name",
        "tls-peers": ["logs.school.example"],
        "tls-authority": [valid],
        "tls-anchors": [digest(ca)],
        "client-certificate": ["the device has no certificate of its own for the collector"],
    }


def test_a_stock_machine_sends_nothing(tmp_path: Path) -> None:
    host = machine(tmp_path)
    assert set(readings(host).values()) == {None}
    assert "/etc/rsyslog.conf and its parts send nothing away" in collector(host)["source"]


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        pytest.param({"ActiveState": "inactive"}, "does not run", id="stopped"),
        pytest.param({"ActiveState": "failed"}, "does not run", id="failed"),
        pytest.param({"LoadState": "masked", "ActiveState": "inactive"}, "is masked", id="masked"),
        pytest.param({"UnitFileState": "disabled"}, "not started at the next boot", id="disabled"),
        pytest.param(
            {"UnitFileState": "enabled-runtime"}, "not started at the next boot", id="enabled until a restart"
        ),
        pytest.param({"LoadState": "not-found", "ActiveState": "inactive"}, "is not there", id="no unit"),
    ],
)
def test_a_daemon_that_is_not_in_service_sends_nothing(
    tmp_path: Path, ca: str, unit: dict[str, str], words: str
) -> None:
    units = {"rsyslog.service": {**RUNS, **RSYSLOGD, **unit}}
    found = collector(machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca}, units))
    assert found["state"] == "absent"
    assert words in found["source"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param({f"{D}/10.conf": "*.* stop\n"}, "10.conf, line 1", id="stop"),
        pytest.param({f"{D}/10.conf": "*.* /var/log/all\n& ~\n"}, "10.conf, line 2", id="& ~"),
        pytest.param({f"{D}/10.conf": ':programname, isequal, "sudo" stop\n'}, "10.conf, line 1", id="one program"),
        pytest.param({f"{D}/10.conf": 'if $msg contains "x" then { stop }\n'}, "10.conf, line 1", id="an expression"),
        pytest.param({f"{D}/90.conf": "auth,authpriv.* " + TLS}, "some messages only", id="two facilities"),
        pytest.param({f"{D}/90.conf": "*.warning " + TLS}, "some messages only", id="warnings"),
        pytest.param({f"{D}/90.conf": f"if 1 == 1 then {TLS}"}, "some messages only", id="a filter of its own"),
    ],
)
def test_a_device_that_keeps_messages_back_does_not_send_its_logs(
    tmp_path: Path, ca: str, files: dict[str, str], words: str
) -> None:
    found = collector(machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **files}))
    assert found["state"] == "absent"
    assert words in found["source"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({f"{D}/95.conf": "*.* stop\n"}, id="stop after it"),
        pytest.param({f"{D}/95.conf": ':programname, isequal, "x" stop\n'}, id="filter after it"),
        pytest.param({f"{D}/10.conf": "# *.* stop\n/* *.* stop */\n"}, id="comments"),
        pytest.param({f"{D}/10.conf.bak": "*.* stop\n", f"{D}/.10.conf": "*.* stop\n"}, id="files that nobody reads"),
        pytest.param({f"{D}/90.conf": "*.info " + TLS}, id="all but debug"),
        pytest.param({f"{D}/90.conf": TLS.replace(" port", "\n   port").replace("action", "ACTION ")}, id="two lines"),
        pytest.param({f"{D}/10.conf": "auth.* /var/log/a\n& /var/log/b\nmail.none stop\n"}, id="stops nothing"),
        pytest.param({f"{D}/90.conf": "auth.* " + TLS, f"{D}/91.conf": "*.*;auth.none " + TLS}, id="in two parts"),
        pytest.param({f"{D}/90.conf": 'include(file="/etc/more/*.conf")\n', "/etc/more/a.conf": TLS}, id="include"),
        pytest.param({f"{D}/90.conf": "$IncludeConfig /etc/more/\n", "/etc/more/a": TLS}, id="a folder"),
    ],
)
def test_what_changes_nothing(tmp_path: Path, ca: str, files: dict[str, str]) -> None:
    assert collector(machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **files}))["value"] == COLLECTOR


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param(
            {"/etc/systemd/journald.conf.d/zz.conf": "[Journal]\nForwardToSyslog=no\n"}, "zz.conf", id="later"
        ),
        pytest.param(
            {"/run/systemd/journald.conf.d/zz.conf": "[Journal]\nForwardToSyslog=yes\n", VENDOR: "[Journal]\n"},
            "after the next start",
            id="until the next start",
        ),
        pytest.param({VENDOR: "[Journal]\n"}, "ForwardToSyslog=no", id="the distribution's file without it"),
        pytest.param({"/proc/cmdline": "quiet systemd.journald.forward_to_syslog=0\n"}, "=0", id="kernel"),
        pytest.param({"/etc/systemd/journald.conf": "[Journal]\nMaxLevelSyslog=crit\n"}, "up to crit", id="level"),
        pytest.param({"/etc/rsyslog.conf": f"$IncludeConfig {D}/*.conf\n"}, "neither imuxsock nor", id="no input"),
        pytest.param(
            {"/etc/rsyslog.conf": STOCK.replace('"imuxsock"', '"imuxsock" SysSock.Use="off"')},
            "SysSock.Use",
            id="as on Red Hat, without imjournal",
        ),
        pytest.param(
            {"/etc/rsyslog.conf": STOCK.replace("$FileOwner root", "$OmitLocalLogging on")}, "$OmitLocal", id="omitted"
        ),
        pytest.param(
            {"/etc/rsyslog.conf": STOCK.replace('module(load="imklog")', "")}, "messages of the kernel", id="no kernel"
        ),
    ],
)
def test_a_daemon_that_gets_no_messages_sends_none(tmp_path: Path, ca: str, files: dict[str, str], words: str) -> None:
    found = collector(machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **files}))
    assert found["state"] == "absent"
    assert words in found["source"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"/etc/systemd/journald.conf.d/60-x.conf": "[Journal]\nForwardToSyslog=no\n"}, id="loses"),
        pytest.param({"/proc/cmdline": "systemd.journald.forward_to_syslog\n", VENDOR: ""}, id="a word of the kernel"),
        pytest.param(
            {"/etc/rsyslog.conf": f'module(load="imjournal")\n$IncludeConfig {D}/*.conf\n', VENDOR: ""}, id="imjournal"
        ),
    ],
)
def test_a_daemon_that_gets_messages_in_another_way(tmp_path: Path, ca: str, files: dict[str, str]) -> None:
    assert collector(machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **files}))["value"] == COLLECTOR


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        pytest.param('"tcp"', '"udp"', {"tls-driver": "udp"}, id="UDP"),
        pytest.param('Mode="1"', 'Mode="0"', {"tls-mode": 0}, id="mode 0"),
        pytest.param('Mode="1"', '.mode="1"', {"tls-mode": 0}, id="a spelling without effect"),
        pytest.param("x509/name", "anon", {"tls-check": "anon"}, id="anon"),
        pytest.param("x509/name", "x509/certvalid", {"tls-check": "x509/certvalid"}, id="any name"),
        pytest.param("tcp_", 'streamDriverPermittedPeers="a,b" tcp_', {"tls-peers": ["a", "b"]}, id="peers"),
        pytest.param(
            f'"{CA}"', f'"{CA}" streamDriver.PermitExpiredCerts="on"',
            {"tls-check": "x509/name with expired certificates (on)"}, id="expired certificates",
        ),
        pytest.param(f'"{CA}"', '"/none"', {"tls-authority": ["/none is missing"]}, id="no authority"),
    ],
)  # fmt: skip
def test_what_protects_the_way(tmp_path: Path, ca: str, old: str, new: str, changed: dict[str, Any]) -> None:
    assert old in TLS
    found = readings(machine(tmp_path, {f"{D}/90.conf": TLS.replace(old, new), CA: ca}))
    assert {address: found[address] for address in changed} == changed


def test_a_driver_whose_module_was_removed_sends_nothing(tmp_path: Path, ca: str) -> None:
    host = machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca})
    (tmp_path / f"{MODULES}/lmnsd_gtls.so".lstrip("/")).unlink()
    (tmp_path / "usr/lib/i386-linux-gnu/rsyslog").mkdir(parents=True)  # another architecture's cannot be loaded
    (tmp_path / "usr/lib/i386-linux-gnu/rsyslog/lmnsd_gtls.so").touch()
    assert readings(host)["tls-driver"] == "gtls without its module lmnsd_gtls.so"
    assert collector(host)["state"] == "absent"


def test_a_second_way_shows_beside_the_first(tmp_path: Path, ca: str) -> None:
    host = machine(tmp_path, {f"{D}/90.conf": TLS, f"{D}/95.conf": "auth.* @10.0.0.9\n", CA: ca})
    assert collector(host)["value"] == COLLECTOR
    others = effective(log_forwarding, host, "tls-driver")["others"]
    assert others == [{"who": f"messages to 10.0.0.9:514 ({D}/95.conf, line 1)", "value": "udp", "type": "string"}]


def test_two_collectors_are_named_both(tmp_path: Path, ca: str) -> None:
    host = machine(tmp_path, {f"{D}/90.conf": TLS, f"{D}/95.conf": "*.* @@[2001:db8::1]:514\n", CA: ca})
    assert collector(host)["value"] == f"{COLLECTOR} and [2001:db8::1]:514"


def test_both_programs_are_named(tmp_path: Path, ca: str) -> None:
    units = {"systemd-journal-upload.service": UPLOADS}
    host = machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **UPLOAD}, units)
    assert collector(host)["value"] == f"{COLLECTOR} and https://logs.school.example:19532"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("URL=https://a.example:443/\n", ("https://a.example:443", "https", 1, "x509/name", ["a.example"])),
        ("URL=a.example\n", ("https://a.example:19532", "https", 1, "x509/name", ["a.example"])),
        ("URL=http://a.example\n", ("http://a.example:19532", "http", 0, "x509/name", ["a.example"])),
        ("URL=a.example\nTrustedCertificateFile=all\n", ("https://a.example:19532", "https", 1, "anon", ["a.example"])),
        ("URL=a.example\nTrustedCertificateFile=-\n", ("https://a.example:19532", "https", 1, "anon", ["a.example"])),
        ("URL=https://[::1]:9\n", ("https://[::1]:9", "https", 1, "x509/name", ["[::1]"])),
    ],
)
def test_journal_upload(tmp_path: Path, text: str, said: tuple[Any, ...]) -> None:
    files = {**UPLOAD, "/etc/systemd/journal-upload.conf.d/50.conf": f"[Upload]\n{text}"}
    found = readings(machine(tmp_path, files, {"systemd-journal-upload.service": UPLOADS}))
    assert tuple(found[key] for key in ("collector", "tls-driver", "tls-mode", "tls-check", "tls-peers")) == said


def test_the_command_of_the_unit_comes_before_its_file(tmp_path: Path) -> None:
    words = UPLOADS["ExecStart"].replace("--save-state", "--save-state --trust=all -u http://b.example:80")
    units = {"systemd-journal-upload.service": {**UPLOADS, "ExecStart": words}}
    found = readings(machine(tmp_path, UPLOAD, units))
    assert (found["collector"], found["tls-check"]) == ("http://b.example:80", "anon")


def test_a_key_that_the_unit_cannot_read(tmp_path: Path) -> None:
    tls = "ServerKeyFile=/etc/ssl/private/u.pem\nServerCertificateFile=/etc/ssl/u.pem\n"
    certificate = signed(authority(tmp_path), "device").read_text()
    files = {
        **UPLOAD,
        "/etc/systemd/journal-upload.conf.d/50.conf": f"[Upload]\n{tls}TrustedCertificateFile=/etc/ssl/u.pem\n",
        "/etc/ssl/private/u.pem": "",
        "/etc/ssl/u.pem": certificate,
        "/etc/group": "ssl-cert:x:110:\n",
    }
    root = tmp_path / "machine"
    host = machine(root, files, {"systemd-journal-upload.service": UPLOADS})
    key = root / "etc/ssl/private/u.pem"
    for part in (*key.parents, key):
        if part.is_relative_to(root):
            part.chmod(0o755)
    key.chmod(0o600)
    said = faults(host, "client-certificate")
    assert said == ["systemd-journal-upload, which the program runs as, may not read /etc/ssl/private/u.pem"]
    key.chmod(0o640)
    os.chown(key, 0, 110)
    host = machine(root, {}, {"systemd-journal-upload.service": {**UPLOADS, "SupplementaryGroups": "ssl-cert"}})
    assert faults(host, "client-certificate") == []
    key.parent.chmod(0o700)
    assert "may not look into /etc/ssl/private" in faults(host, "client-certificate")[0]


def test_ubuntus_rsyslogd_needs_to_read_the_authority_as_its_own_account(tmp_path: Path, ca: str) -> None:
    passwd = "root:x:0:0::/:\nsyslog:x:102:102::/:\n"
    dropped = {f"{D}/90.conf": "$PrivDropToUser syslog\n$PrivDropToGroup syslog\n" + TLS, CA: ca, "/etc/passwd": passwd}
    host = machine(tmp_path, dropped)
    path = tmp_path / CA.lstrip("/")
    for folder in path.parents:
        if folder.is_relative_to(tmp_path):
            folder.chmod(0o755)
    path.chmod(0o600)
    assert faults(host, "tls-authority") == [f"syslog, which the program runs as, may not read {CA}"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "holds no certificate", id="empty"),
        pytest.param("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "damaged", id="cut off"),
    ],
)
def test_an_authority_that_is_none(tmp_path: Path, text: str, words: str) -> None:
    found = effective(log_forwarding, machine(tmp_path, {f"{D}/90.conf": TLS, CA: text}), "tls-authority")
    assert words in str(found.get("why", found.get("value")))


def test_an_authority_that_ran_out_is_fine_beside_one_that_holds(tmp_path: Path, ca: str) -> None:
    old = authority(tmp_path, "old", 1, "-not_before", "20200101000000Z", "-not_after", "20210101000000Z").read_text()
    host = machine(tmp_path / "machine", {f"{D}/90.conf": TLS, CA: old})
    assert faults(host, "tls-authority") == [f"the certificate in {CA} ran out on 2021-01-01"]
    held = f"the certificate in {CA} is valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z"
    assert readings(host)["tls-authority"] == [held]
    host = machine(tmp_path / "other", {f"{D}/90.conf": TLS, CA: old + ca})
    assert faults(host, "tls-authority") == []


@pytest.mark.parametrize("changed", [f"{D}/90.conf", "/etc/rsyslog.conf", CA, D])
def test_a_daemon_older_than_its_files_is_noted(tmp_path: Path, ca: str, changed: str) -> None:
    started = int(time.time()) - 1000
    units = {"rsyslog.service": {**RUNS, **RSYSLOGD, "StateChangeTimestamp": f"@{started}"}}
    host = machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca}, units)
    for path in (f"{D}/90.conf", "/etc/rsyslog.conf", CA, D):
        os.utime(tmp_path / path.lstrip("/"), (started - 50, started - 50))
    assert "running" not in log_forwarding.observe(host, ["collector"])["collector"]
    os.utime(tmp_path / changed.lstrip("/"))
    found = log_forwarding.observe(host, ["collector", "tls-mode"])
    assert all("started before its configuration" in reading["running"]["why"] for reading in found.values())


# Bad input: error with its reason, and nothing is guessed


def refused(argv: list[str]) -> Completed:
    return Completed(
        1, "", "rsyslogd: x\nrsyslogd: error during parsing file /etc/rsyslog.d/x.conf, line 2: bad [v8 e/2207 ]"
    )


def slow(argv: list[str]) -> Completed:
    raise HostError("timeout", f"{argv[0]} gave no answer within 20 s")


@pytest.mark.parametrize(
    ("files", "commands", "code", "words"),
    [
        pytest.param({}, {"rsyslogd -N1": refused}, "malformed", "x.conf, line 2", id="rsyslogd does not take it"),
        pytest.param({}, {"rsyslogd -N1": slow}, "timeout", "20 s", id="rsyslogd is slow"),
        pytest.param({}, {"systemctl show": slow}, "timeout", "20 s", id="systemctl is slow"),
        pytest.param({}, {"systemctl show": Completed(1, "", "Access denied")}, "failed", "Access denied", id="no bus"),
        pytest.param({f"{D}/x.conf": 'action(type="omfwd"'}, {}, "malformed", "where a parameter is", id="cut off"),
        pytest.param({f"{D}/x.conf": 'if $msg contains "x"'}, {}, "malformed", "no then", id="no then"),
        pytest.param({f"{D}/x.conf": 'global(a=`echo $HOME`)'}, {}, "malformed", "environment", id="environment"),
        pytest.param({f"{D}/x.conf": 'include(file="/none")'}, {}, "malformed", "/none is missing", id="missing"),
        pytest.param({f"{D}/x.conf": "x" * (1024 * 1024 + 1)}, {}, "too_large", "larger", id="too large"),
        pytest.param({f"{D}/x.conf": "*.* {\n" * 100}, {}, "malformed", "nested", id="nested"),
        pytest.param({f"{D}/x.conf": "ruleset(name='a')"}, {}, "malformed", "quotes", id="quotes"),
        pytest.param({f"{D}/x.conf": '"'}, {}, "malformed", "not understood", id="a sign"),
        pytest.param({f"{D}/x.conf": "loud.* @h\n"}, {}, "malformed", "no facility", id="facility"),
        pytest.param({f"{D}/x.conf": "*.loud @h\n"}, {}, "malformed", "no severity", id="severity"),
        pytest.param({f"{D}/x.conf": "\ufffd\x00 \x1b[31m\n"}, {}, "malformed", "x.conf", id="no text"),
        pytest.param(
            {f"{D}/x.conf": 'ruleset(name="a") {\ncall a\n}\ncall a\n'}, {}, "malformed", "without end", id="call"
        ),
    ],
)  # fmt: skip
def test_bad_input_is_an_error_with_its_reason(
    tmp_path: Path, ca: str, files: dict[str, str], commands: dict[str, Any], code: str, words: str
) -> None:
    found = log_forwarding.observe(
        machine(tmp_path, {f"{D}/90.conf": TLS, CA: ca, **files}, None, commands), list(log_forwarding.ALL)
    )
    assert {reading["effective"].get("code") for reading in found.values()} == {code}
    assert all(words in reading["effective"]["why"] for reading in found.values())


def test_a_file_for_tls_that_rsyslogd_misses_is_ours_to_report(tmp_path: Path) -> None:
    # Captured from rsyslogd 8.2504.
    said = (
        "rsyslogd: version 8.2504.0, config validation run (level 1), master config /etc/rsyslog.conf\n"
        "rsyslogd: error: defaultnetstreamdrivercafile file '/nope.pem' could not be accessed: "
        "No such file or directory [v8.2504.0 try https://www.rsyslog.com/e/2039 ]\n"
    )
    text = 'global(defaultNetstreamDriverCAFile="/nope.pem")\n' + TLS.replace(f'streamDriver.CAFile="{CA}"', "")
    host = machine(tmp_path, {f"{D}/90.conf": text}, None, {"rsyslogd -N1": Completed(1, "", said)})
    assert faults(host, "tls-authority") == ["/nope.pem is missing"]


def test_five_thousand_rules_take_less_than_five_seconds(tmp_path: Path, ca: str) -> None:
    rules = "".join(f':msg, contains, "pupil {count}" /var/log/pupil-{count}\n' for count in range(5000))
    host = machine(tmp_path, {f"{D}/10.conf": rules, f"{D}/90.conf": TLS, CA: ca})
    begun = time.process_time()
    assert collector(host)["value"] == COLLECTOR
    assert time.process_time() - begun < 5
