"""A small baseline and estates in code, for every test of a report: all verdicts, all outcomes, hostile text."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from leeboard.model.device import Device
from leeboard.model.enums import Level, Mode
from leeboard.model.finding import Finding, Judged
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver
from leeboard.policy.model import Baseline
from leeboard.verdict.status import DeviceStatus, EstateStatus, SchoolStatus
from leeboard.verdict.waivers import standings

AT = datetime(2026, 11, 25, 2, 14, tzinfo=UTC)
SCHOOLS = {"900001": "Example Primary School", "900002": "Ysgol Tŷ Gwyn"}
OUTCOMES = ("observed", "unreachable", "failed", "another_machine", "not_seen", "other", "never")
HOSTILE = (
    "<script>document.documentElement.id='owned'</script>",
    """"><img src=x onerror="document.documentElement.id='owned'">""",
    "'; </style></details><svg onload=document.documentElement.id='owned'>",
    "\x1b]0;owned\x07\x1b[31m[bold red]markup[/bold red] [link=file:///etc/passwd]x[/link]",
    "\u202eexe.cod\u2066 \u200b\u0000\x7f\x9b31m",
    "{{ 7*7 }}{% raw %}</title>",
    "javascript:alert(4)",
    "long" * 3000,
    "\ud800 lone, 🧑‍🏫 joined, z" + "\u0301" * 400,
)
TITLES = {
    "LCK": (
        "Screen lock",
        [
            ("LCK-01", "The screen locks after a time without use", "critical"),
            ("LCK-02", "Unlocking asks for the password at once", "high"),
            ("LCK-03", "Users cannot change the lock", "medium"),
        ],
    ),
    "ENC": (
        "Disk encryption",
        [
            ("ENC-01", "The system drive is encrypted and its protection is on", "critical"),
            ("ENC-02", "The cipher and the length of its key are strong enough for the level", "medium"),
        ],
    ),
    "LBL": (
        "Labelling",
        [
            ("LBL-01", "A notice is shown before sign-in", "medium"),
            ("LBL-02", "The notice names no version of the system", "low"),
        ],
    ),
    "AUD": ("Audit logging", [("AUD-01", "Audit logging is installed, on and starts with the device", "high")]),
}
CONTROLS = [control for _, controls in TITLES.values() for control, _, _ in controls]


def baseline() -> Baseline:
    """Four families with eight controls, without settings: reports read those from the findings."""
    return Baseline.model_validate(
        {
            "families": [
                {
                    "family": family,
                    "title": title,
                    "controls": [
                        {
                            "id": control,
                            "title": words,
                            "subject": "device",
                            "severity": severity,
                            "mode": "enforce",
                            "fails_in_report": control == "ENC-01",
                            "why": "Anybody who walks past an open machine can read and send what its user can,\n"
                            "and nobody can tell afterwards who it was.\n",
                            "remedy": {
                                "linux": f"Let Leeboard put it back (leeboard enforce --family {family}), or set it by "
                                "hand at the place that is named.",
                                "windows": "",
                            },
                            "references": [],
                            "reviewed": "2026-11-25",
                            "settings": [],
                        }
                        for control, words, severity in controls
                    ],
                }
                for family, (title, controls) in TITLES.items()
            ],
            "drivers": {},
            "parameters": {},
            "levels": {
                "standard": {"title": "Standard", "impact_levels": "0-2", "label": "PROTECT"},
                "sensitive": {
                    "title": "Sensitive",
                    "impact_levels": "3",
                    "label": "RESTRICTED - pupil data",
                },
                "high": {
                    "title": "High",
                    "impact_levels": "4",
                    "label": "CONFIDENTIAL - special categories",
                },
            },
            "frameworks": {},
            "digest": "5f1d" * 16,
        }
    )


def device(asset: str, urn: str = "900001", **other: Any) -> Device:
    """A Linux desktop of an office, unless other words say otherwise."""
    given = {
        "name": asset.lower(),
        "school": SCHOOLS.get(urn, f"School {urn}"),
        "platform": "linux",
        "form": "desktop",
        "role": "office",
        "level": "standard",
        **other,
    }
    return Device.model_validate({"asset": asset, "urn": urn, **given})


