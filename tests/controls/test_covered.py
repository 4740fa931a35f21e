"""What each proof is about: what makes it old, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bearing.baseline import LINUX, WINDOWS
from tests.controls.windows_scripts import all_windows_scripts

from .covered import ROOT, Cover, covered, proof
from .scripts import AnyScript, all_scripts

LINUX_CODE, WINDOWS_CODE = "plugins/module_utils/_linux", "plugins/module_utils/_windows"


def first(control: str, folder: str, image: str) -> AnyScript:
    scripts = (one for one in all_scripts() if one.name.startswith(f"{control}/{folder}/") and one.image == image)
    return next(one for one in scripts if not one.also)


BREAK, HARMLESS = first("LCK-01", "breaks", "gnome"), first("LCK-01", "harmless", "gnome")
DISKS = first("ENC-15", "breaks", "encrypted")
ON_WINDOWS = next(one for one in all_windows_scripts() if one.name.startswith("LCK-05/breaks/"))
PROOFS: Mapping[str, tuple[str, AnyScript | None]] = {
    "break": (LINUX, BREAK),
    "harmless": (LINUX, HARMLESS),
    "disks": (LINUX, DISKS),
    "windows": (WINDOWS, ON_WINDOWS),
    "machines": (LINUX, None),
    "windows machines": (WINDOWS, None),
}
MACHINES = {"machines", "windows machines"}
LOCKS = {"break", "harmless", "machines"}
ON_LINUX = {*LOCKS, "disks"}
ON_WINDOWS_ALL = {"windows", "windows machines"}
EVERY = {*PROOFS}
NOW = covered()
OWN = str(BREAK.path.relative_to(ROOT))


def changed(name: str, old: str, new: str, cover: Cover = NOW) -> Cover:
    """What is there, with `new` in place of `old` in one file."""
    part = "code" if name in cover.texts.code else "whole"
    texts: Mapping[str, bytes] = getattr(cover.texts, part)
    text = texts[name].decode()
    assert text.count(old), f"{name} has no {old!r}"
    return Cover(replace(cover.texts, **{part: {**texts, name: text.replace(old, new, 1).encode()}}), cover)


def added(name: str, text: str, cover: Cover) -> Cover:
    """The same with more at the end of one file, or with one more file."""
    part = "code" if name.endswith(".py") else "whole"
    texts: Mapping[str, bytes] = getattr(cover.texts, part)
    return Cover(replace(cover.texts, **{part: {**texts, name: texts.get(name, b"") + text.encode()}}), cover)


def old(before: Cover, after: Cover) -> set[str]:
    """The proofs that are old now."""
    return {name for name, given in PROOFS.items() if before.about(*given) != after.about(*given)}


def test_the_scripts_are_what_the_tests_say() -> None:
    for script in (BREAK, HARMLESS):
        assert proof(LINUX, script).controls == {"LCK-01"}
    assert proof(LINUX, DISKS).controls == {"ENC-15"} and proof(WINDOWS, ON_WINDOWS).controls == {"LCK-05"}


CHANGES = [
    # Of the brain what every verdict passes through, and the rows that a control names, with what those use.
    ("leeboard/verdict/evaluate.py", "MOST_GROUNDS = 1000", "MOST_GROUNDS = 1001", EVERY),
    ("leeboard/model/enums.py", 'HIGH = "high"', 'HIGH = "highest"', EVERY),
    ("leeboard/planning/plan.py", "waits = accepts(setting, effective) is True", "waits = False", EVERY),
    ("leeboard/model/operators.py", '"at most {wanted}, and not 0"', '"at most"', {*LOCKS, *ON_WINDOWS_ALL}),
    ("leeboard/model/operators.py", "0 < number(actual) <=", "0 <", {*LOCKS, *ON_WINDOWS_ALL}),
    ("leeboard/model/operators.py", "the host of {wanted}", "{wanted}", MACHINES),
    ("leeboard/model/operators.py", "return mine == theirs", "return mine != theirs", MACHINES),  # of same_place
    ("leeboard/verdict/judgements/disks.py", "and volume.resume:", "and True:", MACHINES),
    ("leeboard/verdict/judgements/disks.py", "not in MEMORY_HARD", "in MEMORY_HARD", {"disks", *MACHINES}),
    ("leeboard/verdict/judgements/winrm.py", "class Listener(Strict):", "class Listener(int):", MACHINES),
    ("leeboard/policy/functions.py", '"add_bits": WriteFunction(', '"add_bits": print(', MACHINES),
    ("leeboard/policy/controls_page.py", "from __future__ import annotations\n", "1 / 0\n", set()),
    ("leeboard/policy/rules.py", "def names_once(", "def names_twice(", set()),
    # What the baseline says, by platform and control, and the rows of its tables.
    ("leeboard/baselines/controls/LCK.yml", "            high: 300", "            high: 299", LOCKS),
    ("leeboard/baselines/controls/LCK.yml", "title: Screen lock", "title: Locks", {*LOCKS, *ON_WINDOWS_ALL}),
    ("leeboard/baselines/controls/LCK.yml", "reviewed: 2026-11-25", "reviewed: 2026-11-27", set()),
    ("leeboard/baselines/controls/LCK.yml", "cis-ubuntu2404 1.7.4", "cis-rhel9 1.8.4", set()),
    ("leeboard/baselines/standards.yml", "confidence: recalled", "confidence: read", set()),
    ("leeboard/baselines/drivers.yml", "GNOME's settings", "Settings", LOCKS),
    ("leeboard/baselines/drivers.yml", "Texts shown before", "Texts", {"machines"}),
    ("leeboard/baselines/drivers.yml", "# Linux", "# For Linux", set()),
    # The code of devices.
    (f"{LINUX_CODE}/engine/host.py", "import os\n", "import os\n\nLEFT = 1\n", ON_LINUX),
    (f"{LINUX_CODE}/visit.py", "LONGEST = 4096", "LONGEST = 4097", ON_LINUX),
    (f"{LINUX_CODE}/programs/check.py", "from __future__ import annotations", "LEFT = 1", ON_LINUX),
    (f"{LINUX_CODE}/engine/journal.py", "from __future__ import annotations", "LEFT = 1", ON_LINUX),
    (f"{LINUX_CODE}/system/dconf_gvdb.py", "from __future__ import annotations", "LEFT = 1", LOCKS),
    (f"{LINUX_CODE}/luks/key_files.py", "from __future__ import annotations", "LEFT = 1", {"disks", "machines"}),
    (f"{LINUX_CODE}/audit/rules.py", "from __future__ import annotations", "LEFT = 1", {"machines"}),
    (f"{LINUX_CODE}/undo/run.py", "from __future__ import annotations", "LEFT = 1", {"machines"}),
    ("plugins/modules/dconf_policy.py", "from __future__ import annotations", "LEFT = 1", {"machines"}),
    ("plugins/action/enforce.py", "MOST_ROUNDS = 4", "MOST_ROUNDS = 5", MACHINES),
    ("plugins/modules/win_observe.yml", "description:", "told:", {"windows machines"}),
    (f"{WINDOWS_CODE}/Visit.psm1", "schema = 1", "schema = 2", ON_WINDOWS_ALL),
    (f"{WINDOWS_CODE}/security_policy/AccountLockout.psm1", "Set-StrictMode -Version 2.0", "$Left = 1", ON_WINDOWS_ALL),
    (f"{WINDOWS_CODE}/Undo.psm1", "Set-StrictMode -Version 2.0", "$Left = 1", {"windows machines"}),
    (f"{WINDOWS_CODE}/simple/PowerPolicy.psm1", "Set-StrictMode -Version 2.0", "$Left = 1", {"windows machines"}),
    # What is done to machines, and what tells the truth there.
    ("tests/windows/standins/run", "exec", "exec -c", ON_WINDOWS_ALL),
    ("tests/controls/windows_truth.py", "def guessing(", "def guessing(_left, ", ON_WINDOWS_ALL),
    ("tests/controls/windows_truth.py", "def wake(", "def wake(_left, ", {"windows machines"}),
    ("tests/vm/recipes/gnome.yml", "- gdm3", "- sddm", LOCKS),
    ("tests/vm/recipes/base.yml", "name: base", "name: bass", ON_LINUX),
    ("tests/vm/recipes/server.yml", "- ufw", "- ufo", {"machines"}),
    ("tests/controls/machines.yml", "gnome:\n  level: high", "gnome:\n  level: standard", LOCKS),
    ("tests/controls/machines.yml", "hardware: {tpm: true", "hardware: {tpm: false", {"disks", "machines"}),
    ("tests/controls/truth_disks.sh", "\n", "\nexit\n", {"machines"}),
    ("tests/controls/truth_session.sh", "\n", "\nexit\n", LOCKS),
    ("tests/controls/encrypted_by_hand.sh", "\n", "\nexit\n", {"disks", "machines"}),
    ("tests/controls/LCK-01/truth.sh", "\n", "\nexit\n", LOCKS),
    ("tests/controls/AUD-01/truth.sh", "\n", "\nexit\n", {"machines"}),
    (OWN, "\n", "\nexit\n", {"break"}),
]


@pytest.mark.parametrize(("name", "said", "instead", "bears"), CHANGES)
def test_a_change_makes_old_what_it_bears_on(name: str, said: str, instead: str, bears: set[str]) -> None:
    assert old(NOW, changed(name, said, instead)) == bears


@pytest.mark.parametrize(
    ("name", "said", "instead"),
    [
        ("leeboard/verdict/evaluate.py", "MOST_GROUNDS = 1000  # ", "MOST_GROUNDS = (\n    1_000\n)\n# "),
        ("leeboard/verdict/evaluate.py", '"""The verdict on one setting at a moment."""', '"""Another docstring."""'),
        ("leeboard/verdict/evaluate.py", "Found, Nothing, Observation", "Nothing, Found, Observation"),
        (f"{LINUX_CODE}/visit.py", '"""One visit: ', '"""A visit: '),
        (
            f"{LINUX_CODE}/visit.py",
            "from .engine.safe_read import NOT_INSTALLED\n",
            "from .engine. safe_read import (\n  NOT_INSTALLED)\n",
        ),
        (
            f"{LINUX_CODE}/visit.py",
            "from .simple import (\n    accounts,\n",
            "from .simple import accounts\nfrom .simple import (\n",
        ),
        (f"{WINDOWS_CODE}/Visit.psm1", "# One visit", "\n\n# A visit"),
        (f"{WINDOWS_CODE}/Visit.psm1", "    The observation of this machine.", "    What is seen."),
        ("leeboard/baselines/controls/LCK.yml", "# Screen lock", "\n# Locks"),
        ("tests/controls/machines.yml", "# The machines", "\n# Machines"),
    ],
)
def test_comments_layout_and_docstrings_do_not_count(name: str, said: str, instead: str) -> None:
    assert old(NOW, changed(name, said, instead)) == set()


NEW_CONTROL = """
  - id: LCK-77
    title: New
    settings:
      - {platform: linux, driver: new_driver, accept: {operator: new_operator, value: 1}, judgement: new_judgement}
      - {platform: windows, driver: win_new, accept: {operator: new_operator, value: 1}}
