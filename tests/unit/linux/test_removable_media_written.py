"""What is written about removable media, on a folder that stands for a machine: refusals, kills, what is put back.

Its polkit says what the first rule by name says, and its modprobe the first "install"; the real ones are in
test_removable_media_real.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import (
    driver as removable_media,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo

from tests.unit.linux.folder import Answers, folder
from tests.unit.linux.test_removable_media import ASKS, INSTALLED, REFUSED, STOPPED
from tests.unit.linux.undoing import tree

RULE, STOP = "etc/polkit-1/rules.d/00-leeboard.rules", "etc/modprobe.d/00-leeboard-usb.conf"
REFUSE = [{"address": "plain", "value": "refused"}]
NO_DRIVES = [{"address": "usb-storage", "value": False}]
LOADS = Completed(0, "insmod /lib/modules/6.12/kernel/drivers/usb/storage/usb-storage.ko.xz\n", "")
SHOWN = "\n".join("ActiveState=active\nStateChangeTimestamp=@9999999999\n" for _unit in UNITS)
NO_USB = Completed(0, '{"blockdevices": [{"name": "vda", "kname": "vda", "type": "disk", "maj:min": "254:0"}]}', "")
MOUNTED = {"/proc/self/mountinfo": "1 1 254:0 / / rw - ext4 /dev/vda rw\n"}
RELOAD = ["systemctl", "try-reload-or-restart", "polkit.service"]


def machine(root: Path, files: dict[str, str | None] | None = None, **answers: Any) -> tuple[Host, Answers]:
    """A machine with polkit, udisks and modprobe, and what they make of the files in it."""

    def first(where: str, ending: str, said: str) -> str:
        """The first file of a folder by name that says anything, as text."""
        paths = sorted((root / where).glob(f"*{ending}"), key=lambda path: path.name)
        return next((text for text in (path.read_text() for path in paths) if re.search(said, text)), "")

    def polkit(argv: list[str]) -> Completed:
        rule = first("etc/polkit-1/rules.d", ".rules", "Result")
        mounts = any("filesystem-mount" in word for word in argv)
        return REFUSED if "Result.NO" in rule and mounts else ASKS

    def modprobe(argv: list[str]) -> Completed:
        return STOPPED if "/bin/false" in first("etc/modprobe.d", ".conf", f"(?m)^install {argv[-1]} ") else LOADS

    runner = Answers(
        {
            "lsblk": NO_USB,
            **answers,
            "pkcheck": polkit,
            "modprobe": modprobe,
            "systemctl show": Completed(0, SHOWN, ""),
            "systemctl try-reload-or-restart polkit.service": Completed(0, "", ""),
        }
    )
    host = folder(root, {**INSTALLED, **MOUNTED, "/run/systemd/system/x": "", **(files or {})}, runner)
    host.is_root = True
    return host, runner


def value(done: dict[str, Any], address: str) -> Any:
    return done["after"][address]["effective"]["value"]


def test_both_files_in_one_roll_out_and_back_again(tmp_path: Path) -> None:
    host, runner = machine(tmp_path)
    before = tree(tmp_path)
    preview = apply(removable_media, host, REFUSE + NO_DRIVES, "run", check=True)
    assert tree(tmp_path) == before and RELOAD not in runner.asked
    host.forget()
    done = apply(removable_media, host, REFUSE + NO_DRIVES, "run")
    assert (value(done, "plain"), value(done, "usb-storage")) == ("refused", False)
    assert preview["diff"] == done["diff"]
    assert [Path(one["after_header"]).name for one in done["diff"]] == ["00-leeboard-usb.conf", "00-leeboard.rules"]
    assert RELOAD in runner.asked
    assert [(tmp_path / path).stat().st_mode & 0o777 for path in (RULE, STOP)] == [0o644, 0o644]
    again = apply(removable_media, host, REFUSE + NO_DRIVES, "again")
    assert (again["changed"], again["journal"]) == (False, None)
    assert undo(host, "run", "undo")["commands"] == [" ".join(RELOAD)]
    assert tree(tmp_path) == before


def test_what_is_right_already_is_left_alone(tmp_path: Path) -> None:
    own = {
        "/etc/polkit-1/rules.d/50-sticks.rules": "polkit.addRule(function () { return polkit.Result.NO; });\n",
        "/etc/modprobe.d/cis.conf": "install usb-storage /bin/false\ninstall uas /bin/false\n",
    }
    host, _ = machine(tmp_path, own)
    assert not apply(removable_media, host, REFUSE + NO_DRIVES, "run")["changed"]
    assert not (tmp_path / RULE).exists() and not (tmp_path / STOP).exists()


def test_a_rule_before_ours_puts_it_back_and_is_named(tmp_path: Path) -> None:
    own: dict[str, str | None] = {"/etc/polkit-1/rules.d/00-cameras.rules": "return polkit.Result.YES;\n"}
    host, runner = machine(tmp_path, own)
    before = tree(tmp_path)
    with pytest.raises(
        ChangeRefused, match=r"polkit asks /etc/polkit-1/rules.d/00-cameras.rules before .* is put back"
    ):
        apply(removable_media, host, REFUSE, "run")
    assert tree(tmp_path) == before
    assert runner.asked.count(RELOAD) == 2, "the rule is taken out of the running polkit as well"
    assert not undo(host, "run", "undo")["put_back"]


def test_a_run_that_was_killed_before_it_put_the_rule_back_says_the_same(tmp_path: Path) -> None:
    own: dict[str, str | None] = {"/etc/polkit-1/rules.d/00-cameras.rules": "return polkit.Result.YES;\n"}
    host, _ = machine(tmp_path, own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "unlink", killed)
        with pytest.raises(Killed):
            apply(removable_media, host, REFUSE, "killed")
    assert (tmp_path / RULE).exists()
    if os.geteuid() == 0:
        with pytest.raises(ChangeRefused, match=r"polkit asks /etc/polkit-1/rules.d/00-cameras.rules before"):
            apply(removable_media, Host(str(tmp_path), host._runner), REFUSE, "again")
    assert undo(host, "killed", "undo")["put_back"][0]["target"] == f"/{RULE}"
    assert not (tmp_path / RULE).exists()


def test_another_install_before_ours_is_named(tmp_path: Path) -> None:
    own: dict[str, str | None] = {"/etc/modprobe.d/00-kiosk.conf": "install uas /sbin/modprobe --ignore-install uas\n"}
    host, _ = machine(tmp_path, own)
    before = tree(tmp_path)
    with pytest.raises(ChangeRefused, match=r"uas can be loaded, though .*; look into /etc/modprobe.d/00-kiosk.conf"):
        apply(removable_media, host, NO_DRIVES, "run")
    assert tree(tmp_path) == before


def test_a_driver_that_is_loaded_waits_for_the_next_start(tmp_path: Path) -> None:
    host, _ = machine(tmp_path, {"/sys/module/usb_storage/initstate": "live\n", "/proc/stat": "btime 1000000000\n"})
    done = apply(removable_media, host, NO_DRIVES, "run")
    after = done["after"]["usb-storage"]
    assert (after["effective"]["value"], after["running"]["value"]) == (False, True)
    assert after["running"]["source"] == "usb-storage is loaded until the next start"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"/usr/bin/pmount": ""}, "/usr/bin/pmount mounts drives for ordinary users"),
        ({"/etc/fstab": "/dev/sdb1 /media/stick vfat user,noauto 0 0\n"}, "/etc/fstab lets ordinary users mount"),
        ({"/etc/polkit-1/rules.d/00-leeboard.rules": None}, "is a symbolic link to /dev/null"),
    ],
)
def test_what_no_rule_of_polkit_mends_is_refused(tmp_path: Path, files: dict[str, str | None], why: str) -> None:
    host, _ = machine(tmp_path, files)
    before = tree(tmp_path)
    with pytest.raises(ChangeRefused, match=why):
        apply(removable_media, host, REFUSE, "run")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("address", "value"), [("plain", "not-refused"), ("luks", "not-refused"), ("usb-storage", True), ("usb", False)]
)
def test_only_a_refusal_can_be_written(tmp_path: Path, address: str, value: Any) -> None:
    host, _ = machine(tmp_path)
    with pytest.raises(ChangeRefused, match=r"only that drives are refused|no address"):
        removable_media.dry_run(host, [{"address": address, "value": value}])


def test_without_udisks_there_is_nothing_to_refuse(tmp_path: Path) -> None:
    host, _ = machine(tmp_path)
    (tmp_path / "usr/libexec/udisks2/udisksd").unlink()
    with pytest.raises(ChangeRefused, match="udisks2 is not installed"):
        apply(removable_media, host, REFUSE, "run")


def test_a_reload_that_fails_is_said_with_where_the_old_files_are(tmp_path: Path) -> None:
    host, _ = machine(tmp_path, **{"systemctl try-reload-or-restart": Completed(1, "", "Unit is masked.\n")})
    with pytest.raises(ChangeRefused, match=r"Unit is masked.*the old ones are in /var/lib/leeboard/journal/run.jsonl"):
        apply(removable_media, host, REFUSE, "run")


def test_what_can_no_more_be_asked_afterwards_is_put_back(tmp_path: Path) -> None:
    host, runner = machine(tmp_path)
    before = tree(tmp_path)

    def gone(argv: list[str]) -> Completed:
        runner.answers["pkcheck"] = Completed(127, "", "ServiceUnknown")
        return Completed(0, "", "")

    runner.answers[" ".join(RELOAD)] = gone
    with pytest.raises(ChangeRefused, match=r"could not be told: pkcheck ended with status 127.*is put back"):
        apply(removable_media, host, REFUSE, "run")
    assert tree(tmp_path) == before


class Killed(BaseException):
    """The process ends here."""


def killed(*_given: Any, **_named: Any) -> None:
    raise Killed


@pytest.mark.parametrize("at", range(1, 45))
@pytest.mark.parametrize("earlier", [False, True])
def test_killed_at_any_step_the_next_run_ends_it(at: int, earlier: bool, tmp_path: Path) -> None:
    """Also where somebody's rule wins and ours is put back: then the run that is killed leaves the old or the new."""
    rule: dict[str, str | None] = {"/etc/polkit-1/rules.d/00-a.rules": "return polkit.Result.YES;\n"}
    host, runner = machine(tmp_path, rule if earlier else None)
    before = tree(tmp_path)
    count = 0

    def dying(real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == at:
                raise Killed
            return real(*given, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "replace", "unlink", "fsync", "fchmod", "makedirs"):
            patch.setattr(os, name, dying(getattr(os, name)))
        try:
            apply(removable_media, host, REFUSE, "killed")
        except (Killed, ChangeRefused) as problem:
            died = isinstance(problem, Killed)
        else:
            died = False
    assert died == (count >= at)
    ours = {path: kept for path, kept in tree(tmp_path).items() if ".leeboard-" not in path}
    assert ours.keys() - before.keys() <= {RULE}
    again = Host(str(tmp_path), runner)
    again.is_root = True
    if earlier:
        with pytest.raises(ChangeRefused, match=r"polkit asks /etc/polkit-1/rules.d/00-a.rules before"):
            apply(removable_media, again, REFUSE, "again")
    else:
        apply(removable_media, again, REFUSE, "again")
        assert removable_media.observe(again, ["plain"])["plain"]["effective"]["value"] == "refused"
    for run in ("again", "killed"):
        undo(Host(str(tmp_path), runner), run, f"undo-{run}")
    assert {path: kept for path, kept in tree(tmp_path).items() if ".leeboard-" not in path} == before


def test_the_steps_of_the_kills_reach_the_end(tmp_path: Path) -> None:
    count = 0

    def counted(real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            return real(*given, **named)

        return call

    host, _ = machine(tmp_path, {"/etc/polkit-1/rules.d/00-a.rules": "return polkit.Result.YES;\n"})
    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "replace", "unlink", "fsync", "fchmod", "makedirs"):
            patch.setattr(os, name, counted(getattr(os, name)))
        with pytest.raises(ChangeRefused):
            apply(removable_media, host, REFUSE, "run")
    assert 20 < count < 45