def judged(verdict: Verdict, **other: str) -> Judged:
    """One setting with this verdict."""
    words = {
        "setting": "gnome-idle-delay",
        "title": "Time without use until the screen is blanked",
        "address": "dconf:/org/gnome/desktop/session/idle-delay",
        "seen": "1800 seconds",
        "wanted": "at most 900 seconds, and not 0",
        "source": "/etc/dconf/db/local.d/90-vendor",
        "reason": "configured as 900, but that is not what takes effect",
        "remedy": "Remove the key from 90-vendor and run dconf update, or run leeboard enforce --family LCK.",
        **other,
    }
    return Judged(verdict=verdict, **words)


def accepted(control: str, **other: Any) -> Waiver:
    """An accepted risk."""
    given = {
        "id": f"W-{control}",
        "control": control,
        "school": True,
        "reason": "The hall's display must stay on during concerts.",
        "owner": "Head teacher",
        "approved_by": "Governing body",
        "siro": True,
        "granted": "2026-09-01",
        "last_day": "2027-03-31",
        **other,
    }
    return Waiver.model_validate(given)


def finding(control: str, verdict: Verdict, mode: Mode = Mode.ENFORCE, code: str = "") -> Finding:
    """A finding with the settings that such a verdict has."""
    if verdict in (Verdict.MISSING, Verdict.STALE):
        return Finding(control, verdict, mode, (), "last seen 40 days ago, at most 30 count")
    if verdict is Verdict.NOT_APPLICABLE:
        return Finding(control, verdict, mode, (), "desktops: none")
    if verdict is Verdict.COMPLIANT:
        return Finding(control, verdict, mode, (judged(verdict, seen="600 seconds", reason=""),))
    if verdict is Verdict.PENDING:
        return Finding(
            control, verdict, mode, (judged(verdict, reason="still running with 1800", code="pending", route="GNOME"),)
        )
    if verdict is Verdict.WAIVED:
        return Finding(control, verdict, mode, (judged(Verdict.WAIVED),), accepted(control).summary)
    if verdict is Verdict.DRIFTED:
        return Finding(control, verdict, mode, (judged(verdict),))
    code = code or ("needs_root" if verdict is Verdict.ERROR else "planned")
    why = "Leeboard cannot check this yet: TPM" if code == "planned" else "/etc/shadow: permission denied"
    return Finding(control, verdict, mode, (judged(verdict, seen="", source="", reason=why, code=code),))


def status(
    it: Device, verdicts: dict[str, Verdict], outcome: str = "observed", days: float = 0.1, message: str = ""
) -> DeviceStatus:
    """A device with these verdicts; what it does not name is compliant."""
    findings = tuple(finding(control, verdicts.get(control, Verdict.COMPLIANT)) for control in CONTROLS)
    since = {control: AT - timedelta(days=12 + place) for place, control in enumerate(CONTROLS)}
    waived = {control: accepted(control) for control, verdict in verdicts.items() if verdict is Verdict.WAIVED}
    it = it.model_copy(update={"waivers": (*it.waivers, *waived.values())})
    return DeviceStatus(it, outcome, findings, AT - timedelta(days=days), message, since, waived=waived)


def everywhere(it: Device, verdict: Verdict, outcome: str, message: str, seen: datetime | None) -> DeviceStatus:
    """A device that has the same verdict for all controls, for one reason."""
    return DeviceStatus(
        it, outcome, tuple(Finding(control, verdict, Mode.ENFORCE, (), message) for control in CONTROLS), seen, message
    )


def whole(
    urn: str, *findings: Finding, level: Level = Level.STANDARD, recipients: str = "", name: str = ""
) -> SchoolStatus:
    """What is asked of a school as a whole."""
    return SchoolStatus(urn, name or SCHOOLS.get(urn, f"School {urn}"), level, findings, recipients)


