"""Write the answers that `leeboard example` replays: `python -m tests.unit.cli.example_answers`.

They are put together from what machines of the lab did answer, as the cases of the controls have it: a machine that has
all that the baseline wants, with the label, notice and collector of the device's school, and over it the cases that an
answer is like.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leeboard.ansible import inventory
from leeboard.evidence.bundles.schema import Expected
from leeboard.example.answers import FILE
from leeboard.example.build import SILENT, plan, write_inventory
from tests.controls.cases import NOTICE, SHIPPED, Case, all_cases

CONSOLE = ("LBL-01", "a console shows what Debian wrote")
FAILLOCK = ("LCK-05", "Debian as it is installed counts nothing")
# By answer: the cases that it is like; those of a device alone stand under its tag and the answer.
LIKE: dict[str, tuple[tuple[str, str], ...]] = {
    "well": (),
    "as-installed": (CONSOLE, FAILLOCK),
    "notice-gone": (CONSOLE,),
    "does-not-lock": (("LCK-01", "a key file that is right and does not take effect"),),
    "never-locks": (("LCK-01", "never is not the shortest of all times"),),
    "not-encrypted": (("ENC-01", "nothing is encrypted"), ("ENC-02", "a machine in clear has no cipher at all")),
    "no-firewall": (("REM-12", "off everywhere"),),
    "guessing": (("LCK-05", "a clean Windows 11"),),
    "records-nothing": (("AUD-01", "stopped"),),
}
# What a machine of the lab has no need of, and devices of a school do.
WINDOWS = {"shared_folders": False}


def shipped() -> dict[str, Any]:
    """What the file holds: machines in full, and by device and answer what differs."""
    with tempfile.TemporaryDirectory() as folder:
        write_inventory(Path(folder), datetime(2026, 11, 25, 2, 10, tzinfo=UTC))
        devices = inventory.read(Path(folder), tuple(SHIPPED.parameters)).devices
    told = plan().devices
    machines = {platform: seen({"device": {"platform": platform}}) for platform in ("linux", "windows")}
    answers = {
        device.asset: {
            name: differs(machines[device.platform], answered(device, name), device.platform)
            for name in sorted({*told[device.asset].values()} - {SILENT})
        }
        for device in devices
        if device.asset in told
    }
    return {"machines": machines, "devices": answers}


def answered(device: Expected, name: str) -> dict[str, Any]:
    """What a device says in one of its answers."""
    known = {(case.control, case.raw["name"]): case.raw for case in all_cases() if _platform(case) == device.platform}
    raws = [own(device), *(known[key] for key in LIKE[name])]
    merged = {
        part: {key: one for raw in raws for key, one in raw.get(part, {}).items()} for part in ("facts", "readings")
    }
    return seen({"device": {"platform": device.platform}, **merged}, device.parameters["notice_text"])


def own(device: Expected) -> dict[str, Any]:
    """What a device of this school and level has, where all is well; in the short form of a case."""
    label = SHIPPED.levels[device.level].label
    if device.platform == "windows":
        return {"facts": WINDOWS, "readings": {r"registry:HKLM\SOFTWARE\Leeboard:Label": label}}
    collector = device.parameters["log_collector"]
    return {
        "readings": {
            "device_label:label": label,
            "log_forwarding:collector": collector,
            "log_forwarding:tls-peers": [collector.partition(":")[0]],
        }
    }


def seen(raw: dict[str, Any], notice: str = NOTICE) -> dict[str, Any]:
    """What a machine says that is like a case, as JSON."""
    said = Case("LCK-01", raw).observation().model_dump(mode="json", exclude_defaults=True, by_alias=True)
    # A case has no file of its own: without a source, pages show the address that was read.
    text = json.dumps(said).replace('"source": "case"', '"source": ""')
    found: dict[str, Any] = json.loads(text.replace(NOTICE, json.dumps(notice)[1:-1]))
    return found


def differs(machine: dict[str, Any], said: dict[str, Any], platform: str) -> dict[str, Any]:
    """What of an answer differs from what the machine of its kind says in full."""
    return {
        "machine": platform,
        "facts": {name: fact for name, fact in said["facts"].items() if machine["facts"].get(name) != fact},
        "readings": [reading for reading in said["readings"] if reading not in machine["readings"]],
    }


def text() -> str:
    """The file's content."""
    return json.dumps(shipped(), indent=1, sort_keys=True) + "\n"


def _platform(case: Case) -> str:
    platform: str = case.raw.get("device", {}).get("platform", "linux")
    return platform


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
