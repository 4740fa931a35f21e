"""What a driver's module answers, as far as it goes into evidence: whatever a device says until it has passed here."""

from __future__ import annotations

from ansible_collections.leeboard.schools.plugins.plugin_utils import brain

if not brain.missing():
    from leeboard.storage import strict_json

MOST = 65536  # characters of one reading as JSON; the longest honest one seen has a few hundred
LONGEST_PATH = 1000
SENSELESS = "the device said this in a form that makes no sense"


def reading(answer: dict, name: str, address: str):
    """The reading of an address in an answer's `before` or `after`: JSON data, None where the device gave none.

    One that is no JSON (it holds NaN), too long, or in no place where it can be found becomes words that say so.
    """
    by_address = answer.get(name)
    if by_address is None:
        return None
    answered = by_address.get(address) if isinstance(by_address, dict) else SENSELESS
    try:
        text = strict_json.dumps(answered)
    except ValueError:
        return SENSELESS
    # Read again, it is plain data: Ansible marks what came from a device.
    return strict_json.loads(text) if len(text) <= MOST else SENSELESS


def journal(answer: dict):
    """The path of the journal on the device, None where no path was given."""
    path = answer.get("journal")
    return str(path)[:LONGEST_PATH] if isinstance(path, str) else None


def diffs(answer: dict) -> list:
    """What `--diff` shows: a list of the dictionaries that Ansible takes, without anything else."""
    parts = answer.get("diff") or []
    return [one for one in (parts if isinstance(parts, list) else [parts]) if isinstance(one, dict)]


def warnings(answer: dict) -> list:
    """What a person must know of a change, in the device's words: printed, never filed."""
    said = answer.get("warnings") or []
    return [one[:LONGEST_PATH] for one in (said if isinstance(said, list) else []) if isinstance(one, str)]


def of_driver(driver: str, message: str) -> str:
    """A message that begins with its driver, as the modules of drivers say it themselves."""
    return message if message.startswith(f"{driver}: ") else f"{driver}: {message}"
