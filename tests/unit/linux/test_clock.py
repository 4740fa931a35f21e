"""Clocks: machines in folders. systemd is a double; chronyc's and timedatectl's words were captured, as each says."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.clock import driver as clock
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError

from tests.unit.linux.folder import Answers, effective, folder
from tests.unit.linux.forwarding import RUNS, shown

TIMESYNCD, CHRONY = "systemd-timesyncd.service", "chrony.service"
OFF = {"LoadState": "loaded", "ActiveState": "inactive", "UnitFileState": "disabled"}
MASKED = {"LoadState": "masked", "ActiveState": "inactive", "UnitFileState": "masked"}
POOL = [f"{number}.debian.pool.ntp.org" for number in range(4)]
# The form that timedatectl(1) gives each property; values as timesyncd 257 has them on a stock Debian 13.
STOCK_SHOWN = f"FallbackNTPServers={' '.join(POOL)}\n"
# Captured from chronyc 4.6.1 -N -c sources, one server resolved, and one added by hand while it runs.
SOURCES = (
    "^,?,localhost,0,6,0,4294967295,0.000000000,0.000000000,0.000000000\n"
    "^,?,192.0.2.7,0,6,0,4294967295,0.000000000,0.000000000,0.000000000\n"
)
# chrony 4.6.1 of Debian 13, comments left out.
STOCK_CHRONY = (
    "confdir /etc/chrony/conf.d\npool 2.debian.pool.ntp.org iburst\nsourcedir /run/chrony-dhcp\n"
    "sourcedir /etc/chrony/sources.d\nmakestep 1 3\n"
)


def answer(rc: int = 0, out: str = "", err: str = "") -> Completed:
    return Completed(rc, out, err)


def machine(
    root: Path,
    units: Mapping[str, Mapping[str, str]],
    files: Mapping[str, str | None] | None = None,
    commands: Mapping[str, Any] | None = None,
) -> Host:
    done = {f"systemctl {verb}": answer() for verb in ("restart", "unmask", "enable")}
    # The first words that are found in a command decide.
    answers = {
        **(commands or {}),
        "timedatectl show-timesync": answer(out=STOCK_SHOWN),
        "timedatectl show -p": answer(out="NTPSynchronized=yes\n"),
        "chronyc": answer(1, "", "506 Cannot talk to daemon"),
        **done,
        "systemctl show": shown(units),
    }
    answers.update(commands or {})
    given = {"/run/systemd/system/x": "", "/etc/passwd": "root:x:0:0::/:\n", **(files or {})}
    return folder(root, given, Answers(answers))


def conf(number: int, text: str) -> dict[str, str | None]:
    return {f"/etc/systemd/timesyncd.conf.d/{number}.conf": f"[Time]\n{text}\n"}


@pytest.mark.parametrize(
    ("units", "value", "words"),
    [
        pytest.param({TIMESYNCD: RUNS}, "systemd-timesyncd", "", id="stock"),
        pytest.param({CHRONY: RUNS, TIMESYNCD: MASKED}, "chrony", "", id="the other one is masked"),
        pytest.param({CHRONY: RUNS, TIMESYNCD: RUNS}, "systemd-timesyncd and chrony", "", id="two"),
        pytest.param({"openntpd.service": RUNS}, "openntpd", "", id="openntpd"),
        pytest.param(
            {"ntpsec.service": RUNS, "ntp.service": {**RUNS, "Id": "ntpsec.service"}}, "ntpsec", "", id="an alias"
        ),
        pytest.param({}, None, "no time service is installed", id="none"),
        pytest.param({TIMESYNCD: OFF}, None, "does not run", id="stopped"),
        pytest.param({TIMESYNCD: MASKED}, None, "is masked", id="masked"),
        pytest.param({TIMESYNCD: {**RUNS, "UnitFileState": "disabled"}}, None, "next boot", id="only until a restart"),
        pytest.param(
            {CHRONY: RUNS, TIMESYNCD: {**OFF, "UnitFileState": "enabled"}},
            "chrony and systemd-timesyncd",
            "does not run",
            id="another one after the next start",
        ),
        pytest.param(
            {CHRONY: RUNS, TIMESYNCD: {**RUNS, "UnitFileState": "disabled"}},
            "systemd-timesyncd and chrony",
            "next boot",
            id="another one until the next start",
        ),
        pytest.param({CHRONY: RUNS, TIMESYNCD: OFF}, "chrony", "", id="the other one is switched off"),
        pytest.param(
            {TIMESYNCD: {**RUNS, "UnitFileState": "static"}}, None, "next boot", id="static, and nothing wants it"
        ),
    ],
)
def test_service(tmp_path: Path, units: dict[str, dict[str, str]], value: str | None, words: str) -> None:
    found = effective(clock, machine(tmp_path, units), "service")
    assert found.get("value") == value
    assert words in found["source"]


@pytest.mark.parametrize(
    ("files", "said", "value"),
    [
        pytest.param({}, STOCK_SHOWN, POOL, id="the fallback of the distribution"),
        pytest.param(conf(10, "NTP=a b"), STOCK_SHOWN, ["a", "b"], id="named"),
        # timesyncd 257 logged that it asks all three of these (tried).
        pytest.param({**conf(10, "NTP=a b"), **conf(20, "NTP=c")}, STOCK_SHOWN, ["a", "b", "c"], id="lists add up"),
        pytest.param({**conf(10, "NTP=a b"), **conf(20, "NTP=\nNTP=c")}, STOCK_SHOWN, ["c"], id="an empty line"),
        pytest.param({**conf(10, "NTP=a"), **conf(20, "#NTP=c\n[Other]\nNTP=d")}, STOCK_SHOWN, ["a"], id="comment"),
        pytest.param(conf(10, "FallbackNTP="), STOCK_SHOWN, [], id="no fallback"),
        pytest.param(conf(10, "FallbackNTP=x"), STOCK_SHOWN, ["x"], id="another fallback"),
        pytest.param(conf(10, "NTP=a"), "LinkNTPServers=10.0.0.1\n", ["a", "10.0.0.1"], id="and the network's"),
        pytest.param({}, "LinkNTPServers=10.0.0.1\n" + STOCK_SHOWN, ["10.0.0.1"], id="the network's only"),
        pytest.param(
            {
                "/etc/systemd/timesyncd.conf.d/10.conf": None,
                "/usr/lib/systemd/timesyncd.conf.d/10.conf": "[Time]\nNTP=a\n",
            },
            STOCK_SHOWN, POOL, id="masked by a link",
        ),
    ],
)  # fmt: skip
def test_servers_of_timesyncd(tmp_path: Path, files: dict[str, str | None], said: str, value: list[str]) -> None:
    host = machine(tmp_path, {TIMESYNCD: RUNS}, files, {"show-timesync": answer(out=said)})
    assert effective(clock, host, "servers")["value"] == value


def test_what_timesyncd_asks_now_is_running(tmp_path: Path) -> None:
    said = "SystemNTPServers=old.example\nRuntimeNTPServers=by.hand\n" + STOCK_SHOWN
    host = machine(tmp_path, {TIMESYNCD: RUNS}, conf(10, "NTP=a"), {"show-timesync": answer(out=said)})
    found = clock.observe(host, ["servers"])["servers"]
    assert found["effective"]["value"] == ["a"]
    assert found["running"]["value"] == ["old.example", "by.hand"]


@pytest.mark.parametrize(
    ("files", "value"),
    [
        pytest.param({}, ["2.debian.pool.ntp.org"], id="stock"),
        pytest.param({"/etc/chrony/conf.d/x.conf": "server a iburst\n! server b\n"}, ["a", "2.debian.pool.ntp.org"],
                     id="conf.d, comment"),
        pytest.param({"/etc/chrony/conf.d/x": "server a\n"}, ["2.debian.pool.ntp.org"], id="no .conf"),
        pytest.param({"/etc/chrony/sources.d/x.sources": "server a\n"}, ["2.debian.pool.ntp.org", "a"], id="sources.d"),
        pytest.param({"/etc/chrony/sources.d/x.sources": "server a"}, ["2.debian.pool.ntp.org"], id="no line end"),
        pytest.param({"/run/chrony-dhcp/eth0.sources": "server 10.0.0.1\n"}, ["2.debian.pool.ntp.org", "10.0.0.1"],
                     id="DHCP"),
        pytest.param({"/etc/chrony/chrony.conf": "include /etc/c/*.conf\n", "/etc/c/1.conf": "PEER p\n"}, ["p"],
                     id="include"),
        pytest.param({"/etc/chrony/chrony.conf": "refclock PHC /dev/ptp0\n"}, ["refclock PHC"], id="a clock inside"),
    ],
)  # fmt: skip
def test_servers_of_chrony(tmp_path: Path, files: dict[str, str], value: list[str]) -> None:
    host = machine(tmp_path, {CHRONY: RUNS}, {"/etc/chrony/chrony.conf": STOCK_CHRONY, **files})
    assert effective(clock, host, "servers")["value"] == value


def test_what_chrony_asks_now_is_running(tmp_path: Path) -> None:
    files = {"/etc/chrony/chrony.conf": "server localhost\n"}
    host = machine(tmp_path, {CHRONY: RUNS}, files, {"chronyc": answer(out=SOURCES)})
    found = clock.observe(host, ["servers"])["servers"]
    assert (found["effective"]["value"], found["running"]["value"]) == (["localhost"], ["192.0.2.7", "localhost"])


def test_a_server_that_only_the_daemon_knows_counts_unless_its_files_are_newer(tmp_path: Path) -> None:
    started = int(time.time()) - 1000
    conf_file = {"/etc/chrony/chrony.conf": "server localhost\n"}
    host = machine(tmp_path / "old", {CHRONY: RUNS}, conf_file, {"chronyc": answer(out=SOURCES)})
    (other,) = clock.observe(host, ["servers"])["servers"]["effective"]["others"]
    assert (other["value"], "chrony as it runs" in other["who"]) == (["192.0.2.7", "localhost"], True)
    units = {CHRONY: {**RUNS, "StateChangeTimestamp": f"@{started}"}}
    host = machine(tmp_path / "new", units, conf_file, {"chronyc": answer(out=SOURCES)})
    assert "others" not in clock.observe(host, ["servers"])["servers"]["effective"]
    fewer = SOURCES.split("\n")[0] + "\n"
    host = machine(tmp_path / "same", {CHRONY: RUNS}, conf_file, {"chronyc": answer(out=fewer)})
    assert "others" not in clock.observe(host, ["servers"])["servers"]["effective"]


@pytest.mark.parametrize(
    ("unit", "files", "value"),
    [
        ("ntpsec.service", {"/etc/ntpsec/ntp.conf": "pool a iburst # b\n#server c\nrestrict d\n"}, ["a"]),
        ("ntpsec.service", {"/etc/ntpsec/ntp.conf": "pool a\n", "/etc/ntpsec/ntp.d/x.conf": "server b\n"}, ["a", "b"]),
        ("ntpsec.service", {"/etc/ntpsec/ntp.conf": "pool a\n", "/run/ntpsec/ntp.conf.dhcp": "server b\n"}, ["b"]),
        ("openntpd.service", {"/etc/openntpd/ntpd.conf": "servers a\nserver b weight 5\n"}, ["a", "b"]),
        # As Debian 13 ships it, shortened; a server that it is for others is none that it asks.
        (
            "ntpd-rs.service",
            {
                "/etc/ntpd-rs/ntp.toml": '[[source]]\nmode = "pool"\naddress = "pool.ntp.org"\n#address = "x"\n\n'
                '[[source]]\nmode = "nts"\naddress = "time.school:4460"\n\n[[server]]\naddress = "no"\n'
            },
            ["pool.ntp.org", "time.school"],
        ),
        (
            "ntpd-rs.service",
            {
                "/etc/ntpd-rs/ntp.toml": '[[source]]\nmode = "server"\naddress = "[2001:db8::1]:123"\n'
                '[[source]]\nmode = "server"\naddress = "2001:db8::2"\n[[source]]\nmode = "pps"\npath = "/dev/pps0"\n'
            },
            ["2001:db8::1", "2001:db8::2", "refclock /dev/pps0"],
        ),
    ],
)
def test_servers_of_the_others(tmp_path: Path, unit: str, files: dict[str, str], value: list[str]) -> None:
    assert effective(clock, machine(tmp_path, {unit: RUNS}, files), "servers")["value"] == value


def test_chrony_older_than_its_files_is_noted(tmp_path: Path) -> None:
    started = int(time.time()) - 1000
    units = {CHRONY: {**RUNS, "StateChangeTimestamp": f"@{started}"}}
    host = machine(tmp_path, units, {"/etc/chrony/chrony.conf": "server a\n"})
    assert "started before" in clock.observe(host, ["servers"])["servers"]["running"]["why"]
    os.utime(tmp_path / "etc/chrony/chrony.conf", (started - 50, started - 50))
    assert "running" not in clock.observe(host, ["servers"])["servers"]


@pytest.mark.parametrize(
    ("files", "user", "value"),
    [
        pytest.param({}, "_chrony", "_chrony", id="Debian's unit"),
        pytest.param({}, "", None, id="nothing is named"),
        pytest.param({"/etc/chrony/conf.d/u.conf": "user root\n"}, "_chrony", "root", id="in a part"),
        pytest.param({"/etc/default/chrony": 'DAEMON_OPTS="-F 1 -u root"\n'}, "_chrony", "root", id="an option"),
        pytest.param({"/etc/default/chrony": '#DAEMON_OPTS="-u root"\n'}, "_chrony", "_chrony", id="a comment"),
    ],
)
def test_the_account_of_chrony(tmp_path: Path, files: dict[str, str], user: str, value: str | None) -> None:
    units = {CHRONY: {**RUNS, "User": user}}
    host = machine(tmp_path, units, {"/etc/chrony/chrony.conf": STOCK_CHRONY, **files})
    assert effective(clock, host, "user").get("value") == value


@pytest.mark.parametrize(("said", "value"), [("yes", True), ("no", False)])
def test_synchronised(tmp_path: Path, said: str, value: bool) -> None:
    host = machine(tmp_path, {TIMESYNCD: RUNS}, {}, {"show -p": answer(out=f"NTPSynchronized={said}\n")})
    assert effective(clock, host, "synchronised")["value"] is value


def slow(argv: list[str]) -> Completed:
    raise HostError("timeout", f"{argv[0]} gave no answer within 20 s")


@pytest.mark.parametrize(
    ("address", "units", "files", "commands", "words"),
    [
        pytest.param("synchronised", {}, {}, {"show -p": answer(1, "", "no bus")}, "no bus", id="no bus"),
        pytest.param("synchronised", {}, {}, {"show -p": answer(out="NTPSync")}, "status 0", id="cut off"),
        pytest.param("synchronised", {}, {}, {"show -p": slow}, "20 s", id="slow"),
        pytest.param("servers", {TIMESYNCD: RUNS}, {}, {"show-timesync": answer(1, "", "no bus")}, "no bus", id="mute"),
        pytest.param("servers", {CHRONY: RUNS}, {}, {}, "chrony.conf is missing", id="no file"),
        pytest.param("servers", {CHRONY: RUNS, TIMESYNCD: RUNS}, {}, {}, "2 time services run", id="two clocks"),
        pytest.param(
            "servers", {CHRONY: RUNS}, {"/etc/chrony/chrony.conf": "include /etc/chrony/chrony.conf\n"}, {}, "too many",
            id="includes itself",
        ),
        pytest.param("service", {}, {}, {"systemctl show": answer(out="Active")}, "systemctl show", id="units"),
    ],
)  # fmt: skip
def test_bad_input_is_an_error_with_its_reason(
    tmp_path: Path,
    address: str,
    units: dict[str, dict[str, str]],
    files: dict[str, str],
    commands: dict[str, Any],
    words: str,
) -> None:
    found = effective(clock, machine(tmp_path, units, files, commands), address)
    assert found["state"] == "unreadable"
    assert words in found["why"]


# Writing


def change(host: Host, address: str, wanted: Any) -> Any:
    return apply(clock, host, [{"address": address, "value": wanted}], "run")


def verbs(host: Host) -> list[list[str]]:
    return [words for words in host._runner.asked if words[0] == "systemctl" and words[1] != "show"]


def test_servers_are_named_in_a_part_of_our_own_and_the_second_time_nothing_changes(tmp_path: Path) -> None:
    host = machine(tmp_path, {TIMESYNCD: RUNS}, conf(50, "NTP=stranger.example"))
    outcome = change(host, "servers", "a.example b.example")
    assert outcome["after"]["servers"]["effective"]["value"] == ["a.example", "b.example"]
    assert verbs(host) == [["systemctl", "restart", TIMESYNCD]]
    asked = answer(out="SystemNTPServers=a.example b.example\n" + STOCK_SHOWN)
    again = machine(tmp_path, {TIMESYNCD: RUNS}, {}, {"show-timesync": asked})
    found = clock.observe(again, ["servers"])["servers"]
    assert found["effective"]["value"] == found["running"]["value"] == ["a.example", "b.example"]
    assert change(again, "servers", "a.example b.example")["changed"] is False


@pytest.mark.parametrize(
    ("units", "asked"),
    [
        pytest.param({TIMESYNCD: MASKED}, [["unmask", TIMESYNCD], ["enable", "--now", TIMESYNCD]], id="masked"),
        pytest.param(
            {TIMESYNCD: MASKED, CHRONY: OFF}, [["unmask", CHRONY], ["enable", "--now", CHRONY]], id="another is there"
        ),
        pytest.param({TIMESYNCD: {**RUNS, "UnitFileState": "disabled"}}, [["enable", TIMESYNCD]], id="not at boot"),
        pytest.param({TIMESYNCD: RUNS}, [], id="all is well"),
    ],
)
def test_a_service_is_switched_on(tmp_path: Path, units: dict[str, dict[str, str]], asked: list[list[str]]) -> None:
    host = machine(tmp_path, units)
    change(host, "service", "systemd-timesyncd")
    assert verbs(host) == [["systemctl", *words] for words in asked]


@pytest.mark.parametrize(
    ("units", "files", "said", "address", "wanted", "message"),
    [
        pytest.param({CHRONY: RUNS, TIMESYNCD: RUNS}, {}, "", "service", "x", "both set the clock", id="two"),
        pytest.param({}, {}, "", "service", "x", "no time service is installed", id="none"),
        pytest.param({CHRONY: RUNS}, {}, "", "servers", "a", "somebody's own choice", id="chrony"),
        pytest.param({TIMESYNCD: RUNS}, {}, "", "servers", "a;b", "must be names", id="no name"),
        pytest.param({TIMESYNCD: RUNS}, {}, "", "servers", "", "must be names", id="empty"),
        pytest.param(
            {TIMESYNCD: RUNS}, {"/etc/systemd/timesyncd.conf.d/zzz.conf": "[Time]\nNTP=late\n"}, "", "servers", "a",
            "zzz.conf, line 2 is read after", id="a later file",
        ),
        pytest.param(
            {TIMESYNCD: RUNS}, {}, "LinkNTPServers=10.0.0.1\n", "servers", "a", "the network gives 10.0.0.1", id="DHCP"
        ),
        pytest.param({TIMESYNCD: RUNS}, {}, "", "synchronised", True, "only reported", id="cannot be written"),
    ],
)  # fmt: skip
def test_refused_before_anything_is_written(
    tmp_path: Path,
    units: dict[str, dict[str, str]],
    files: dict[str, str],
    said: str,
    address: str,
    wanted: Any,
    message: str,
) -> None:
    host = machine(tmp_path, units, files, {"show-timesync": answer(out=said)})
    with pytest.raises(ChangeRefused, match=message):
        change(host, address, wanted)
    assert verbs(host) == []
    assert not (tmp_path / "etc/systemd/timesyncd.conf.d/zz-leeboard.conf").exists()