def counted(verdict: Verdict, **other: str) -> Judged:
    """What an export says of a school's accounts."""
    said = {
        "setting": "all-staff",
        "title": "Staff who have no second factor",
        "address": "second_factor:all-staff",
        "seen": "4 accounts",
        "wanted": "at most 0 accounts",
        "source": "staff-2026-11-02.csv",
        "reason": "4 of 61 accounts",
        "code": "other_value",
        "remedy": "Let everybody who is counted register a second factor.",
        **other,
    }
    return judged(verdict, **said)


def estate(
    *devices: DeviceStatus, problems: tuple[str, ...] = (), schools: tuple[SchoolStatus, ...] = ()
) -> EstateStatus:
    """A status of these devices, and of these schools as a whole, at AT."""
    base = baseline()
    risks = standings([one.device for one in devices], base, AT)
    return EstateStatus(devices, base, AT, problems, schools, risks)


def mixed() -> EstateStatus:
    """Two schools with a device in every state that a report must show."""
    drifted = {"LCK-01": Verdict.DRIFTED, "LCK-02": Verdict.DRIFTED, "ENC-02": Verdict.NOT_CHECKED}
    several = status(device("EP-0002", role="teaching_display"), {"LBL-01": Verdict.PENDING})
    many = tuple(judged(Verdict.DRIFTED, title=f"Rule {place} is loaded", reason="") for place in range(3))
    broken = Finding("AUD-01", Verdict.ERROR, Mode.ENFORCE, (judged(Verdict.ERROR, code="timeout", seen=""), *many))
    reported = Finding("LBL-02", Verdict.DRIFTED, Mode.REPORT, many)
    several = DeviceStatus(
        several.device,
        "observed",
        (*several.findings[:-3], finding("LBL-01", Verdict.PENDING), reported, broken),
        several.seen,
        since=several.since,
    )
    risks = (
        accepted("LCK-02", id="W-SOON", school=False, roles=["office"], last_day="2026-12-07"),
        accepted("LCK-03", id="W-OVER", last_day="2026-11-24"),
        accepted("AUD-01", id="W-LATER", school=False, devices=["EP-0007"], granted="2026-12-01"),
    )
    return estate(
        status(device("EP-0001", level="sensitive"), drifted),
        several,
        status(device("EP-0005"), {"LCK-03": Verdict.NOT_APPLICABLE, "LBL-02": Verdict.WAIVED}),
        status(device("EP-0006", form="portable", role="staff_portable"), {}, "unreachable", 4, "no answer on port 22"),
        status(device("EP-0007", waivers=risks), {"ENC-02": Verdict.NOT_CHECKED}),
        *(status(device(f"EP-01{place:02}", role="pupil_shared"), {}) for place in range(6)),
        everywhere(
            device("EP-0003", platform="other", form="portable", role="pupil_shared"),
            Verdict.NOT_CHECKED,
            "other",
            "Leeboard does not check devices of platform other",
            None,
        ),
        everywhere(
            device("YT-0001", "900002", level="high", form="portable", role="staff_portable"),
            Verdict.ERROR,
            "another_machine",
            "another machine answered: serial PF2XXXXX where PF1ABCDE is registered",
            AT - timedelta(days=2),
        ),
        everywhere(device("YT-0002", "900002"), Verdict.MISSING, "not_seen", "never seen", None),
        everywhere(
            device("YT-0003", "900002"),
            Verdict.STALE,
            "unreachable",
            "last seen 40 days ago, at most 30 count",
            AT - timedelta(days=40),
        ),
        everywhere(device("YT-0004", "900002"), Verdict.ERROR, "failed", "the device has no Python 3.9 or newer", None),
        status(device("YT-0005", "900002"), {"LCK-01": Verdict.DRIFTED}),
        problems=("the run at 900002 broke off: its bundle has no trailer",),
        schools=(
            whole(
                "900001",
                Finding("REM-11", Verdict.DRIFTED, Mode.REPORT, (counted(Verdict.DRIFTED),)),
                Finding("LBL-03", Verdict.COMPLIANT, Mode.REPORT, (counted(Verdict.COMPLIANT),)),
                level=Level.SENSITIVE,
            ),
            whole(
                "900002",
                Finding("REM-11", Verdict.STALE, Mode.REPORT, (counted(Verdict.STALE),)),
                Finding("LBL-03", Verdict.NOT_APPLICABLE, Mode.REPORT, (), "not asked for at level standard"),
                level=Level.HIGH,
                recipients="Head teacher, SIRO",
            ),
        ),
    )


