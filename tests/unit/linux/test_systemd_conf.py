"""The order in which systemd puts its configuration together (linux.md, section B)."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dropin import driver as dropin
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS

from tests.unit.linux.folder import Answers, effective, folder

ADDRESS = "systemd/logind.conf:Login.IdleAction"
ETC, RUN, LIB = "/etc/systemd/logind.conf", "/run/systemd/logind.conf", "/usr/lib/systemd/logind.conf"


def conf(value: str) -> str:
    return f"[Login]\nIdleAction={value}\n"


SLEEP, LID, MAINS, KEY = (
    "systemd/sleep.conf:Sleep.AllowSuspend",
    *(f"systemd/logind.conf:Login.Handle{key}" for key in ("LidSwitch", "LidSwitchExternalPower", "SuspendKey")),
)
THREE = ("suspend", "hybrid-sleep", "suspend-then-hibernate")


@pytest.mark.parametrize(
    ("masked", "lines", "address", "value"),
    [
        ((), "", SLEEP, None), (("sleep",), "", SLEEP, "no"), (THREE, "", SLEEP, "no"), (THREE[:2], "", SLEEP, None),
        (("hibernate",), "", SLEEP, None), ((), "HandleLidSwitch=hibernate", LID, "hibernate"),
        # What is masked does not happen: the lid is closed and the machine stays on.
        (("hibernate",), "HandleLidSwitch=hibernate", LID, "ignore"),
        (("sleep",), "HandleLidSwitch=hibernate", LID, "ignore"),
        (THREE, "HandleLidSwitch=hibernate", LID, "hibernate"),
        (("sleep",), "HandleLidSwitch=poweroff", LID, "poweroff"), (("sleep",), "", LID, "ignore"),
        (("sleep",), "", MAINS, None), (("suspend",), "", KEY, "ignore"), (("hibernate",), "", KEY, None),
    ],
)  # fmt: skip
def test_kinds_of_sleep_that_are_masked(
    tmp_path: Path, masked: tuple[str, ...], lines: str, address: str, value: str | None
) -> None:
    """systemctl mask sleep.target suspend.target ... is how Debian's wiki keeps a machine awake."""
    units = {f"/etc/systemd/system/{kind}.target": None for kind in masked}
    found = effective(dropin, folder(tmp_path, {ETC: f"[Login]\n{lines}\n", **units}), address)
    assert found.get("value") == value
    assert ("is masked" in found["source"]) == (value in ("no", "ignore"))


@pytest.mark.parametrize(
    ("files", "now", "later"),
    [
        pytest.param({f"{RUN}.d/zz.conf": conf("lock"), ETC: conf("ignore")}, "lock", ["ignore"], id="right at first"),
        pytest.param({f"{RUN}.d/zz.conf": conf("ignore"), ETC: conf("lock")}, "ignore", ["lock"], id="wrong at first"),
        pytest.param({f"{RUN}.d/zz.conf": conf("lock")}, "lock", [None], id="nothing says it then"),
        pytest.param({f"{RUN}.d/zz.conf": conf(""), ETC: conf("ignore")}, None, ["ignore"], id="reset until then"),
        pytest.param({RUN: "[Login]\n", LIB: conf("lib")}, None, ["lib"], id="a main file that hides another"),
        pytest.param({f"{RUN}.d/10.conf": conf("ignore"), ETC: conf("lock"), f"{ETC}.d/20.conf": conf("lock")},
                     "lock", [], id="it never counts"),
        pytest.param({f"{RUN}.d/zz.conf": conf("lock"), ETC: conf("lock")}, "lock", [], id="the same then"),
    ],
)  # fmt: skip
def test_what_is_gone_at_the_next_start(
    tmp_path: Path, files: dict[str, str], now: str | None, later: list[str | None]
) -> None:
    found = effective(dropin, folder(tmp_path, files), ADDRESS)
    assert found.get("value") == now
    assert [other["value"] for other in found.get("others", [])] == later


def test_a_value_that_is_right_until_the_next_start_is_written(tmp_path: Path) -> None:
    host = folder(tmp_path, {f"{RUN}.d/50.conf": conf("lock"), ETC: conf("ignore")})
    after = apply(dropin, host, [{"address": ADDRESS, "value": "lock"}], "run")["after"][ADDRESS]["effective"]
    assert (after["value"], after.get("others")) == ("lock", None)
    assert apply(dropin, host, [{"address": ADDRESS, "value": "lock"}], "again")["journal"] is None


