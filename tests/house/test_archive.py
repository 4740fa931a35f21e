"""The Galaxy archive and the wheel hold what they should, and work where nothing else of this repository is."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.house import tree
from tests.unit.playing import small_machine

LIST = "tests/house/archive.txt"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built by the command that a release is built by."""
    assert tree.files()
    target = tmp_path_factory.mktemp("dist")
    tree.finds_nothing(str(tree.ROOT / "scripts" / "archive.sh"), str(target), LEEBOARD_BIN=str(tree.BIN))
    return target


def test_archive_holds_exactly_the_listed_files(built: Path) -> None:
    (archive,) = built.glob("leeboard-schools-*.tar.gz")
    with tarfile.open(archive) as opened:
        held = sorted(member.name for member in opened if member.isfile())
    listed = tree.text(LIST).splitlines()
    found = [f"new: {name}" for name in held if name not in listed]
    found += [f"gone: {name}" for name in listed if name not in held]
    tree.none(found, f"{LIST} is another list. If the archive is right: make archive-list")


def test_archive_works_where_nothing_else_is(built: Path, tmp_path: Path) -> None:
    (archive,) = built.glob("leeboard-schools-*.tar.gz")
    place = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"), "ANSIBLE_HOME": str(tmp_path / "home")}
    tree.finds_nothing("ansible-galaxy", "collection", "install", "--offline", str(archive), cwd=tmp_path, **place)
    shown = tree.run("ansible-doc", "--list", "leeboard.schools", cwd=tmp_path, **place)
    names = {line.split()[0] for line in shown.stdout.splitlines() if line.startswith("leeboard.schools.")}
    modules = {Path(name).stem for name in tree.select(".py", ".yml", under="plugins/modules/")} - {"__init__"}
    assert names >= {f"leeboard.schools.{name}" for name in modules}, shown.stdout
    syntax = ("ansible-playbook", "leeboard.schools.drift", "--syntax-check", "-i", "device,")
    tree.finds_nothing(*syntax, cwd=tmp_path, **place)


def test_the_image_for_awx_takes_what_was_built(built: Path, tmp_path: Path) -> None:
    """The definition in docs/awx.md, as far as it goes without a container engine: nothing is pulled or installed."""
    found = re.findall(r"```yaml\n(version: 3\n.*?)```", tree.text("docs/awx.md"), re.DOTALL)
    (tmp_path / "execution-environment.yml").write_text("".join(found), encoding="utf-8")
    (tmp_path / "dist").symlink_to(built)
    tree.finds_nothing("ansible-builder", "create", cwd=tmp_path)
    context = tmp_path / "context"
    taken = {file.name for file in (context / "_build" / "dist").iterdir()}
    assert taken == {file.name for file in built.iterdir()} and len(taken) == 2
    stages = (context / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")
    (galaxy,) = (stage for stage in stages if "ansible-galaxy collection install" in stage)
    (builder,) = (stage for stage in stages if "/output/scripts/assemble" in stage and "introspect.py" in stage)
    assert galaxy.index("/tmp/leeboard-schools.tar.gz") < galaxy.index("collection install")
    assert builder.index("ENV PIP_FIND_LINKS=/tmp/dist") < builder.index("/output/scripts/assemble")
    wanted = (context / "_build" / "requirements.yml").read_text(encoding="utf-8")
    assert "/tmp/leeboard-schools.tar.gz" in wanted

    (archive,) = built.glob("leeboard-schools-*.tar.gz")
    place = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_HOME": str(tmp_path / "home")}
    tree.finds_nothing("ansible-galaxy", "collection", "install", "--offline", str(archive), cwd=tmp_path, **place)
    asked = tree.run("ansible-builder", "introspect", str(tmp_path), cwd=tmp_path)
    (wheel,) = built.glob("*.whl")
    assert f"leeboard=={wheel.name.split('-')[1]}  # from collection leeboard.schools" in asked.stdout


def test_wheel_holds_the_brain_with_its_baselines(built: Path) -> None:
    (wheel,) = built.glob("leeboard-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    package = {name for name in tree.files() if name.startswith("leeboard/")}
    tree.none(sorted(package - held), "not in the wheel; see package-data in pyproject.toml:")
    assert {name.split("/")[0] for name in held if not name.startswith("leeboard-")} == {"leeboard"}


def test_the_wheel_says_how_to_get_the_collection_and_then_checks_this_machine(built: Path, tmp_path: Path) -> None:
    """`drift --this-machine` changes nothing here. The wheel's own commands are tried in tests/windows."""
    (wheel,) = built.glob("leeboard-*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "wheel")
    place = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"), "HOME": str(tmp_path)}
    place |= {"PYTHONPATH": str(tmp_path / "wheel"), "LEEBOARD_VAR": str(tmp_path / "var")}
    start = "import leeboard.cli.main as it; assert it.__file__.startswith('{}'); it.main()".format(tmp_path / "wheel")
    drift = (*small_machine(), sys.executable, "-c", start, "drift", "--this-machine")

    without = tree.run(*drift, cwd=tmp_path, **place)
    said = r"leeboard: the collection leeboard\.schools is not installed, [^\n]*: (\S+) (collection install) (\S+)\n"
    told = re.fullmatch(said, without.stdout)
    assert without.returncode == 1 and told, without.stdout
    assert not (tmp_path / "var").exists(), "nothing is begun that cannot be done"

    tree.finds_nothing(told[1], *told[2].split(), told[3], "--offline", cwd=built, **place)
    done = tree.run(*drift, cwd=tmp_path, **place)
    assert done.returncode == 0 and "To check a school: leeboard drift -i" in done.stdout, done.stdout
    assert (tmp_path / "var" / "drift-this-machine.html").is_file()
