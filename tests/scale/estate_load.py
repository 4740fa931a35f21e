"""How long an estate takes to read, and in how much memory: 25,000 devices in 200 schools, and one school of them.

`python -m tests.scale.estate_load` makes the files, reads them in processes of their own by Ansible (with the plugin
leeboard.schools.estate) and by `leeboard` itself, prints what each took, and puts it into docs/performance.md.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.scale.page import write

ROOT = Path(__file__).resolve().parents[2]
SCHOOLS = 200
DEVICES = 125  # in each
ROUNDS = 3
MOST_SECONDS = 5.0
MOST_SECONDS_OF_ONE = 1.0
MOST_MEMORY = 200  # MB
Kind = tuple[str, str, str]
KINDS: tuple[Kind, ...] = (
    ("Windows 11 Pro", "Laptop", "staff_portable"),
    ("windows", "desktop", "office"),
    ("linux", "desktop", "pupil_shared"),
    ("windows", "desktop", "teaching_display"),
    ("iPadOS", "", ""),
)
# Both list every device in the end, as what comes after them would: its variables by Ansible are not worked out.
ANSIBLE = """
import sys
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
print(len(InventoryManager(loader=DataLoader(), sources=[sys.argv[1]]).get_hosts()))
"""
BRAIN = """
import sys
from pathlib import Path
from leeboard.ansible.inventory import read
from leeboard.policy.load import load
print(len(read(Path(sys.argv[1]), tuple(load().parameters)).devices))
"""


@dataclass(frozen=True)
class Took:
    """Wall seconds, seconds of a processor, and the most memory that the process had, in MB."""

    seconds: float
    processor: float
    memory: float


def make(folder: Path, schools: int = SCHOOLS, devices: int = DEVICES, kinds: Sequence[Kind] = KINDS) -> Path:
    """An estate in a folder; returns its estate.yml."""
    (folder / "estate.yml").write_text("plugin: leeboard.schools.estate\nname: A large LA\nlevel: standard\n")
    for school in range(schools):
        urn = 910_000 + school
        own = folder / f"school-{urn}"
        own.mkdir()
        (own / "school.yml").write_text(
            f'plugin: leeboard.schools.estate\nurn: "{urn}"\nname: School {urn}\nphase: primary\n'
            "network: {jump_host: technician@jump.school.example}\n"
            "connection: {windows: {realm: SCHOOL.EXAMPLE, user: leeboard}}\n"
            "enforce: [{family: LCK, since: 2026-09-01, by: Head teacher}]\n"
            "vars: {leeboard_notice_text: The notice of this school.}\n"
        )
        rows = ["asset,host,address,platform,form,role,level,serial,notes"]
        for number in range(devices):
            platform, form, role = kinds[number % len(kinds)]
            serial = f"5CG{urn}{number:04}"
            rows.append(
                f"A-{number:04},pc-{number:04},10.{school}.1.{number},{platform},{form},{role},,{serial},Room 1"
            )
        (own / "devices.csv").write_text("\n".join(rows) + "\n")
    return folder / "estate.yml"


def took(code: str, file: Path, devices: int) -> Took:
    """Run code in a process of its own on an inventory file; it must print how many devices there are.

    A shell starts it: Linux counts what a process had before it became another program, and this one may be large.
    """
    code += "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    with subprocess.Popen(
        ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-c", code, str(file)],
        env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said, most = process.stdout.read().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    assert process.returncode == 0, f"ended with {process.returncode}"
    assert said == str(devices), f"{devices} devices are there, and it found {said}"
    return Took(seconds, usage.ru_utime + usage.ru_stime, int(most) / 1024)


def measure() -> dict[str, Took]:
    """What each way of reading took, the middle of ROUNDS."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="leeboard-estate-") as folder:
        estate = make(Path(folder))
        one = estate.parent / f"school-{910_000 + SCHOOLS // 2}" / "school.yml"
        for who, code in (("plugin", ANSIBLE), ("leeboard", BRAIN)):
            for what, file, devices in (("all", estate, SCHOOLS * DEVICES), ("one", one, DEVICES)):
                rounds = [took(code, file, devices) for _ in range(ROUNDS)]
                found[f"{who}, {what}"] = Took(
                    statistics.median(each.seconds for each in rounds),
                    statistics.median(each.processor for each in rounds),
                    max(each.memory for each in rounds),
                )
    return found


def show(found: dict[str, Took]) -> None:
    """Print the figures, and put them into the page."""
    words = {"plugin": "Ansible with `leeboard.schools.estate`", "leeboard": "`leeboard` itself, no Ansible started"}
    rows = []
    for name, each in found.items():
        who, _, what = name.partition(", ")
        devices = f"{SCHOOLS * DEVICES:,} devices in {SCHOOLS} schools" if what == "all" else f"one school of {DEVICES}"
        most = MOST_SECONDS if what == "all" else MOST_SECONDS_OF_ONE
        print(
            f"{words[who]}: {devices}: {each.seconds:.2f} s, of which {each.processor:.2f} s of a processor, "
            f"{each.memory:.0f} MB (at most {most:.0f} s and {MOST_MEMORY} MB)"
        )
        rows.append(
            f"| {words[who]}: {devices} | {each.processor:.2f} s, {each.memory:.0f} MB | "
            f"at most {most:.0f} s, {MOST_MEMORY} MB |"
        )
    write("estate-load", "\n".join(rows))


if __name__ == "__main__":
    show(measure())
