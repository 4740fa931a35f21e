"""`leeboard forget`: what it shows, what it removes, what is left, and being broken off anywhere."""

from __future__ import annotations

import fcntl
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from leeboard.cli.forget import command
from leeboard.errors import LeeboardError
from leeboard.escrow.vault import clone_detection, controller_state
from leeboard.escrow.vault.records import Key, Records, State
from leeboard.estate import journal
from leeboard.estate.journal import WaiverLine
from leeboard.evidence.keeping.forgetting import named
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes import forgotten, pins
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import started_of
from leeboard.policy.load import load
from tests.unit.cli.forgetful import LEEBOARD, NAMES, ROWS, SERIAL, URN, contents, devices, fill, forget, left
from tests.unit.estate.risks import waiver
from tests.unit.evidence.estate import expected, observation, run_id, write
from tests.unit.playing import command as run_command

WAIVERS = """---
# Kept as it is.
waivers:
  - {id: W-2026-001, control: LCK-01, devices: [A-1], reason: A screen., owner: Head teacher, approved_by: Governors,
     granted: 2026-09-01, last_day: 2027-07-20}
  - {id: W-2026-002, control: LCK-02, devices: [A-1, A-10], reason: A screen., owner: Head teacher,
     approved_by: Governors, granted: 2026-09-01, last_day: 2027-07-20}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path)
    return tmp_path


def test_it_shows_everything_and_removes_what_may_be_removed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundles = sorted((here / "var" / "evidence" / URN).glob("*.xz"))
    before = [path.read_bytes() for path in bundles]
    rest = (here / "la" / "one" / "devices.csv").read_text().replace(ROWS.splitlines(keepends=True)[0], "")
    assert forget(dry_run=True, by="", reason="") == 0
    said = capsys.readouterr().out
    for words in (
        "A-1 (lobby-kiosk.900001) of School 900001, 900001",
        "la/one/devices.csv, row 2",
        "evidence/900001/pins.json",
        "A-1 in 900001: last seen 4 Nov 2026",
        "its name in 3 runs",
        "the whole page; the next check makes it anew",
        "3 bundles of 3, 2 Nov 2026 to 4 Nov 2026; FWD-04 asks to keep the last of them until 4 Nov 2027",
        "each bundle holds the hash of the one before it",
    ):
        assert words in said, said
    assert left(here / "la", *NAMES) and (here / "var" / "drift.html").exists()
    assert forget() == 0
    assert (here / "la" / "one" / "devices.csv").read_text() == rest
    assert left(here, *NAMES) == [str(path.relative_to(here)) for path in bundles]
    assert [path.read_bytes() for path in bundles] == before
    assert list(pins.read(here / "var" / "evidence" / URN / "pins.json")) == ["A-10"]
    with Store(here / "var" / "leeboard.db") as store:
        assert [one.asset for one in named(store)] == ["A-10"]
        assert ingest(store, [here / "var" / "evidence"], load()).problems == []
    state = json.loads(gzip.decompress((here / "var" / "news.txt.state.gz").read_bytes()))
    assert state["wrong"] == [[URN, "A-10", "LCK-01", "drifted"]] and state["devices"] == [[URN, "A-10"]]
    (entry,) = forgotten.read(URN, here / "var" / "evidence" / URN).entries
    assert (entry.by, entry.reason) == ("Data protection officer", "a request of 20 November")


@pytest.mark.parametrize(("keys", "words"), [(2, "2 recovery keys in the vault"), (0, "which LUKS disks it showed")])
def test_keys_of_its_disks_are_named_and_stay(
    here: Path, capsys: pytest.CaptureFixture[str], keys: int, words: str
) -> None:
    var = here / "var"
    key = Key(urn=URN, asset="A-1", id="k", state=State.PROVED, digest="0", disk="d", made="2026-11-02T00:00:00Z")
    controller_state.write_records(var, URN, "A-1", Records(keys=(key,) * keys))
    (var / clone_detection.SEEN / URN).mkdir(parents=True)
    (var / clone_detection.SEEN / URN / "A-1.json").write_text('[["d", "k"]]')
    before = list(contents(var / controller_state.FOLDER))
    assert forget() == 0
    said = capsys.readouterr().out
    assert words in said and "leeboard escrow retire A-1" in said
    assert "Leeboard does not know this file" not in said
    assert list(contents(var / controller_state.FOLDER)) == before


@pytest.mark.parametrize("name", ["A-1", "lobby-kiosk", "lobby-kiosk.900001"])
def test_doing_it_again_is_harmless_and_says_so(here: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert forget(name) == 0
    before = {one: text for one, text in contents(here) if not one.startswith("var/leeboard.db")}
    capsys.readouterr()
    assert forget(name) == 0
    assert "was forgotten on " in (said := capsys.readouterr().out) and "by Data protection officer" in said
    assert "nothing that may be removed is left" in said
    assert {one: text for one, text in contents(here) if not one.startswith("var/leeboard.db")} == before


def test_a_database_made_anew_is_without_it(here: Path) -> None:
    forget()
    for path in here.glob("var/leeboard.db*"):
        path.unlink()
    done = run_command(here, *LEEBOARD, "ingest")
    assert (done.returncode, done.stdout) == (0, "3 bundles loaded, 0 already known, 0 problems\n"), done.stderr
    with Store(here / "var" / "leeboard.db") as store:
        assert [one.asset for one in named(store)] == ["A-10"] and store.bundles()[0].expected == 2
    # A file that somebody brings is not loaded either: the school's own folder says so.
    brought = write(here / "usb", run_id(-5), devices(), {"A-1": observation()}, urn=URN)
    done = run_command(here, *LEEBOARD, "ingest", str(brought))
    assert done.returncode == 0, done.stderr
    with Store(here / "var" / "leeboard.db") as store:
        assert [one.asset for one in named(store)] == ["A-10"]
        assert len(store.bundles()) == 5, "it, and its receipt"


def test_its_history_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = (here / "la" / "one" / "devices.csv").read_bytes()
    assert forget(keep_register=True) == 0
    assert "stays, since --keep-register asks for it" in capsys.readouterr().out
    assert (here / "la" / "one" / "devices.csv").read_bytes() == sheet
    state = json.loads(gzip.decompress((here / "var" / "news.txt.state.gz").read_bytes()))
    assert [URN, "A-1"] in state["devices"] and len(state["wrong"]) == 1
    with Store(here / "var" / "leeboard.db") as store:
        assert [one.asset for one in named(store)] == ["A-10"]
    assert forget(keep_register=True) == 0
    assert "Nothing of it may be removed." in capsys.readouterr().out
    assert len(forgotten.read(URN, here / "var" / "evidence" / URN).entries) == 1
    # Checked again since, and forgotten again.
    write(here / "var" / "evidence", run_id(900), devices(), {"A-1": observation()}, urn=URN)
    with Store(here / "var" / "leeboard.db") as store:
        ingest(store, [here / "var" / "evidence"], load(), at=started_of(run_id(900)))
        assert [one.asset for one in named(store)] == ["A-1", "A-10"]
    assert forget() == 0
    assert left(here / "la", *NAMES) == []
    assert len(forgotten.read(URN, here / "var" / "evidence" / URN).entries) == 2


def test_evidence_that_was_never_loaded_is_kept_out_as_well(here: Path) -> None:
    for path in here.glob("var/leeboard.db*"):
        path.unlink()
    pins.release(here / "var" / "evidence", URN, "A-1")
    for name in ("drift.html", "news.txt", "news.txt.state.gz"):
        (here / "var" / name).unlink()
    assert forget(keep_register=True) == 0
    assert not (here / "var" / "leeboard.db").exists(), "looking made a database"
    with Store(here / "var" / "leeboard.db") as store:
        ingest(store, [here / "var" / "evidence"], load())
        assert [one.asset for one in named(store)] == ["A-10"]


def test_what_waivers_and_notes_say_of_it_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "la" / "one" / "waivers.yml").write_text(WAIVERS)
    sheet = here / "la" / "one" / "devices.csv"
    sheet.write_text(
        sheet.read_text()
        .replace("level,serial\n", "level,serial,notes\n")
        .replace("PF9ABCDE", "PF9ABCDE,by lobby-kiosk")
    )
    (here / "var" / "mine.txt").write_text(f"call about {SERIAL}\n")
    risk = waiver(devices=["A-1", "A-2"])
    line = WaiverLine(at=started_of(run_id(0)), kind="waivers", id=risk.id, how="new", by="x", waiver=risk)
    journal.add(here / "var", URN, lambda _: [line])
    assert forget() == 0
    said = capsys.readouterr().out
    for words in (
        "la/one/waivers.yml, lines 4, 6",
        "W-2026-001 (LCK-01, accepted by Governors until 2027-07-20) names only this device. It would meet no device",
        "W-2026-002 (LCK-02, accepted by Governors until 2027-07-20) names it among others. Take it out of the list",
        "line 2, once its row is out: your own words",
        "mine.txt\n            names it; Leeboard does not know this file",
        "who let what be changed and who accepted which risk names it; stays",
    ):
        assert words in said, said
    assert (here / "la" / "one" / "waivers.yml").read_text() == WAIVERS
    checked = run_command(here, *LEEBOARD, "waiver", "check", "-i", "la")
    assert checked.returncode == 3 and "W-2026-001: A-1: no such device at the school" in checked.stdout


def test_a_neighbour_that_names_it_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"asset": "A-10", "name": f"office-10.{URN}", "at": "2026-11-09T02:10:07Z", "outcome": "another_machine",
             "message": "another machine answered: this is A-1 of the same school\x1b[31m"}]  # fmt: skip
    write(here / "var" / "evidence", run_id(7), devices(), rows, urn=URN)
    with Store(here / "var" / "leeboard.db") as store:
        ingest(store, [here / "var" / "evidence"], load())
    assert forget() == 0
    assert "what is known of A-10 names it; stays until their next visits" in (said := capsys.readouterr().out)
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"device": "A-2"}, r"A-2: there is no such device in .*; did you mean A-1"),
        ({"device": "lobby-kiosc"}, "did you mean lobby-kiosk"),
        ({"device": "\x1b[31m"}, r"\\x1b\[31m: there is no such device"),
        ({"by": ""}, "--by: say it in one line"),
        ({"reason": "two\nlines"}, "--reason: say it in one line"),
        ({"reason": "the lobby-kiosk of Reception"}, "name the device; say it without"),
        ({"by": f"owner of {SERIAL}"}, "name the device; say it without"),
        ({"yes": False}, "nobody can be asked here; nothing was removed; give --yes"),
        ({"school": "900002"}, "there is no such device"),
        ({"school": "nowhere"}, "0 schools fit"),
        ({"source": "nowhere"}, "there is no such inventory"),
    ],
)
def test_what_is_refused_changes_nothing(here: Path, more: dict[str, Any], words: str) -> None:
    before = dict(contents(here))
    with pytest.raises(LeeboardError, match=words):
        forget(**more)
    after = dict(contents(here))
    for name in before.keys() | after.keys():
        assert name.startswith("var/leeboard.db-") or before.get(name) == after.get(name), name


def test_it_asks_and_no_is_no(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(command.typer, "confirm", lambda _: False)
    assert forget(yes=False) == 0
    assert capsys.readouterr().out.endswith("Nothing was removed.\n") and "drift.html" in str(left(here, *NAMES))
    monkeypatch.setattr(command.typer, "confirm", lambda _: True)
    assert forget(yes=False) == 0
    assert "drift.html" not in str(left(here, *NAMES))


def test_a_name_that_two_schools_have_needs_the_school(here: Path) -> None:
    two = here / "la" / "two" / "devices.csv"
    two.write_text(
        two.read_text() + "A-1,other-kiosk,,linux,desktop,office,,\nB-1,lobby-kiosk,,linux,desktop,office,,\n"
    )
    before = two.read_bytes()
    for name in ("A-1", "lobby-kiosk"):
        with pytest.raises(LeeboardError, match="2 devices are called so: A-1 in 900001"):
            forget(name)
    assert forget("A-1", school="School 900001") == 0
    assert two.read_bytes() == before
    assert forget("lobby-kiosk") == 0, "only one is left that is called so"
    assert b"B-1" not in two.read_bytes() and b"other-kiosk" in two.read_bytes()


def test_a_run_that_goes_on_is_waited_for(here: Path) -> None:
    with (here / "var" / "evidence" / URN / "run.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LeeboardError, match="another run is still recording"):
            forget()
    with (here / "var" / "night.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LeeboardError, match="a check of many schools is going on"):
            forget()
    assert "la/one/devices.csv" in left(here, *NAMES)
    assert not (here / "var" / "evidence" / URN / forgotten.FILE).exists()


def test_a_device_that_left_the_register_long_ago(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = here / "la" / "one" / "devices.csv"
    sheet.write_text(sheet.read_text().replace(ROWS.splitlines(keepends=True)[0], ""))
    before = sheet.read_bytes()
    (here / "la" / "one" / "waivers.yml").write_text(WAIVERS)
    (here / "la" / "one" / "school.yml").open("a").write(f"# ask about {SERIAL}\n")
    assert forget("lobby-kiosk") == 0
    said = capsys.readouterr().out
    assert "devices.csv" not in said and sheet.read_bytes() == before
    assert "W-2026-001" in said and "school.yml\n            line 5: your own words" in said
    (here / "la" / "one" / "waivers.yml").unlink()
    (here / "la" / "one" / "school.yml").write_text("")
    assert all(name.endswith(".jsonl.xz") for name in left(here, "A-1", "lobby-kiosk", SERIAL))


def test_names_from_before_go_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier URN of its school by its tag, and another tag by its serial."""
    settings = here / "la" / "one" / "school.yml"
    settings.write_text(settings.read_text() + 'predecessors: ["900009"]\n')
    evidence = here / "var" / "evidence"
    write(evidence, run_id(-20), devices("900009"), {"A-1": observation()}, urn="900009")
    old = [expected("OLD-7", name=f"old-name.{URN}", urn=URN, serial=SERIAL)]
    write(evidence, run_id(-10), old, {"OLD-7": observation()}, urn=URN)
    with Store(here / "var" / "leeboard.db") as store:
        ingest(store, [evidence], load())
    assert forget() == 0
    assert "Known before as OLD-7 in 900001, A-1 in 900009: that is meant as well." in capsys.readouterr().out
    assert all(name.endswith(".jsonl.xz") for name in left(here, *NAMES, "OLD-7", "old-name"))
    with Store(here / "anew.db") as store:
        ingest(store, [evidence], load())
        assert [(one.urn, one.asset) for one in named(store)] == [(URN, "A-10"), ("900009", "A-10")]


