"""The table of MDM policies that devices have, held against the baseline and the machine that Intune manages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from leeboard.policy.load import load
from leeboard.policy.model import Setting
from tests.windows.intune import POLICIES

FILE = Path(__file__).resolve().parents[3] / "plugins/module_utils/_windows/mdm/MdmTable.psm1"
FVE = r"hklm\software\policies\microsoft\fve"
REMOTE = r"hklm\software\policies\microsoft\windows nt\terminal services"
WINRM = r"hklm\software\policies\microsoft\windows\winrm"
KINDS = {"state": 2, "data": 1, "flag": 1, "text": 0, "number": 0, "minutes": 0, "owner": 0}  # kind -> words at least
# What no page documents as a policy, or what lies where nobody documents it: these stay not checked.
UNDOCUMENTED = {
    r"registry:hklm\software\policies\microsoft\passportforwork\pincomplexity:minimumpinlength",
    rf"registry:{REMOTE}\client:disablecloudclipboardintegration",
}
# Policies that stand for the same setting as another one, and hold besides it.
BESIDE = {"MaxInactivityTimeDeviceLock", "MaxDevicePasswordFailedAttempts"}


@dataclass(frozen=True)
class Line:
    """A line of the table with what stands above it."""

    subject: str
    area: str
    policy: str
    kind: str
    words: tuple[str, ...]
    page: str
    admx: str


def table() -> list[Line]:
    """The lines, read without the device code."""
    lines, key, page, admx = [], "", "", ""
    text = re.search(r"\$script:Table = @'\n(.*?)\n'@", FILE.read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    for line in text[1].splitlines():
        if line.startswith("["):
            key = line[1:-1]
        elif line.startswith("< "):
            page, _, admx = line[2:].partition(", ")
        elif line:
            found = re.fullmatch(r"([^=]+) = (\w+)/(\w+) (\w+)((?: [\w=-]+)*?)(?: if (\w+)=(\d+))?(?: \| \w+)?", line)
            assert found is not None, line
            name, area, policy, kind, words = found.groups()[:5]
            lines.append(Line(f"{key}:{name}".lower(), area, policy, kind, tuple(words.split()), page, admx))
    return lines


def subject(setting: Setting) -> str:
    """The subject of the table that a setting is about, by what its driver reads."""
    name = setting.address.lower()
    if setting.driver == "bitlocker_policy":
        return f"{FVE}:{name.rpartition('/')[2]}"
    if setting.driver == "remote_desktop":
        return f"{REMOTE}:{name}"
    if setting.driver == "winrm":
        return f"{WINRM}\\{name}"
    return {"audit_policy": "audit:", "user_right": "security:", "account_lockout": "security:"}.get(
        setting.driver, ""
    ) + name


def settings() -> list[Setting]:
    return [setting for control in load().controls for setting in control.settings]


def test_each_line_has_its_page_and_a_meaning() -> None:
    """Pages are named by area, and what is in the form of a template has the template."""
    assert len(table()) > 95
    for line in table():
        csp = "bitlocker-csp" if line.area == "BitLocker" else f"policy-csp-{line.area.lower().replace('_', '-')}"
        assert line.page == f"{csp}.md", line
        assert len(line.words) >= KINDS[line.kind], line
        assert line.admx or line.kind not in ("state", "data", "flag"), line


def test_every_line_is_about_something_we_ask() -> None:
    asked = {subject(setting) for setting in settings()}
    places = ("eventlog", "w32time", r"power\powersettings", "maxdevicepassword")  # by key, where the driver knows it
    assert [line for line in table() if line.subject not in asked and not any(p in line.subject for p in places)] == []


def test_what_an_mdm_service_keeps_elsewhere_is_looked_for_there() -> None:
    """For people's own registry the service keeps it below each person, where we do not look."""
    known = {line.subject for line in table()}
    marked = [each for each in settings() if each.mdm_elsewhere and each.driver != "registry_user"]
    assert len(marked) > 50
    missing = {f"{each.driver}:{subject(each)}" for each in marked if subject(each) not in known}
    assert missing == UNDOCUMENTED


def test_the_machine_that_intune_manages_has_every_policy() -> None:
    """The share that is measured there is about all of the table."""
    wanted = {(line.area, line.policy) for line in table() if line.kind != "owner" and line.policy not in BESIDE}
    assert {(area, policy) for area, values in POLICIES.items() for policy in values} == wanted
    for line in table():
        value = str(POLICIES.get(line.area, {}).get(line.policy, ""))
        if line.kind in ("data", "flag") and value:
            assert f'id="{line.words[0]}"' in value, line
