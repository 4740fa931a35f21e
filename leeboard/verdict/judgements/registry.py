"""All judgements by name, the types of objects they take, and how one is applied to what a device sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ValidationError

from leeboard.model.judgements import QUESTIONS, TEXTS
from leeboard.model.observation import Aspect
from leeboard.model.values import plain
from leeboard.verdict.judgements import (
    bitlocker_start,
    bitlocker_state,
    boot,
    disks,
    escrowed_keys,
    kept_protection,
    kept_there,
    moments,
    protection,
    recovery,
    vpn,
    windows_vpn,
    winrm,
)
from leeboard.verdict.judgements.answer import Answer, Facts, Judgement, MakesNoSense
from leeboard.verdict.judgements.bitlocker import EncryptableVolume
from leeboard.verdict.judgements.profile import Profile
from leeboard.verdict.judgements.volume import Volume

OBJECTS: dict[str, type[BaseModel]] = {
    "bitlocker_volume": EncryptableVolume,
    "held_there": kept_there.HeldThere,
    "kept_disk": escrowed_keys.KeptDisk,
    "kept_key": escrowed_keys.KeptKey,
    "kept_protection": kept_protection.KeptProtection,
    "kept_suspension": escrowed_keys.KeptSuspension,
    "volume": Volume,
    "vpn_profile": Profile,
    "windows_vpn_profile": windows_vpn.WindowsProfile,
    "winrm_listener": winrm.Listener,
}
MOST_OBJECTS = 500
MOST_TEXTS, LONGEST_TEXT = 100, 1000  # findings keep them, to be judged again
JUDGEMENTS: dict[str, Judgement] = {
    **disks.JUDGEMENTS,
    **protection.JUDGEMENTS,
    **boot.JUDGEMENTS,
    **bitlocker_state.JUDGEMENTS,
    **bitlocker_start.JUDGEMENTS,
    **recovery.JUDGEMENTS,
    **escrowed_keys.JUDGEMENTS,
    **kept_protection.JUDGEMENTS,
    **kept_there.JUDGEMENTS,
    **vpn.JUDGEMENTS,
    **windows_vpn.JUDGEMENTS,
    **winrm.JUDGEMENTS,
    **moments.JUDGEMENTS,
}


def derive(name: str, value: object, facts: Mapping[str, Aspect], at: datetime) -> Answer:
    """What the judgement `name` makes of a reading's value at a moment. Raises what a judgement may raise."""
    question = QUESTIONS[name]
    objects = _texts(question.objects, value) if question.objects in TEXTS else _objects(question.objects, value)
    return JUDGEMENTS[name](objects, Facts(facts, question.facts, at if question.asks_time else None))


def _texts(kind: str, value: object) -> tuple[str | int, ...]:
    """The texts in a list, or a bare number, which older collections sent."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if not isinstance(value, list):
        raise MakesNoSense(f"the device sent a single value where a list of texts is meant ({kind})")
    if len(value) > MOST_TEXTS or any(len(text) > LONGEST_TEXT for text in value):
        raise MakesNoSense(
            f"the device sent more than {MOST_TEXTS} texts or {LONGEST_TEXT} characters in one ({kind})", "too_large"
        )
    # In the form in which findings keep them: judged again later, they come to the same.
    return tuple(plain(text, 10 * LONGEST_TEXT) for text in value)


def _objects(kind: str, value: object) -> tuple[BaseModel, ...]:
    """The objects in a list of JSON texts: hostile until they have passed through here."""
    if not isinstance(value, list):
        raise MakesNoSense(f"the device sent a single value where a list of {kind}s is meant")
    if len(value) > MOST_OBJECTS:
        raise MakesNoSense(f"the device sent {len(value)} {kind}s, at most {MOST_OBJECTS} are looked at", "too_large")
    objects = []
    for place, text in enumerate(value, 1):
        try:
            objects.append(OBJECTS[kind].model_validate_json(text))
        except ValidationError as problem:
            first = problem.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(step)[:40] for step in first["loc"])
            reason = f"{where}: {first['msg'][:150]}" if where else first["msg"][:150]
            raise MakesNoSense(f"what the device said of its {kind} {place} makes no sense: {reason}") from None
    return tuple(objects)