def test_what_ought_to_go_and_cannot_ends_with_3(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = here / "la" / "one" / "devices.csv"
    sheet.write_bytes(sheet.read_text().encode("utf-16"))
    assert forget() == 3
    said = capsys.readouterr().out
    assert "What ought to go, and Leeboard cannot remove: 1 place" in said and "take it out by hand" in said
    with Store(here / "var" / "leeboard.db") as store:
        assert [one.asset for one in named(store)] == ["A-10"]


def test_another_inventory_is_its_owners(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared = {"leeboard_urn": URN, "leeboard_platform": "linux", "leeboard_form": "desktop", "leeboard_role": "office",
              "leeboard_level": "standard"}  # fmt: skip
    hosts = {
        f"lobby-kiosk.{URN}": {"leeboard_asset": "A-1", "leeboard_serial": SERIAL},
        "x": {"leeboard_asset": "A-10"},
    }
    said = {"all": {"hosts": hosts, "vars": shared}}
    (here / "hosts.yml").write_text(json.dumps(said))
    assert forget("A-1", "hosts.yml") == 3
    assert "your own file, which Leeboard does not change" in capsys.readouterr().out
    assert json.loads((here / "hosts.yml").read_text()) == said
    assert [name for name in left(here / "var", *NAMES) if not name.endswith(".jsonl.xz")] == []
    del hosts[f"lobby-kiosk.{URN}"]
    (here / "hosts.yml").write_text(json.dumps(said))
    assert forget("A-1", "hosts.yml") == 0
