"""Each way to break a good baseline, and the file, line and key that the linter then names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.policy.source import Problem
from tests.unit.policy.breaks import AGE, DOR, GOOD, Break, broken, line_of, lint

BREAKS = (
    # Shapes
    Break("unknown key", DOR, "write: {value: red}", "write: {value: red}\n        colour: red",
          "colour: red", "DOR-01.gate.colour", "unknown key"),
    Break("wrong type", DOR, "unit: seconds", "unit: [seconds]", "unit: [seconds]", "DOR-01.delay.unit", "string"),
    Break("missing key", DOR, "    severity: high\n", "", "id: DOR-01", "DOR-01.severity", "is missing"),
    Break("a level without a value", DOR, "            sensitive: 30\n", "",
          "          value:\n            standard: 60", "DOR-01.delay.accept.value.sensitive", "is missing"),
    Break("unknown mode", DOR, "mode: {standard: report,", "mode: {standard: maybe,",
          "mode: {standard: maybe", "DOR-02.mode.standard", "enforce"),
    Break("off is a word, not a switch", DOR, "        mode: report\n        confidence: unverified",
          "        mode: false\n        confidence: unverified", "mode: false", "DOR-01.panes.mode", "enforce"),
    Break("absent is neither", DOR, "absent: not_checked", "absent: fine", "absent: fine", "DOR-01.gate.absent",
          "compliant"),
    Break("two comparisons", DOR, "{fact: rooms, contains: hall}", "{fact: rooms, contains: hall, equals: x}",
          "equals: x", "DOR-01.delay.applies_when[0]", "exactly one"),
    Break("a planned driver with a module", "drivers.yml", "  state: planned\n", "  state: planned\n  module: x\n",
          "gate:", "gate", "no module"),
    Break("a level that is none", "levels.yml", "high: {title", "higher: {title", "higher: {", "higher", "must be"),
    Break("a level without a description", "levels.yml", "high: {title: High, impact_levels: IL4, label: TOP}\n", "",
          "standard: {title", "high", "is missing"),
    # YAML
    Break("a key twice", DOR, "    why: It is a door.\n", "    why: It is a door.\n    why: It is.\n", "why: It is.\n",
          "DOR-02.why", "twice"),
    Break("an anchor", DOR, "why: It is a door.", "why: &door It is a door.", "&door", "", "anchor"),
    Break("a tag", DOR, "why: It is a door.", "why: !!python/name:os.system x", "!!python", "", "tag"),
    Break("not YAML", "facts.yml", "  type: text\n", "  type: [text\n", "  summary: Who owns it.", "", "YAML"),
    # Names
    Break("a control id twice", DOR, "id: DOR-02", "id: DOR-01", "    title: The back door closes too", "DOR-01.id",
          "twice"),
    Break("a setting id twice", DOR, "id: panes", "id: sign", "        title: Panes that are broken", "DOR-01.sign.id",
          "twice"),
    Break("another family's control", DOR, "id: DOR-02", "id: WIN-02", "id: WIN-02", "WIN-02.id", "family DOR"),
    Break("a file called otherwise", DOR, "family: DOR", "family: TOR", "family: TOR", "family", "TOR.yml"),
    Break("an unlisted driver", DOR, "driver: window", "driver: mirror", "driver: mirror", "DOR-01.panes.driver",
          "not listed"),
    Break("a driver of another platform", DOR, "        driver: window\n        address: panes\n",
          "        driver: gate\n        address: HKLM\\Pane\n", "address: HKLM\\Pane", "DOR-01.panes.driver",
          "for windows"),
    Break("an address outside the grammar", DOR, "address: panes", "address: Panes2", "address: Panes2",
          "DOR-01.panes.address", "no address of window"),
    Break("an address that only begins right", DOR, "address: house:sign", "address: house:sign2",
          "address: house:sign2", "DOR-01.sign.address", "no address of door"),
    Break("a grammar that is none", "drivers.yml", "'[a-z]+'", "'[a-z'", "'[a-z'", "window.address", "regular"),
    Break("an unknown operator", DOR, "operator: none", "operator: nothing", "operator: nothing",
          "DOR-01.panes.accept.operator", "no operator"),
    Break("an unknown parameter", DOR, "{parameter: sign}", "{parameter: signs}", "{parameter: signs}",
          "DOR-01.sign.accept.value", "parameters.yml"),
    Break("an unknown parameter that allows something", DOR, "address: panes\n",
          "address: panes\n        unless_named: {parameter: signs, name: glass}\n", "parameter: signs",
          "DOR-01.panes.unless_named.parameter", "parameters.yml"),
    Break("an unknown parameter that asks for a change", DOR, "address: panes\n",
          "address: panes\n        changed_if_named: {parameter: signs, name: glass}\n", "parameter: signs",
          "DOR-01.panes.changed_if_named.parameter", "parameters.yml"),
    Break("what comes once a control is well that is not there", DOR, "address: panes\n",
          "address: panes\n        changed_once: XYZ-09\n", "changed_once: XYZ-09", "DOR-01.panes.changed_once",
          "no control XYZ-09"),
    Break("a control that waits for itself", DOR, "address: panes\n",
          "address: panes\n        changed_once: DOR-01\n", "changed_once: DOR-01", "DOR-01.panes.changed_once",
          "DOR-01 waits for DOR-01 in turn"),
    Break("an unknown framework", DOR, "by-laws 4.2", "laws 4.2", "laws 4.2", "DOR-01.references[0]",
          "frameworks.yml"),
    Break("a reference without a place", DOR, "by-laws 4.2", "by-laws", "by-laws", "DOR-01.references[0]", "PLACE"),
    Break("an unknown fact", DOR, "fact: rooms", "fact: room", "fact: room,", "DOR-01.delay.applies_when[0].fact",
          "facts.yml"),
    Break("a fact of another platform", "facts.yml", "platforms: [linux]\n  type: list",
          "platforms: [windows]\n  type: list", "fact: rooms", "DOR-01.delay.applies_when[0].fact", "linux devices"),
    Break("a list compared like a text", DOR, "contains: hall", "equals: hall", "equals: hall",
          "DOR-01.delay.applies_when[0]", "contains"),
    Break("a text compared with a switch", DOR, "equals: school", "equals: true", "equals: true",
          "DOR-01.sign.applies_when[0].equals", "is a text"),
    Break("an unknown function", DOR, "write: {value: red}", "write: {function: paint}", "function: paint",
          "DOR-01.gate.write.function", "no function"),
    # Who answers
    Break("a device answers, and no platform is named", DOR, "        platform: windows\n", "",
          "id: gate", "DOR-01.gate.platform", "subject is the device"),
    Break("a platform where no device answers", AGE, "        driver: evidence_age\n",
          "        platform: linux\n        driver: evidence_age\n", "platform: linux", "AGE-01.age.platform",
          "the controller answers"),
    Break("a fact where no device answers", AGE, "        absent: missing\n",
          "        absent: missing\n        applies_when: [{fact: owner, equals: school}]\n", "applies_when",
          "AGE-01.age.applies_when", "facts are about devices"),
    Break("silence that never ends at one level", AGE, "high: 3", "high: null", "accept:", "AGE-01.age.accept",
          "asked of every device"),
    Break("silence that never ends in one mode", AGE, "mode: report", "mode: {standard: off, sensitive: report, high: "
          "report}", "accept:", "AGE-01.age.accept", "asked of every device"),
    Break("silence that never ends for some", AGE, "    severity: low\n", "    severity: low\n    applies_to: {role: "
          "[office]}\n", "accept:", "AGE-01.age.accept", "asked of every device"),
    Break("freshness of schools", "drivers.yml", "evidence_age:\n", "evidence_age:\n  about: school\n",
          "evidence_age:", "evidence_age", "about the device"),
    Break("nothing to do about what no device answers", AGE, "    remedy:\n      controller: Go and look.\n",
          "    remedy: {}\n", "remedy: {}", "AGE-01.remedy.controller", "says nothing on controller"),
    Break("an unknown judgement", DOR, "address: panes\n", "address: panes\n        judgement: guess\n",
          "judgement: guess", "DOR-01.panes.judgement", "no judgement"),
    Break("a judgement where the driver reports no objects", DOR, "address: panes\n",
          "address: panes\n        judgement: unencrypted_data\n", "judgement: unencrypted_data",
          "DOR-01.panes.judgement", "reports no objects there"),
    Break("a risk of what is only read", "drivers.yml", "  writes: false\n  summary: Windows",
          "  writes: false\n  risk: cut_off\n  summary: Windows", "window:", "window", "that writes has a risk"),
    Break("a risk of a planned driver", "drivers.yml", "  summary: Gates.", "  risk: cut_off\n  summary: Gates.",
          "gate:", "gate", "with a module that writes has a"),
    Break("a risk that nobody knows", "drivers.yml", "  module: door_policy", "  module: door_policy\n  risk: reboot",
          "risk: reboot", "door.risk", "'none' or 'cut_off'"),
    Break("objects of an unknown type", "drivers.yml", "  writes: false\n  summary: Windows",
          "  writes: false\n  objects: {frames: pane}\n  summary: Windows",
          "objects: {frames: pane}", "window.objects.frames", "no type of objects"),
    Break("an action beside a plan that writes", "drivers.yml", "  module: door_policy",
          "  module: door_policy\n  action: {'house:sign': paint}", "door:", "door", "never written by the plan"),
    Break("an action on what nobody asks for", "drivers.yml", "  writes: false\n  summary: Windows",
          "  writes: false\n  action: {frames: glaze}\n  summary: Windows", "action: {frames: glaze}",
          "window.action.frames", "no setting of window has the address frames"),
    # What fails in mode report too
    Break("fails in report where nothing is only reported", DOR, "    severity: high\n    mode: enforce\n",
          "    severity: high\n    mode: enforce\n    fails_in_report: true\n", "fails_in_report: true",
          "DOR-01.fails_in_report", "on no portable is this control only reported"),
    Break("fails in report where no device answers", AGE, "    severity: low\n",
          "    severity: low\n    fails_in_report: true\n", "fails_in_report: true", "AGE-01.fails_in_report",
          "the controller answers"),
    # Words
    Break("no why", DOR, "why: It is a door.", 'why: ""', 'why: ""', "DOR-02.why", "empty"),
    Break("no remedy for a platform", DOR, "      windows: Close the gate.\n", "", "    remedy:\n      linux: Close the"
          " door.", "DOR-01.remedy.windows", "says nothing on windows"),
    Break("an empty remedy", DOR, "windows: Close the gate.", 'windows: ""', 'windows: ""', "DOR-01.remedy.windows",
          "is empty"),
    Break("a tab", DOR, "why: It is a door.", 'why: "It is a\\tdoor."', "It is a\\tdoor", "DOR-02.why", "tab"),
    Break("a default that is too long", "parameters.yml", "longest: 20", "longest: 5", "default: No entry",
          "sign.default", "at most 5"),
    Break("a default that is forbidden", "parameters.yml", "[rubbish]", "[entry]", "default: No entry", "sign.default",
          "forbidden"),
    Break("an example that is too long", "parameters.yml", "default: No entry\n  longest: 20",
          "example: No entry\n  missing: no sign\n  longest: 5", "example: No entry", "sign.example", "at most 5"),
    Break("a default that has not its own shape", "parameters.yml", "longest: 20",
          "longest: 20\n  shape: '[a-z]+'\n  reads: small letters", "default: No entry", "sign.default",
          "does not fit the shape [a-z]+"),
    Break("a shape that is none", "parameters.yml", "longest: 20", "longest: 20\n  shape: '[a-z'\n  reads: letters",
          "default: No entry", "sign.default", "does not fit the shape [a-z"),
    Break("a shape that nobody is told", "parameters.yml", "longest: 20", "longest: 20\n  shape: 'No .*'", "sign:",
          "sign", "says in words how it reads"),
    Break("neither default nor example", "parameters.yml", "  default: No entry\n", "", "sign:", "sign", "either"),
    Break("an example beside a default", "parameters.yml", "longest: 20", "longest: 20\n  example: x\n  missing: y",
          "sign:", "sign", "either"),
    # Values
    Break("a value out of bounds", DOR, "standard: 60", "standard: 3601", "standard: 3601",
          "DOR-01.delay.accept.value.standard", "not within"),
    Break("a special out of bounds", DOR, "value: 5}", "value: -5}", "value: -5}",
          "DOR-01.delay.accept.value.special[0].value", "accepts nothing"),
    Break("bounds that are none", DOR, "{least: 0, most: 3600}", "{least: 3601, most: 3600}", "least: 3601",
          "DOR-01.delay.bounds", "no range"),
    Break("a written value out of bounds", DOR, "write: {value: 80}", "write: {value: 80}\n        bounds: {least: 90, "
          "most: 91}", "write: {value: 80}", "DOR-02.back.write.value", "not within"),
    Break("write that accept refuses", DOR, "write: {value: 80}", "write: {value: 95}", "write: {value: 95}",
          "DOR-02.back.write", "does not accept"),
    Break("write that accept refuses at one level only", DOR, "accept: {operator: at_most, value: 90}",
          "accept: {operator: at_most, value: {standard: 90, sensitive: 90, high: 70}}", "write: {value: 80}",
          "DOR-02.back.write", "level high"),
    Break("write that accept refuses for one role only", DOR, "accept: {operator: at_most, value: 90}",
          "accept: {operator: at_most, value: {standard: 90, sensitive: 90, high: 90, special: "
          "[{role: [office], value: 70}]}}", "write: {value: 80}", "DOR-02.back.write", "role office"),
    Break("a list is written where one of it is wanted", DOR, "write: {value: red}", "write: wanted  # all of it",
          "wanted  # all", "DOR-01.gate.write", "cannot compare"),
    Break("a wanted value that cannot be compared", DOR, "value: 90}", "value: ninety}", "value: ninety}",
          "DOR-02.back.accept.value", "cannot compare"),
    Break("a wanted value that accepts nothing", DOR, "high: 10", "high: 0", "high: 0",
          "DOR-01.delay.accept.value.high", "accepts nothing"),
    Break("one_of without a list", DOR, "value: [red, green]", "value: red", "value: red}\n        absent: not_checked",
          "DOR-01.gate.accept.value", "list"),
    Break("absent means what cannot be compared", DOR, "absent: {means: 20}", "absent: {means: never}", "means: never",
          "DOR-01.delay.absent.means", "cannot compare"),
    Break("specials of equal weight that quarrel", DOR, "{form: [server], level: [high], value: 1}",
          "{form: [server], value: 1}", "{form: [server], value: 1}", "DOR-01.delay.accept.value.special[1]",
          "equal weight"),
    Break("modes of equal weight that quarrel", DOR, "high: enforce}", "high: enforce, special: [{role: [exam], value: "
          "report}, {form: [server], value: enforce}]}", "mode: {standard: report", "DOR-02.mode.special[1]",
          "equal weight"),
    Break("two settings write one address differently", DOR, "        absent: drifted\n        mode: report\n",
          "        absent: drifted\n        mode: report\n        write: {value: 60}\n",
          "address: house:front\n        accept: {operator: at_most", "DOR-02.front-too.address",
          "where DOR-01 delay writes"),
    Break("a setting refuses what another writes", DOR, "operator: at_most, value: 60", "operator: at_most, value: 59",
          "address: house:front\n        accept: {operator: at_most", "DOR-02.front-too.address", "does not accept 60"),
    # Modes
    Break("unverified and enforced", DOR, "confidence: tried", "confidence: unverified", "confidence: unverified\n     "
          "   source: the carpenter", "DOR-01.delay.confidence", "unverified and enforced"),
    Break("enforced, and the driver only reads", DOR, "        mode: report\n        confidence: unverified",
          "        confidence: read", "driver: window", "DOR-01.panes.driver", "only reads"),
    Break("write, and the driver only reads", DOR, "mode: report\n        confidence: unverified",
          "mode: report\n        write: wanted\n        confidence: unverified",
          "write: wanted\n        confidence: unverified", "DOR-01.panes.write", "only reads"),
    Break("enforced without anything to write", DOR, "        write: {value: 80}\n", "", "id: back",
          "DOR-02.back.write", "nothing to write"),
)  # fmt: skip


def test_the_good_baseline_is_good() -> None:
    assert lint(GOOD) == []


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_a_break_is_found_at_its_place(one: Break, tmp_path: Path) -> None:
    folder = broken(tmp_path, one)
    file = "controls/DOR.yml" if one.at.startswith("fact: rooms") else one.file
    line = line_of(folder / file, one.at)
    # What an id stands beside is easier to name than a second id of the same name.
    line -= one.at.startswith(("    title:", "        title:", "address: HKLM\\Pane"))
    found = [problem for problem in lint(folder) if problem.key == one.key and one.says in problem.message]
    assert [(problem.file, problem.line) for problem in found] == [(f"{folder}/{file}", line)], lint(folder)


def test_what_an_action_changes_may_be_enforced(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "baseline")
    door, drivers = tmp_path / "baseline" / DOR, tmp_path / "baseline" / "drivers.yml"
    enforced = "        mode: report\n        confidence: unverified"
    assert enforced in door.read_text()
    door.write_text(door.read_text().replace(enforced, "        confidence: read"))
    assert len(lint(tmp_path / "baseline")) == 1
    reads = "  writes: false\n  summary: Windows"
    drivers.write_text(drivers.read_text().replace(reads, f"  action: {{panes: glaze}}\n{reads}"))
    assert lint(tmp_path / "baseline") == []


@pytest.mark.parametrize(("shape", "problems"), [("glass|wood", 0), ("glass|wood|iron", 1), ("[a-z]+", 1)])
def test_two_settings_of_one_place_quarrel_unless_one_word_decides(tmp_path: Path, shape: str, problems: int) -> None:
    """A parameter that is always the one word or the other asks for one of them only."""
    shutil.copytree(GOOD, tmp_path / "baseline")
    parameters, door = tmp_path / "baseline" / "parameters.yml", tmp_path / "baseline" / DOR
    made = f"frame:\n  title: The frame\n  default: wood\n  longest: 20\n  shape: '{shape}'\n  reads: glass or wood\n"
    parameters.write_text(parameters.read_text() + made)
    head, mark, sign = door.read_text().partition("      - id: sign\n")
    twice = "".join(
        f"      - id: bell-{name}\n        title: The bell\n        platform: linux\n        driver: door\n"
        f"        address: house:bell\n        unless_named: {{parameter: frame, name: {name}}}\n"
        f"        accept: {{operator: equals, value: {name}}}\n        absent: drifted\n        write: wanted\n"
        "        confidence: read\n        source: the smith\n"
        for name in ("glass", "wood")
    )
    door.write_text(head + twice + mark + sign)
    found = [problem.message for problem in lint(tmp_path / "baseline")]
    assert len(found) == problems and all("bell-glass writes" in message for message in found), found


def test_without_a_limit_silence_would_never_end(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "baseline")
    (tmp_path / "baseline" / AGE).unlink()
    assert [problem.message for problem in lint(tmp_path / "baseline")] == [
        "no control asks how old evidence is (evidence_age); silence would never end"
    ]
    shutil.copy(GOOD / AGE, tmp_path / "baseline" / AGE)
    text = (GOOD / AGE).read_text()
    second = text[text.index("      - id: age") :].replace("id: age", "id: age-too")
    (tmp_path / "baseline" / AGE).write_text(text + second)
    assert [problem.key for problem in lint(tmp_path / "baseline")] == ["AGE-01.age-too.driver"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("", "asks some things of devices and others of schools"),
        ("{role: [office], value: 1}", "a school has no role, form or platform"),
        ("{level: [high], value: 1}", ""),
    ],
)
def test_what_is_asked_of_schools_stands_alone_and_goes_by_level(change: str, words: str, tmp_path: Path) -> None:
    folder = shutil.copytree(GOOD, tmp_path / "baseline")
    drivers = (folder / "drivers.yml").read_text()
    count = "doors:\n  about: school\n  state: built\n  address: count\n  writes: false\n  summary: Doors.\n"
    (folder / "drivers.yml").write_text(drivers + count)
    text = (folder / AGE).read_text()
    second = text[text.index("  - id: AGE-01") :].replace("AGE-01", "AGE-02")
    value = "{standard: 3, sensitive: 2, high: 1" + (f", special: [{change}]" if change else "") + "}"
    second = second.replace("{standard: 14, sensitive: 7, high: 3}", value)
    second = second.replace("driver: evidence_age", "driver: doors").replace(
        "address: last-observation", "address: count"
    )
    if not change:
        second = second[second.index("      - id: age") :].replace("id: age", "id: doors")
    (folder / AGE).write_text(text + second)
    assert [problem.message.partition(", and ")[2] or problem.message for problem in lint(folder)] == [words][
        : len(words)
    ]


def test_all_problems_are_found_in_one_go(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "baseline")
    path = tmp_path / "baseline" / DOR
    text = path.read_text()
    for old, new in (
        ("severity: low", "severity: huge"),
        ("driver: window", "driver: mirror"),
        ("by-laws 4.2", "laws 4.2"),
    ):
        text = text.replace(old, new)
    path.write_text(text)
    (tmp_path / "baseline" / "facts.yml").write_text("rooms: [")
    keys = {problem.key for problem in lint(tmp_path / "baseline")}
    # A control of the wrong shape hides nothing of the other one, nor one file another.
    assert {"DOR-02.severity", "DOR-01.panes.driver", "DOR-01.references[0]", ""} <= keys


def test_opposite_conditions_make_no_quarrel(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "baseline")
    path = tmp_path / "baseline" / DOR
    # Two owners cannot both be the owner, so the two may write one address differently.
    text = path.read_text().replace("{fact: rooms, contains: hall}", "{fact: owner, equals: town}")
    text = text.replace(
        "        address: house:front\n        accept: {operator: at_most, value: 60}\n",
        "        address: house:front\n        applies_when: [{fact: owner, equals: school}]\n"
        "        accept: {operator: at_most, value: 2}\n",
    )
    path.write_text(text)
    assert lint(tmp_path / "baseline") == []


def judging(tmp_path: Path, drivers: str, old: str, new: str) -> list[str]:
    """What is wrong with the good baseline, whose window reports volumes, after a change: keys and messages."""
    shutil.copytree(GOOD, tmp_path / "baseline")
    for file, before, after in (("drivers.yml", WINDOW, drivers + "  summary: Windows"), (DOR, old, new)):
        path = tmp_path / "baseline" / file
        assert path.read_text().count(before) == 1
        path.write_text(path.read_text().replace(before, after))
    return [f"{problem.key}: {problem.message}" for problem in lint(tmp_path / "baseline")]


WINDOW = "  writes: false\n  summary: Windows"
REPORTS = "  writes: false\n  objects: {panes: volume}\n"


@pytest.mark.parametrize(
    ("drivers", "new", "says"),
    [
        (REPORTS, "address: panes\n        judgement: unencrypted_data\n", ""),
        (REPORTS, "address: panes\n", "DOR-01.panes.judgement: window reports volumes at panes"),
        (
            REPORTS.replace("writes: false", "writes: true"),
            "address: panes\n        judgement: unencrypted_data\n        write: wanted\n",
            "DOR-01.panes.write: a value that a judgement derives cannot be written",
        ),
        (
            REPORTS,
            "address: panes\n        judgement: unprotected\n",
            "DOR-01.panes.judgement: unprotected needs secure_boot, which linux devices do not say",
        ),
    ],
)
def test_a_judgement_fits_its_driver_and_its_platform(drivers: str, new: str, says: str, tmp_path: Path) -> None:
    found = judging(tmp_path, drivers, "address: panes\n", new)
    assert any(one.startswith(says) for one in found) if says else found == []


def test_a_word_that_a_judgement_never_gives(tmp_path: Path) -> None:
    old = "address: panes\n        accept: {operator: none, value: []}\n"
    new = old.replace("accept", "judgement: pre_boot\n        accept").replace(
        "none, value: []", "one_of, value: [tpn]"
    )
    assert "DOR-01.panes.accept.value: tpn is no answer of pre_boot" in "; ".join(judging(tmp_path, REPORTS, old, new))


def test_a_file_that_is_missing_and_one_too_many(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "baseline")
    (tmp_path / "baseline" / "facts.yml").rename(tmp_path / "baseline" / "fact.yml")
    found = lint(tmp_path / "baseline")
    assert Problem(f"{tmp_path}/baseline/facts.yml", 1, "", "is missing; a baseline needs it") in found
    assert any(one.file.endswith("/fact.yml") and "no file of a baseline" in one.message for one in found)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "baseline")
    (tmp_path / "baseline" / "facts.yml").write_text("# " + "x" * 1024 * 1024)
    assert any("larger than 1024 KiB" in one.message for one in lint(tmp_path / "baseline"))


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff\xfe", b"\0", b"a: {? [1]: 2}", b"--- 1\n--- 2\n", b"- 1\n"])
def test_hostile_files_are_problems_and_nothing_worse(content: bytes, tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "baseline")
    path = tmp_path / "baseline" / DOR
    path.write_bytes(content)
    assert lint(tmp_path / "baseline")[0].file == str(path)


def test_a_folder_that_is_none_or_has_no_baseline(tmp_path: Path) -> None:
    for folder, message in ((Path("/nowhere"), "no such folder"), (tmp_path, "holds no baseline")):
        with pytest.raises(LeeboardError, match=message):
            lint(folder)


def test_the_shipped_baseline_is_good() -> None:
    assert lint() == []
