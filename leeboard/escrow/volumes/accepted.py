"""What somebody accepted of a device's BitLocker (waivers), and what a roll-out therefore leaves as it is there.

A waiver of ENC-01 leaves all of BitLocker as it is, one of ENC-10 the data drives that are as it says, one of ENC-03
what the volume of Windows asks for at a start. What else the driver has to do goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from leeboard.escrow.disks.tpm_policy import Way
from leeboard.escrow.volumes.readings import volumes_of
from leeboard.model.enums import Mode
from leeboard.model.observation import Found, Observation, Reading
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver
from leeboard.policy.resolve import Wanted, WantedSetting
from leeboard.verdict.evaluate import judge
from leeboard.verdict.judgements.bitlocker import DATA
from leeboard.verdict.waivers import covers, in_force, left_alone

ENCRYPTED = "ENC-01"  # that the volume of Windows is encrypted and protected
START = ("ENC-03", "bitlocker_pre_boot")
DATA_DRIVES = ("ENC-10", "bitlocker_unencrypted_data")
VOLUMES = ("bitlocker_volume", "volumes")
NOTHING = "nothing"  # what a volume asks for that is not encrypted: there is no start to leave as it is


@dataclass(frozen=True)
class Risks:
    """The accepted risks that a roll-out heeds on one device.

    `drives` are the DeviceIDs of data drives that are left as they are. `start` is true where what the volume of
    Windows asks for now stays; `ways` are what else than the level's the school may choose by name. `said` is for a
    person, a line each.
    """

    drives: tuple[str, ...] = ()
    start: bool = False
    ways: tuple[Way, ...] = ()
    said: tuple[str, ...] = ()


def of_system(wanted: Wanted, observation: Observation, at: datetime) -> str:
    """By which accepted risk the volume of Windows is as it is, in words; empty for none, and where nothing drifted."""
    narrowed, waivers = left_alone(wanted, at, observation)
    if ENCRYPTED not in waivers:
        return ""
    spared = {one.setting.id for one in narrowed.settings if one.control.id == ENCRYPTED and one.mode is Mode.REPORT}
    for setting in wanted.settings:
        if setting.control.id != ENCRYPTED or setting.setting.id not in spared or setting.mode is not Mode.ENFORCE:
            continue
        if judge(wanted, setting, observation, at).verdict is Verdict.DRIFTED:
            return f"{_words(waivers[ENCRYPTED])}: BitLocker is left as it is"
    return ""


def of_parts(wanted: Wanted, observation: Observation, at: datetime, chosen: Way | None = None) -> Risks:
    """What is accepted of the data drives, and of what is asked for at a start. `chosen` is what the school named."""
    waivers = in_force(wanted.device.waivers, wanted.baseline, at)
    drives, said = _drives(wanted, observation, at, waivers.get(DATA_DRIVES[0]))
    start, setting = waivers.get(START[0]), _setting(wanted, *START)
    if start is None or setting is None:
        return Risks(drives, said=tuple(said))
    judged = judge(wanted, setting, observation, at)
    is_accepted = judged.verdict is Verdict.DRIFTED and covers(start, setting.setting, judged, wanted.device.asset)
    stays = is_accepted and NOTHING not in judged.values
    ways = tuple(way for way in (Way.TPM, Way.PIN) if _names(start, setting, way.value, wanted.device.asset))
    if stays:
        said.append(f"{_words(start)}: what the volume of Windows asks for at a start stays as it is")
    elif chosen in ways and not _is_among(str(chosen), setting):
        said.append(f"{_words(start)}: {chosen} opens the volume of Windows, as leeboard_disk_tpm says")
    return Risks(drives, stays, ways, tuple(said))


def _drives(
    wanted: Wanted, observation: Observation, at: datetime, waiver: Waiver | None
) -> tuple[tuple[str, ...], list[str]]:
    """The data drives that are as a waiver accepts, each looked at by itself: one that cannot be told hides none."""
    reading, setting = observation.reading(*VOLUMES), _setting(wanted, *DATA_DRIVES)
    if waiver is None or setting is None or reading is None or not isinstance(reading.effective, Found):
        return (), []
    texts = reading.effective.value if isinstance(reading.effective.value, list) else [str(reading.effective.value)]
    drives, said = [], []
    for text, volume in zip(texts, volumes_of(list(texts)), strict=True):
        if volume.kind != DATA or not volume.letter:
            continue
        judged = judge(wanted, setting, _with_one(observation, reading, str(text)), at)
        if judged.verdict is Verdict.DRIFTED and covers(waiver, setting.setting, judged, wanted.device.asset):
            drives.append(volume.name)
            said.append(f"{_words(waiver)}: volume {volume.letter.rstrip(':')} is left as it is")
    return tuple(drives), said


def _with_one(observation: Observation, reading: Reading, text: str) -> Observation:
    """The observation of a device that has this volume alone."""
    effective = Found(state="value", value=[text], source=reading.effective.source)
    alone = reading.model_copy(update={"effective": effective})
    return Observation.model_construct(facts=observation.facts, readings=[alone])


def _names(waiver: Waiver, setting: WantedSetting, value: str, asset: str) -> bool:
    """Whether a waiver accepts this value of a setting: it names it, or it names no setting at all."""
    named = [entry.of(asset) for entry in waiver.settings if entry.setting == setting.setting.id]
    return not waiver.settings or any(value in values for values in named)


def _is_among(value: str, setting: WantedSetting) -> bool:
    return value in setting.value if isinstance(setting.value, tuple) else value == setting.value


def _setting(wanted: Wanted, control: str, judgement: str) -> WantedSetting | None:
    fits = (one for one in wanted.settings if (one.control.id, one.setting.judgement) == (control, judgement))
    return next((one for one in fits if one.setting.driver == VOLUMES[0]), None)


def _words(waiver: Waiver) -> str:
    return f"{waiver.control} is an accepted risk here ({waiver.id}, until {waiver.last_day})"