@pytest.mark.parametrize(
    ("files", "value"),
    [
        pytest.param({}, None, id="nothing there"),
        pytest.param({ETC: conf("etc"), LIB: conf("lib")}, "etc", id="the first main file only"),
        pytest.param({ETC: "[Login]\n", LIB: conf("lib")}, None, id="an empty main file in /etc hides the vendor's"),
        pytest.param({RUN: conf("run"), LIB: conf("lib")}, "run", id="run before lib"),
        pytest.param({LIB: conf("lib"), f"{LIB}.d/10.conf": conf("d")}, "d", id="a drop-in beats the main file"),
        pytest.param(
            {f"{ETC}.d/60-x.conf": conf("etc"), f"{LIB}.d/syslog.conf": conf("lib")}, "lib", id="letters after digits"
        ),
        pytest.param(
            {f"{ETC}.d/10.conf": conf("etc"), f"{LIB}.d/10.conf": conf("lib")}, "etc", id="a namesake in /etc hides"
        ),
        pytest.param({f"{ETC}.d/10.conf": None, f"{LIB}.d/10.conf": conf("lib")}, None, id="a link to null masks"),
        pytest.param(
            {f"{ETC}.d/10.conf": conf("a"), f"{ETC}.d/9.conf": conf("b")}, "b", id="names sort as text, not as numbers"
        ),
        pytest.param({ETC: conf("lock"), f"{ETC}.d/20.conf": conf("")}, None, id="an empty assignment resets"),
        pytest.param({ETC: conf("a") + conf("b")}, "b", id="later wins in one file"),
        pytest.param({ETC: "[Login]\n#IdleAction=a\n ; IdleAction=b\n"}, None, id="comments"),
        pytest.param({ETC: "[Sleep]\nIdleAction=a\n"}, None, id="another section"),
        pytest.param({ETC: "IdleAction=a\n"}, None, id="no section"),
        pytest.param({ETC: "[Login]\n  IdleAction =  lo\\\n# between\nck\n"}, "lo ck", id="continued line"),
        pytest.param({f"{ETC}.d/10.conf.bak": conf("a")}, None, id="not a .conf"),
        pytest.param({ETC: "[Login]\nidleaction=a\n"}, None, id="keys mind their case"),
    ],
)
def test_value_in_effect(tmp_path: Path, files: dict[str, str | None], value: str | None) -> None:
    found = effective(dropin, folder(tmp_path, files), ADDRESS)
    assert found["state"] == ("absent" if value is None else "value")
    assert found.get("value") == value


def test_source_names_file_and_line(tmp_path: Path) -> None:
    host = folder(tmp_path, {f"{ETC}.d/10.conf": "# x\n[Login]\nIdleAction=lock\n"})
    assert effective(dropin, host, ADDRESS)["source"] == f"{ETC}.d/10.conf, line 3"


def test_our_dropin_wins_and_keeps_its_other_keys(tmp_path: Path) -> None:
    host = folder(
        tmp_path,
        {f"{ETC}.d/zz-leeboard.conf": "[Login]\nKillUserProcesses=no\n", f"{LIB}.d/syslog.conf": conf("suspend")},
    )
    outcome = apply(dropin, host, [{"address": ADDRESS, "value": "lock"}], "run")
    assert outcome["after"][ADDRESS]["effective"]["value"] == "lock"
    assert "KillUserProcesses=no" in host.text(f"{ETC}.d/zz-leeboard.conf")


def test_a_file_after_ours_is_a_refusal(tmp_path: Path) -> None:
    host = folder(tmp_path, {f"{ETC}.d/zzz.conf": conf("suspend")})
    with pytest.raises(ChangeRefused, match=r"zzz\.conf, line 2 is read after"):
        apply(dropin, host, [{"address": ADDRESS, "value": "lock"}], "run")
    assert not host.exists(f"{ETC}.d/zz-leeboard.conf")


def test_an_unknown_daemon_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(ChangeRefused, match="only reported"):
        dropin.dry_run(folder(tmp_path), [{"address": "systemd/system.conf:Manager.CrashAction", "value": "reboot"}])


def shown(since: str) -> Completed:
    """What systemctl says of every unit that is asked about."""
    return Completed(0, "\n".join(f"ActiveState=active\nStateChangeTimestamp={since}\n" for _unit in UNITS), "")


def test_a_daemon_older_than_its_configuration_is_noted_and_reloaded(tmp_path: Path) -> None:
    show = Answers(
        {
            "systemctl show": shown("@1000000000"),
            "systemctl reload": Completed(0, "", ""),
        }
    )
    host = folder(tmp_path, {ETC: conf("lock"), "/run/systemd/system/x": ""}, show)
    assert "next reload" in effective(dropin, host, ADDRESS)["note"]
    apply(dropin, host, [{"address": ADDRESS, "value": "lock"}], "run")
    assert ["systemctl", "reload", "systemd-logind.service"] in show.asked


def test_a_daemon_newer_than_its_configuration_is_not_noted(tmp_path: Path) -> None:
    show = Answers({"systemctl show": shown("@9999999999")})
    host = folder(tmp_path, {ETC: conf("lock"), "/run/systemd/system/x": ""}, show)
    assert "note" not in effective(dropin, host, ADDRESS)


def test_an_unreadable_folder_is_never_absent(tmp_path: Path) -> None:
    host = folder(tmp_path, {ETC: "x" * (1024 * 1024 + 1)})
    assert effective(dropin, host, ADDRESS)["code"] == "too_large"
