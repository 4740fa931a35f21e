"""Challenges: an answer that was not made for its visit is never filed as tonight's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.challenge import challenge, new_salt
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import read_line, write_line
from leeboard.evidence.loading.ingest import Ingested, ingest
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import SALT, URN, answered, expected, line, observation, older, run_id, write

RUN = run_id(0)
AT = started_of(RUN)
HEADER: dict[str, Any] = {
    "kind": "header", "schema": 2, "run": RUN, "started": "2026-11-02T02:10:00Z", "leeboard": "0.1.0",
    "action": "check", "school": {"urn": URN, "name": "Hill School"}, "baseline": "b", "inventory": "c",
    "previous": None, "expected": [], "salt": SALT,
}  # fmt: skip


def loaded(tmp_path: Path, baseline: Baseline, rows: list[dict[str, Any]], salt: str = SALT) -> tuple[Ingested, str]:
    """What came of loading a bundle of LT-001 with these lines, and the outcome that the store has of the device."""
    write(tmp_path / "evidence", RUN, [expected()], rows, salt=salt)
    with Store(tmp_path / "leeboard.db") as store:
        done = ingest(store, [tmp_path / "evidence"], baseline)
        (device,) = store.devices()
    return done, device.outcome


def test_anybody_can_work_it_out_anew() -> None:
    written = json.dumps(["aa", RUN, URN, "LT-001", 7])
    assert challenge("aa", RUN, URN, "LT-001", 7) == hashlib.sha256(written.encode()).hexdigest()
    assert len({new_salt() for _ in range(10)}) == 10


def test_each_part_makes_another() -> None:
    first = ("aa", RUN, URN, "LT-001", 7)
    others = [("ab", *first[1:]), ("aa", run_id(1), *first[2:]), ("aa", RUN, "123457", *first[3:])]
    others += [(*first[:3], "LT-002", 7), (*first[:4], 8)]
    assert len({challenge(*one) for one in [first, *others]}) == 6


def test_the_answer_to_the_challenge_counts(tmp_path: Path, baseline: Baseline) -> None:
    done, outcome = loaded(tmp_path, baseline, [answered(line("LT-001", AT), RUN, 12)])
    assert (done.new, done.problems, done.notes, outcome) == (1, [], [], "observed")


@pytest.mark.parametrize("wrong", ["of another night", "of another device", "of another visit", "none", "no number"])
def test_an_old_answer_is_no_observation(tmp_path: Path, baseline: Baseline, wrong: str) -> None:
    row = answered(line("LT-001", AT), RUN, 12)
    if wrong == "of another night":
        row["observation"] = answered(line("LT-001", AT), run_id(-1), 12)["observation"]
    elif wrong == "of another device":
        row["observation"] = answered(line("LT-002", AT), RUN, 12)["observation"]
    elif wrong == "of another visit":
        row["visit"] = 13
    elif wrong == "none":
        del row["observation"]["challenge"]
    else:
        del row["visit"]
    done, outcome = loaded(tmp_path, baseline, [row])
    assert (done.new, done.problems, outcome) == (1, [], "failed")
    assert "LT-001: its answer was not made for this visit" in done.notes[0]


def test_the_same_answer_twice_is_one_too_many(tmp_path: Path, baseline: Baseline) -> None:
    first, second = (answered(line("LT-001", AT), RUN, number) for number in (3, 9))
    done, outcome = loaded(tmp_path, baseline, [first, second])
    assert (done.notes, outcome) == ([], "observed")
    (tmp_path / "again").mkdir()
    done, outcome = loaded(tmp_path / "again", baseline, [first, second, first])
    assert outcome == "failed" and "visits have rising numbers" in done.notes[0]


def test_old_bundles_have_no_challenge(tmp_path: Path, baseline: Baseline) -> None:
    path = older(write(tmp_path / "evidence", RUN, [expected()], [line("LT-001", AT, observation=observation())]))
    with Store(tmp_path / "leeboard.db") as store:
        done = ingest(store, [path], baseline, at=AT)
        assert (done.new, done.problems, done.notes) == (1, [], [])
        assert store.devices()[0].outcome == "observed"
    with Reader(path) as reader:
        assert (reader.header.schema_version, reader.header.salt, reader.header.extra) == (1, "", {})


def test_a_visit_has_no_number_without_a_salt(tmp_path: Path, baseline: Baseline) -> None:
    rows = [answered(line("LT-001", AT, observation=observation()), RUN, 1)]
    done, outcome = loaded(tmp_path, baseline, rows, salt="")
    assert (done.new, done.problems, outcome) == (1, [], "failed")
    with Reader(next((tmp_path / "evidence" / URN).glob("*.xz"))) as reader:
        (record,) = reader.devices()
    assert "has the number of a visit, and its bundle has no salt" in record.line.message


@pytest.mark.parametrize(
    "extra", [{}, {"later": [1, None, {"x": "y"}]}, {"fits": "x" * (16 * 1024 - len('{"fits":""}'))}]
)
def test_what_is_extra_is_kept_and_means_nothing(extra: dict[str, Any]) -> None:
    header = read_line(write_line({**HEADER, "extra": extra}))
    assert header.extra == extra  # type: ignore[union-attr]
    assert header.model_copy(update={"extra": {}}) == read_line(write_line(HEADER))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"extra": {"long": "x" * 16 * 1024}}, "more than 16384 bytes"),
        ({"extra": [1]}, "extra"),
        ({"salt": ""}, "salt"),
        ({"salt": None}, "salt"),
        ({"salt": "x" * 64}, "salt"),
        ({"schema": 1}, "a header of schema 1 has neither salt nor extra"),
        ({"schema": 4}, "has schema 4, and this Leeboard reads 1 to 3; update Leeboard"),
        ({"schema": True}, "has schema True"),
        ({"schema": 2.0}, "has schema 2.0"),
    ],
)
def test_a_wrong_header_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Exception, match=words):
        read_line(write_line({**HEADER, **changes}))


def test_a_file_without_a_salt_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / f"{RUN}.jsonl"
    path.write_bytes(write_line({key: value for key, value in HEADER.items() if key != "salt"}))
    with pytest.raises(LeeboardError, match=r"line 1: makes no sense"):
        Reader(path)
