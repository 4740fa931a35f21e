"""Which machine answered: what it says of itself, compared with its first sighting and the register. Pure.

Serial and UUID decide. Makers leave both unset on many machines, so what is known as a placeholder does not count. A
field that is usable on one side only says nothing: an unprivileged run can read neither serial nor UUID. Only when no
hardware field can be compared does the machine-id decide, since cloned images share it.

One of the two differing is another machine, also when the other agrees: that is what a swapped board looks like, and
its TPM and disk are not the ones we hold proofs for. A person who exchanged it on purpose releases the pin.

Placeholders are from GLPI's default blacklist (glpi-project/glpi, src/Blacklist.php) and FreeBSD's list of UUIDs seen
on more than one machine (libexec/rc/rc.d/hostid), both read in November 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from leeboard.model.observation import Aspect, Found, Identity
from leeboard.model.values import plain

SERIAL_PLACEHOLDERS = frozenset(
    """(null string)|base board serial number|chassis serial number|default|default string|empty|eval|iatpass|
    invalid|n/a|na|nil|no asset tag|none|not applicable|not available|not specified|null|o.e.m.|oem|oem_serial|
    serial|serial number|serial number xxxxxx|sn-12345|sn-1234567890|sn-123456fvgv3i0b8o5n6n7k|mb-1234567890|
    standard|sys-1234567890|sys-9876543210|system serial|system serial number|systemserialnumb|
    to be filled by o.e.m|to be filled by o.e.m.|to be filled by oem|tobefilledbyo.e.m.|tulip computers|
    undefined|unknow|unknown""".replace("\n    ", "").split("|")
)
UUID_PLACEHOLDERS = frozenset(
    {
        "00020003-0004-0005-0006-000700080009",
        "03000200-0400-0500-0006-000700080009",
        "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "07090201-0103-0301-0807-060504030201",
        "11111111-2222-3333-4444-555555555555",
        "12345678-1234-1234-1234-123456789012",
        "12345678-1234-5678-90ab-cddeefaabbcc",
        "12345678-1234-5678-1234-567812345678",
        "4c4c4544-0000-2010-8020-80c04f202020",
        "6ab5b300-538d-1014-9fb5-b0684d007b53",
        "890e2d14-cacd-45d1-ae66-bc80e8bfeb0f",
        "8e275844-178f-44a8-aceb-a7d7e5178c63",
        "dc698397-fa54-4cf2-82c8-b1b5307a6a7f",
        "deadbeef-dead-beef-dead-beefdeadbeef",
    }
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
MACHINE_ID = re.compile(r"[0-9a-f]{32}\Z")
COUNTING = "01234567890123456789012345678901234567890"


class Sameness(StrEnum):
    """The outcomes of comparing a sighting with a pin.

    first: no pin yet. same. reinstalled: the same hardware with another machine-id or system, so that what was proved
    about its disk is void. another_machine. unidentified: nothing on which to compare.
    """

    FIRST = "first"
    SAME = "same"
    REINSTALLED = "reinstalled"
    ANOTHER_MACHINE = "another_machine"
    UNIDENTIFIED = "unidentified"


@dataclass(frozen=True)
class Sighting:
    """What a machine said of itself, each field in one spelling; None where it is unusable."""

    serial: str | None = None
    uuid: str | None = None
    machine_id: str | None = None
    os: str | None = None

    @property
    def identified(self) -> bool:
        """True when there is something to know the machine by again."""
        return bool(self.serial or self.uuid or self.machine_id)


@dataclass(frozen=True)
class Comparison:
    """`outcome`, and in words why (empty for first and same)."""

    outcome: Sameness
    reason: str = ""


def sighting(identity: Identity) -> Sighting:
    """The usable part of what a machine said of itself."""
    return Sighting(
        serial=usable_serial(_text(identity.serial)),
        uuid=usable_uuid(_text(identity.uuid)),
        machine_id=usable_machine_id(_text(identity.machine_id)),
        os=plain(_text(identity.os).strip()) or None,
    )


def usable_serial(text: str) -> str | None:
    """A serial in capitals without outer blanks, or None for a placeholder."""
    serial = plain(" ".join(text.split())).upper()
    bare = re.sub(r"[\s._-]", "", serial)
    if serial.lower() in SERIAL_PLACEHOLDERS or len(bare) < 3 or len(serial) > 128:
        return None
    # One character over and over (00000, XXXXXXX), nothing but 0 and 1, counting up (123456789), or a version (1.0.0).
    if len(set(bare)) == 1 or set(bare) <= {"0", "1"} or bare in COUNTING or re.fullmatch(r"\d\.\d(\.\d)?", serial):
        return None
    return serial


def usable_uuid(text: str) -> str | None:
    """A UUID in small letters, or None for a placeholder or what is no UUID."""
    uuid = text.strip().strip("{}").lower()
    if not UUID.match(uuid) or uuid in UUID_PLACEHOLDERS or byte_swapped(uuid) in UUID_PLACEHOLDERS:
        return None
    digits = uuid.replace("-", "")
    pairs = {digits[at : at + 2] for at in range(0, 32, 2)}
    if len(pairs) == 1 or uuid.endswith("-ffff-ffff-ffff-ffffffffffff"):
        return None
    return uuid


def usable_machine_id(text: str) -> str | None:
    """A machine-id (or Windows MachineGuid) as 32 hexadecimal digits, or None for "uninitialized" and the like."""
    digits = text.strip().strip("{}").lower().replace("-", "")
    return digits if MACHINE_ID.match(digits) and len(set(digits)) > 1 else None


def byte_swapped(uuid: str) -> str:
    """The UUID with the bytes of its first three fields turned round.

    Before SMBIOS 2.6 the order was open: Linux prints such a UUID as it lies in memory, Windows turns it round, so that
    an old machine that changes its system seems to change its UUID.
    """
    fields = uuid.split("-")
    turned = ["".join(reversed([field[at : at + 2] for at in range(0, len(field), 2)])) for field in fields[:3]]
    return "-".join([*turned, *fields[3:]])


def same_hardware(mine: Sighting, theirs: Sighting) -> bool | None:
    """True or False when serial, UUID or (only if neither can be compared) machine-id decide; None when nothing can."""
    answers = []
    if mine.serial and theirs.serial:
        answers.append(mine.serial == theirs.serial)
    if mine.uuid and theirs.uuid:
        answers.append(theirs.uuid in (mine.uuid, byte_swapped(mine.uuid)))
    if not answers and mine.machine_id and theirs.machine_id:
        answers.append(mine.machine_id == theirs.machine_id)
    return all(answers) if answers else None


def compare(pin: Sighting | None, seen: Sighting, register_serial: str | None = None) -> Comparison:
    """What answered, beside what was pinned at the first sighting (None: never seen) and the register's serial."""
    registered = usable_serial(register_serial) if register_serial else None
    if registered and seen.serial and registered != seen.serial:
        return Comparison(Sameness.ANOTHER_MACHINE, f"its serial is {seen.serial}, and the register says {registered}")
    if not seen.identified:
        return Comparison(
            Sameness.UNIDENTIFIED,
            "it has no usable serial, UUID or machine-id, or the run may not read them (run as root)",
        )
    if pin is None:
        return Comparison(Sameness.FIRST)
    same = same_hardware(pin, seen)
    if same is None:
        return Comparison(Sameness.UNIDENTIFIED, "nothing it says of itself can be compared with its first sighting")
    if not same:
        return Comparison(Sameness.ANOTHER_MACHINE, difference(pin, seen))
    changed = []
    if pin.machine_id and seen.machine_id and pin.machine_id != seen.machine_id:
        changed.append("its machine-id is new")
    if pin.os and seen.os and _system(pin.os) != _system(seen.os):
        changed.append(f"it runs {seen.os}, and ran {pin.os}")
    return Comparison(Sameness.REINSTALLED, ", ".join(changed)) if changed else Comparison(Sameness.SAME)


def difference(pin: Sighting, seen: Sighting) -> str:
    """The differences between a sighting and a pin, as text."""
    changes = []
    if pin.serial and seen.serial and pin.serial != seen.serial:
        changes.append(f"its serial is {seen.serial}, and was {pin.serial}")
    if pin.uuid and seen.uuid and seen.uuid not in (pin.uuid, byte_swapped(pin.uuid)):
        changes.append(f"its UUID is {seen.uuid}, and was {pin.uuid}")
    if not changes:
        changes.append(
            f"its machine-id is {seen.machine_id}, and was {pin.machine_id}, "
            "and its hardware cannot be compared (run as root)"
        )
    return "; ".join(changes)


def _system(name: str) -> str:
    """A system's name without its version: an upgrade is no reinstallation."""
    return re.split(r"\s*[0-9(]", name.lower(), maxsplit=1)[0].strip() or name.lower()


def _text(aspect: Aspect) -> str:
    return aspect.value if isinstance(aspect, Found) and isinstance(aspect.value, str) else ""
