"""The same setting as Ubuntu 24.04 and Debian 13 say it: real drivers and the brain must come to the same verdicts.

`upgrades*.yml` has the pairs. Each is a whole machine (`tests/unit/linux/whole.py`) twice, with what each system has:

    name, from          what is the same, and the sources of both forms
    debian, ubuntu      files (text, `captured: NAME`, or null for none), says (what a program prints, by words of its
                        command; `status` with `out` and `err` where it is not plain success), gsettings (its answers),
                        sshd (version, set: keywords, block: one Match block with `text` and what it sets), modes (of
                        files), disks (what lsblk shows)
    both                the same for both, below what each has of its own
    expect              {control: {setting: verdict}} of both; a setting that only one system has is under its own name
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed

from tests.unit.linux import disks, whole
from tests.unit.linux.test_bad_sources import Seen, only_words

PAIRS: list[dict[str, Any]] = [
    pair
    for path in sorted(Path(__file__).parent.glob("upgrades*.yml"))
    for pair in yaml.safe_load(path.read_text(encoding="utf-8"))
]
SYSTEMS = {
    "debian": {"/etc/os-release": 'ID=debian\nVERSION_ID="13"\n'},
    "ubuntu": {"/etc/os-release": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n'},
}


def text_of(raw: Any) -> str:
    return (whole.CAPTURED / raw["captured"]).read_text() if isinstance(raw, dict) else str(raw)


def sshd(version: str, set: dict[str, str] | None = None, block: dict[str, Any] | None = None) -> Any:
    """sshd -T -ddd of a version (servconf.c of V_9_6_P1 and V_10_0_P2): what it says of a Match line differs."""
    lines = (whole.CAPTURED / f"sshd-{version}.txt").read_text().splitlines()
    after = {"9.6": "", "10.0": " on line 9"}[version]

    def settings(changed: dict[str, str]) -> str:
        return "".join(f"{key} {changed.get(key, rest)}\n" for key, _blank, rest in (x.partition(" ") for x in lines))

    def answer(argv: list[str]) -> Completed:
        out = ""
        for question in argv[argv.index("/usr/sbin/sshd") - 1].split(" "):
            user = question.split(",")[0].removeprefix("user=")
            holds = bool(block) and block is not None and block["text"] == f"User {user}"
            out += f"question {question}\n"
            if block:
                about = f"user {user} host localhost addr 127.0.0.1 laddr 127.0.0.1 lport 22{after}"
                out += f"debug3: checking match for '{block['text']}' {about}\n"
                out += f"debug3: match {'' if holds else 'not '}found{after}\n"
            out += settings({**(set or {}), **(block["set"] if holds and block else {})}) + "status 0\n"
        return Completed(0, out, "")

    return answer


def block(raw: dict[str, Any]) -> dict[str, Any]:
    """A device and those below it, as lsblk has them."""
    rest = {key: text for key, text in raw.items() if key not in ("name", "kind", "children")}
    children = [block(child) for child in raw.get("children", [])]
    return disks.block(raw["name"], raw.get("kind", "part"), children, **rest)


def machine(root: Path, system: str, pair: dict[str, Any]) -> Seen:
    """A visit to the pair's machine with that system."""
    parts = [pair.get("both", {}), pair[system]]
    whole.build(root)
    programs = whole.Programs()
    for path, content in [
        *SYSTEMS[system].items(),
        *(item for part in parts for item in part.get("files", {}).items()),
    ]:
        place = root / path.lstrip("/")
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        if content is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text_of(content))
            whole.age(place)
        else:
            whole.age(place.parent)
    for part in parts:
        for path, mode in part.get("modes", {}).items():
            (root / path.lstrip("/")).chmod(int(mode, 8))
        for argv, reply in part.get("says", {}).items():
            done = reply if isinstance(reply, dict) and "status" in reply else {"status": 0, "out": text_of(reply)}
            answer = Completed(done["status"], done.get("out", ""), done.get("err", ""))
            # The first words that are found in a command decide.
            programs.answers = {argv: answer, **{key: old for key, old in programs.answers.items() if key != argv}}
        if "disks" in part:
            shown = json.dumps({"blockdevices": [block(disk) for disk in part["disks"]]})
            programs.answers["lsblk"] = Completed(0, shown, "")
        programs.gsettings.answers.update(part.get("gsettings", {}))
        if "sshd" in part:
            programs.answers["/usr/sbin/sshd -T"] = sshd(**part["sshd"])
    return Seen(root, programs)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_both_ways_of_saying_it_get_the_same_verdict(tmp_path: Path, pair: dict[str, Any]) -> None:
    assert set(pair) <= {"name", "from", "both", "debian", "ubuntu", "expect"}
    assert pair["from"].strip()
    readings = {}
    for system in SYSTEMS:
        seen = machine(tmp_path / system, system, pair)
        only_words(seen)
        verdicts = seen.verdicts()
        readings[system] = {
            control: {setting: verdicts.get((control, setting), "there is none") for setting in settings}
            for control, settings in pair["expect"].items()
        }
    wanted = {
        system: {
            control: {setting: one[system] if isinstance(one, dict) else one for setting, one in settings.items()}
            for control, settings in pair["expect"].items()
        }
        for system in SYSTEMS
    }
    assert readings == wanted


def test_each_pair_has_one_that_is_right_and_one_that_is_wrong() -> None:
    def verdicts(pair: dict[str, Any]) -> set[str]:
        verdicts = [setting for settings in pair["expect"].values() for setting in settings.values()]
        return {verdict for one in verdicts for verdict in (one.values() if isinstance(one, dict) else [one])}

    subjects: dict[str, set[str]] = {}
    for pair in PAIRS:
        subjects.setdefault(pair["name"].split(":")[0], set()).update(verdicts(pair))
    lacking = [subject for subject, seen in subjects.items() if not {"compliant", "drifted"} <= seen]
    assert lacking == []