def single() -> EstateStatus:
    """One device with a finding of every verdict."""
    return estate(mixed().devices[1])


def hostile() -> EstateStatus:
    """Every text that may come from outside is hostile."""
    devices = []
    for place, text in enumerate(HOSTILE):
        it = device(f"H-{place}", school=text, name=text)
        bad = judged(Verdict.DRIFTED, **dict.fromkeys(("title", "address", "seen", "source", "reason", "remedy"), text))
        findings = (
            Finding("LCK-01", Verdict.DRIFTED, Mode.ENFORCE, (bad, bad), text),
            Finding(text[:30], Verdict.ERROR, Mode.REPORT, (), text),
            Finding("LCK-02", Verdict.WAIVED, Mode.ENFORCE, (bad,), text),
            Finding("LCK-03", Verdict.NOT_APPLICABLE, Mode.ENFORCE, (), text),
            Finding("ENC-01", Verdict.PENDING, Mode.ENFORCE, (bad,), text),
        )
        # Nothing that is read makes such a waiver; should one ever come through, a report does not trust it either.
        words = dict.fromkeys(("id", "reason", "owner", "approved_by"), text)
        risk = accepted("LCK-02").model_copy(update={**words, "school": False, "devices": (text,)})
        it = it.model_copy(update={"waivers": (risk,)})
        devices.append(DeviceStatus(it, OUTCOMES[place % 7], findings, AT, text, {}, (text,), {"LCK-02": risk}))
    words = dict.fromkeys(("title", "seen", "wanted", "source", "reason", "remedy"), HOSTILE[0] + HOSTILE[3])
    bad = Finding("REM-11", Verdict.DRIFTED, Mode.REPORT, (counted(Verdict.DRIFTED, **words),), HOSTILE[1])
    hostile_school = whole("900001", bad, recipients=HOSTILE[1] + HOSTILE[4], name=HOSTILE[2])
    return estate(*devices, problems=HOSTILE, schools=(hostile_school,))


def some(seed: int, most: int = 40) -> EstateStatus:
    """A random estate; the same for the same seed."""
    dice = random.Random(seed)
    devices = []
    for place in range(dice.randrange(most)):
        it = device(
            f"R-{place:04}", dice.choice(("900001", "900002", "900003")), level=dice.choice(("standard", "high"))
        )
        controls = dice.sample(CONTROLS, dice.randrange(len(CONTROLS) + 1))
        findings = tuple(
            finding(
                control,
                dice.choice(list(Verdict)),
                dice.choice((Mode.ENFORCE, Mode.REPORT)),
                dice.choice(("", "timeout", "planned")),
            )
            for control in controls
        )
        seen = dice.choice((None, AT - timedelta(hours=dice.randrange(2000))))
        since = {control: AT - timedelta(hours=dice.randrange(5000)) for control in controls if dice.random() < 0.5}
        devices.append(DeviceStatus(it, dice.choice(OUTCOMES), findings, seen, dice.choice(("", "words")), since))
    schools = tuple(
        whole(
            urn,
            *(
                Finding(control, verdict, dice.choice((Mode.ENFORCE, Mode.REPORT)), (counted(verdict),))
                for control in ("FWD-04", "LBL-03", "REM-11")
                for verdict in [dice.choice(list(Verdict))]
            ),
        )
        for urn in sorted({device.device.urn for device in devices})
        if dice.random() < 0.7
    )
    return estate(*devices, problems=dice.choice(((), ("a problem",))), schools=schools)


def large(devices: int) -> EstateStatus:
    """An LA of many schools, most devices well, some drifted, some silent."""
    dice = random.Random(7)
    made = []
    for place in range(devices):
        it = device(f"L-{place:05}", f"{910000 + place // 60}")
        drift = {c: Verdict.DRIFTED for c in CONTROLS if dice.random() < 0.12}
        made.append(status(it, drift, "unreachable" if dice.random() < 0.3 else "observed", dice.random() * 20))
    return estate(*made)
