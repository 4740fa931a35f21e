"""Steps under a checkpoint: every end that one can have, against a double of the device."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.leeboard.schools.plugins.plugin_utils.cut_off import CutOff, of_steps

from leeboard.planning.plan import Change, Step
from tests.unit.actions.checkpoint_double import OTHER, RUN, DoubleConnection, DoubleDevice

Run = Callable[[dict[str, str]], tuple[list[str], bool]]


def step(driver: str = "sshd") -> Step:
    return Step(driver, "leeboard.schools.x", (Change("REM-07", "PermitRootLogin", "no", "string", "f"),), "cut_off")


def well(_left_out: dict[str, str]) -> tuple[list[str], bool]:
    return [], False


def make(device: DoubleDevice, run: Run = well, *steps: Step) -> tuple[CutOff, list[str]]:
    """The end, and what failed; the shared connection is as before."""
    before = dict(device.connection.options)
    cut_off = CutOff(device, device.connection, device.clock)
    problems = cut_off.make(of_steps(steps or [step()]), run)
    assert device.connection.options == before
    return cut_off, problems


def test_all_went_well_and_is_confirmed_over_a_new_connection() -> None:
    device = DoubleDevice()

    def run(left_out: dict[str, str]) -> tuple[list[str], bool]:
        assert (device.state, left_out) == ("armed", {}), "nothing is changed before"
        return [], False

    cut_off, problems = make(device, run, step(), step("firewall"))
    assert (cut_off.end, problems, device.about) == ("confirmed", [], ["sshd", "firewall"])
    assert device.asked == [("armed", False), ("confirmed", True)]
    assert device.state == "confirmed"
    assert device.connection.resets == 1, "the old connection is not used on"


def test_two_checkpoints_have_two_tokens() -> None:
    device = DoubleDevice()
    make(device)
    first = device.digest
    make(device)
    assert first != device.digest and len(first) == 64


def test_a_step_that_fails_has_all_put_back_at_once() -> None:
    device = DoubleDevice()
    cut_off, problems = make(device, lambda _left_out: (["sshd: refused"], False))
    assert problems == ["sshd: refused", "what could cut us off was put back at once"]
    assert cut_off.end == "back"
    assert device.asked == [("armed", False), ("put_back", False)]
    assert device.clock.passed == 0


def test_what_cannot_be_put_back_is_named_and_who_goes_on_with_it() -> None:
    device = DoubleDevice(stays=["/etc/ssh/sshd_config.d/x is not as it was"])
    cut_off, problems = make(device, lambda _left_out: (["sshd: refused"], False))
    assert cut_off.end == "unknown"
    assert problems[1] == (
        "it is putting itself back, and tries each minute and at each start; left: "
        "/etc/ssh/sshd_config.d/x is not as it was"
    )


def test_no_new_connection_until_the_device_has_put_itself_back() -> None:
    device = DoubleDevice(new_from=240)
    cut_off, problems = make(device)
    assert problems == [
        "could not be reached over a new connection (Connection timed out); put itself back at 02:04 UTC"
    ]
    assert (cut_off.end, device.state) == ("back", "back")
    assert all(new for _, new in device.asked[1:]), "the old one says nothing of whether anybody can sign in"


def test_a_new_connection_that_works_at_last_confirms() -> None:
    device = DoubleDevice(new_from=100)
    cut_off, problems = make(device)
    assert (cut_off.end, problems, device.state) == ("confirmed", [], "confirmed")


def test_a_device_that_never_comes_back() -> None:
    device = DoubleDevice(new_from=10**9)
    cut_off, problems = make(device)
    assert problems == [
        "could not be reached over a new connection (Connection timed out); not reached since; it puts itself "
        "back at 02:04 UTC, and at its next start"
    ]
    assert cut_off.end == "unknown"
    assert device.clock.passed >= 240 + 180, "nobody gives up before the time and its margin are over"


def test_a_device_that_is_still_busy_with_it() -> None:
    device = DoubleDevice(new_from=240, stays=["ssh.service does not run"])
    cut_off, problems = make(device)
    assert cut_off.end == "unknown"
    assert "could not be reached over a new connection (Connection timed out); it is putting itself back" in problems[0]
    assert "left: ssh.service does not run" in problems[0]


@pytest.mark.parametrize("lost", ["told", "raised"])
def test_a_connection_that_is_lost_in_a_step_is_put_back_over_a_new_one(lost: str) -> None:
    device = DoubleDevice()

    def run(_left_out: dict[str, str]) -> tuple[list[str], bool]:
        device.old_works = False
        if lost == "raised":
            raise AnsibleConnectionFailure("gone")
        return ["sshd: gone"], True

    cut_off, problems = make(device, run)
    assert problems[0].endswith("gone") and problems[1:] == ["what could cut us off was put back at once"]
    assert cut_off.end == "back"
    assert device.asked == [("armed", False), ("put_back", True)]


def test_what_takes_longer_than_the_device_waits_is_never_confirmed() -> None:
    device = DoubleDevice()

    def run(_left_out: dict[str, str]) -> tuple[list[str], bool]:
        device.clock.sleep(300)
        return ["firewall: the device gave no answer"], False

    cut_off, problems = make(device, run)
    assert problems[1:] == ["put itself back at 02:04 UTC"]
    assert cut_off.end == "back"


def test_a_driver_that_cannot_be_covered_holds_up_no_other() -> None:
    device = DoubleDevice(left_out={"firewall": "two firewalls at once"})
    told: dict[str, str] = {}

    def run(left_out: dict[str, str]) -> tuple[list[str], bool]:
        told.update(left_out)
        return [], False

    cut_off, problems = make(device, run, step(), step("firewall"))
    assert (problems, cut_off.end) == (["firewall: two firewalls at once"], "confirmed")
    assert list(told) == list(device.left_out), "its steps are not made"


def test_where_all_are_left_out_nothing_is_changed() -> None:
    device = DoubleDevice(left_out={"sshd": "a Match block that contradicts"})
    cut_off, problems = make(device, unreached)
    assert (problems, cut_off.end, device.state) == (["sshd: a Match block that contradicts"], None, "none")


def unreached(_left_out: dict[str, str]) -> tuple[list[str], bool]:
    raise AssertionError("a step was made")


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (DoubleDevice(arming_fails="No space left on device"), "no checkpoint could be armed, .* No space left"),
        (DoubleDevice(old_works=False), "no checkpoint could be armed, .* it is silent"),
        (DoubleDevice(platform="windows"), "no checkpoint for this platform yet"),
        (DoubleDevice(connection=DoubleConnection("local")), "ansible_connection is local"),
        (DoubleDevice(connection=DoubleConnection("podman")), "of kind podman signs nobody in anew"),
        (
            DoubleDevice().held_by(OTHER, "ada on desk", 90),
            f"the run {OTHER} of ada on desk holds the device's checkpoint until 02:01 UTC",
        ),
    ],
)
def test_where_none_is_armed_nothing_is_changed(device: DoubleDevice, words: str) -> None:
    before = device.state
    cut_off, problems = make(device, unreached)
    assert len(problems) == 1 and "nothing that could cut us off is changed" in problems[0]
    assert re.search(words, problems[0]), problems
    assert (cut_off.end, cut_off.again, device.state) == (None, False, before)


def test_a_run_of_ours_that_was_killed_is_waited_for_and_planned_again() -> None:
    device = DoubleDevice(recorded_runs=(OTHER,)).held_by(OTHER, "ada on desk", 90)
    cut_off, problems = make(device, unreached)
    assert (problems, cut_off.again, cut_off.end, device.state) == ([], True, None, "back")
    assert 90 <= device.clock.passed < 120
    cut_off, problems = make(device)
    assert (problems, cut_off.end, device.holder) == ([], "confirmed", RUN)


def test_a_killed_run_that_never_comes_back_is_not_waited_for_for_ever() -> None:
    device = DoubleDevice(recorded_runs=(OTHER,), stays=["ssh.service does not run"]).held_by(OTHER, "ada on desk", 90)
    cut_off, problems = make(device, unreached)
    assert not cut_off.again and device.clock.passed >= 90 + 180
    assert problems == [
        f"the device is putting back the run {OTHER} of ada on desk (left: ssh.service does not run): nothing that "
        "could cut us off is changed"
    ]


def at_terminal(**more: Any) -> DoubleDevice:
    return DoubleDevice(connection=DoubleConnection("local"), terminal=True, **more)


def test_at_a_terminal_a_person_confirms(capsys: pytest.CaptureFixture[str]) -> None:
    device = at_terminal(confirms_at=60)
    cut_off, problems = make(device)
    assert (cut_off.end, problems) == ("confirmed", [])
    told = " ".join(capsys.readouterr().out.split())
    assert "pc1: sign in anew, on a new terminal, and type: leeboard checkpoint confirm" in told
    assert "Without that it is put back at 02:04 UTC." in told
    assert "confirmed" not in [asked for asked, _ in device.asked], "the run itself says nothing of a new sign-in"


def test_at_a_terminal_nobody_confirms() -> None:
    cut_off, problems = make(at_terminal())
    assert (cut_off.end, problems) == ("back", ["nobody confirmed in time; put itself back at 02:04 UTC"])


def test_a_preview_arms_nothing() -> None:
    device = DoubleDevice(preview=True, left_out={"firewall": "two firewalls at once"})
    cut_off = CutOff(device, device.connection, device.clock)
    assert cut_off.preview(of_steps([step(), step("firewall")])) == (
        {"firewall": "firewall: two firewalls at once"},
        "",
        device.holds,
    )
    assert (device.state, device.asked) == ("none", [("armed", False)])


def test_a_preview_of_what_would_be_refused_says_so() -> None:
    device = DoubleDevice(preview=True, recorded_runs=(OTHER,)).held_by(OTHER, "ada on desk", 90)
    left_out, refused, seconds = CutOff(device, device.connection, device.clock).preview(of_steps([step()]))
    assert (left_out, seconds, device.clock.passed) == ({}, 0, 0)
    assert "holds the device's checkpoint until" in refused


@pytest.mark.parametrize("nonsense", [None, [], "armed", {"state": "\x1b[2J"}, {"state": "armed", "run_id": OTHER}])
def test_an_answer_that_makes_no_sense_changes_nothing(nonsense: Any) -> None:
    device = DoubleDevice()
    device.ask = lambda _module, _arguments: {"changed": True, "checkpoint": nonsense}
    cut_off, problems = make(device, unreached)
    assert cut_off.end is None and len(problems) == 1
    assert problems[0].isprintable() and "nothing" in problems[0]


def test_no_token_is_in_what_is_told(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    tokens: list[str] = []
    device = DoubleDevice(new_from=240)
    ask = device.ask

    def listening(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        tokens.append(arguments.get("token", ""))
        return ask(module, arguments)

    device.ask = listening
    _, problems = make(device)
    told = " ".join([*problems, capsys.readouterr().out, caplog.text])
    (token,) = {token for token in tokens if token}
    assert len(token) == 64 and token not in told