"""
NEW_ROW = "\nnew_driver: {platform: linux, state: built}\nwin_new: {platform: windows, state: built}\n"


def test_a_new_control_with_all_that_belongs_to_it_leaves_other_scripts_good() -> None:
    cover = added("leeboard/baselines/controls/LCK.yml", NEW_CONTROL, NOW)
    cover = added("leeboard/baselines/drivers.yml", NEW_ROW, cover)
    cover = added("leeboard/verdict/judgements/new.py", 'JUDGEMENTS = {"new_judgement": print}\n', cover)
    cover = added(f"{LINUX_CODE}/new_driver.py", 'NAME = "new_driver"\n', cover)
    operators, registry = "leeboard/model/operators.py", "leeboard/verdict/judgements/registry.py"
    for name, at, new in (
        (operators, '        Operator("one_of"', '        Operator("new_operator", _new),\n'),
        (operators, "def _always(", "def _new():\n    return 1\n\n\n"),
        ("leeboard/model/judgements.py", '    "pending": ', '    "new_judgement": Question(VOLUME),\n'),
        (registry, "    escrowed_keys,\n", "    new,\n"),
        (registry, "    **escrowed_keys.JUDGEMENTS,\n", "    **new.JUDGEMENTS,\n"),
        (f"{LINUX_CODE}/visit.py", "from .luks import", "from . import new_driver\n"),
        (f"{LINUX_CODE}/visit.py", "        luks_volume,\n", "        new_driver,\n"),
        (f"{WINDOWS_CODE}/Visit.psm1", "    winrm = ", "    win_new = 'Read-LeeboardNew'\n"),
        ("tests/controls/windows_truth.py", '    "LCK-01": idle_lock,\n', '    "LCK-77": card,\n'),
        ("tests/controls/machines.yml", "    LCK-01: compliant", "    LCK-77: compliant\n"),
    ):
        cover = changed(name, at, new + at, cover)
    assert old(NOW, cover) == MACHINES


def test_a_file_that_nobody_uses_bears_on_no_script() -> None:
    cover = added(f"{LINUX_CODE}/new.py", "1 / 0\n", NOW)
    assert old(NOW, cover) == {"machines"}


def test_what_is_asked_again_is_the_same_until_a_file_changes(tmp_path: Path) -> None:
    assert covered() is covered()
    for name, text in {**covered().texts.code, **covered().texts.whole}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    copy = covered(tmp_path)
    assert covered(tmp_path) is copy and old(NOW, copy) == set()
    path = tmp_path / LINUX_CODE / "dconf/driver.py"
    path.write_text(path.read_text() + "\nLEFT = 1\n")
    assert old(copy, covered(tmp_path)) == LOCKS


def test_what_no_longer_is_where_it_was_is_said() -> None:
    texts = covered().texts
    gone = {name: text for name, text in texts.code.items() if name != "leeboard/planning/plan.py"}
    with pytest.raises(KeyError, match=r"leeboard\.planning\.plan"):
        Cover(replace(texts, code=gone)).about(LINUX, BREAK)
