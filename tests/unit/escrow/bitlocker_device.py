"""A double of a Windows device for escrow: volumes, protectors, and the steps that `keep` asks for.

It opens what is sealed with a key of its own, as SealedKeys.cs does, and its driver has the rules of decision 0032 in
short. Every change of a volume is one call of `_change`, at which it can lose its power. It shares no parser with
escrow.
"""

from __future__ import annotations

import base64
import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from leeboard.errors import LeeboardError

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
CLEAR, ENCRYPTED, ENCRYPTING, DECRYPTING, PAUSED = 0, 1, 2, 3, 4
TPM, EXTERNAL, PASSWORD, TPM_AND_PIN = 1, 2, 3, 4
INVALID = 2147942487  # E_INVALIDARG, 0x80070057
STEPS = {
    "survey": "_survey", "new_key": "_new_key", "protect": "_protect", "protect_with_pin": "_protect_with_pin",
    "read_out": "_read_out", "remove": "_remove", "change": "_go_on", "suspend": "_suspend",
}  # fmt: skip


@cache
def machine_keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    """Two keys that devices take in turn: making one takes a second."""
    return rsa.generate_private_key(65537, 3072), rsa.generate_private_key(65537, 3072)


@dataclass
class Drive:
    """One volume. Of a protector it keeps what BitLocker keeps: id, type, name, and the secret."""

    letter: str
    kind: int
    conversion: int = CLEAR
    hardware_test: int = 0
    suspended: int | None = None
    protectors: list[dict[str, Any]] = field(default_factory=list)
    name: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or f"\\\\?\\Volume{{{uuid.uuid4()}}}\\"

    @property
    def protection(self) -> int:
        """Whether it is on."""
        return int(self.conversion == ENCRYPTED and bool(self.protectors) and self.suspended is None)

    def passwords(self) -> dict[str, str]:
        """The recovery passwords by their protectors' ids."""
        return {one["id"]: one["secret"] for one in self.protectors if one["type"] == PASSWORD}

    def protect(self, kind: int, name: str = "", secret: str = "") -> str:
        made = {"id": f"{{{str(uuid.uuid4()).upper()}}}", "type": kind, "name": name, "secret": secret}
        self.protectors.append(made)
        return str(made["id"])


class PowerLost(Exception):
    """The device went off in the middle of a step."""


class WindowsDevice:
    """A device with its volumes. `watch` is called at every change, before and after it."""

    def __init__(self, *drives: Drive) -> None:
        self.drives = list(drives)
        self.steps: list[str] = []
        self.wishes: list[dict[str, Any]] = []
        self.sent: list[str] = []  # every text that was sent to it
        self.watch: Callable[[], None] = lambda: None
        self.typed: list[str] | None = []  # ids of passwords that its events name; None where they cannot be read
        self.code = 0  # what the next protector with a secret is refused with
        self.reads_wrong = False
        self._key: int | None = None
        self._made = 0

    def saved(self) -> Any:
        return copy.deepcopy((self.drives, self._key))

    def restore(self, saved: Any) -> None:
        self.drives, self._key = copy.deepcopy(saved)

    def drive(self, name: str) -> Drive:
        return next(one for one in self.drives if name in (one.name, one.letter))

    # What happens to it without us

    def restart(self, passes: bool = True) -> None:
        """A restart counts for a suspension; a hardware test is passed, or failed and the protectors are removed."""
        for drive in self.drives:
            if drive.suspended:
                drive.suspended = drive.suspended - 1 or None
            if drive.hardware_test == 2:
                drive.hardware_test = 0 if passes else 1
                drive.conversion = ENCRYPTING if passes else CLEAR
                if not passes:
                    drive.protectors.clear()

    def night(self) -> None:
        """Encryption comes to its end."""
        for drive in self.drives:
            drive.conversion = ENCRYPTED if drive.conversion == ENCRYPTING else drive.conversion

    # Steps

    def ask(self, step: str, **arguments: Any) -> dict[str, Any]:
        """Do one step. Raises LeeboardError, as where the connection is lost."""
        self.steps.append(step)
        self.wishes += [arguments["wish"]] if "wish" in arguments else []
        self.sent += [str(one) for one in arguments.values()]
        try:
            return dict(getattr(self, STEPS[step])(**arguments))
        except PowerLost:
            raise LeeboardError("the device was lost") from None

    def _survey(self, wish: dict[str, Any]) -> dict[str, Any]:
        plan, _steps = self._plan(wish)
        return {"volumes": [self._shown(drive) for drive in self.drives], "plan": plan, "used": self.typed}

    def _new_key(self) -> dict[str, Any]:
        self._made += 1
        self._key = self._made % 2
        numbers = machine_keys()[self._key].public_key().public_numbers()
        return {
            name: base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode()
            for name, number in (("modulus", numbers.n), ("exponent", numbers.e))
        }

    def _protect(self, volume: str, name: str, sealed: str) -> dict[str, Any]:
        secret = self._opened(sealed, "recovery", volume)
        if self.code:
            return {"code": self.code, "method": "ProtectKeyWithNumericalPassword"}
        drive = self.drive(volume)
        made: list[str] = []
        self._change(lambda: made.append(drive.protect(PASSWORD, name, secret)))
        same = drive.passwords()[made[0]] == secret and not self.reads_wrong
        return {"code": 0, "method": "GetKeyProtectorNumericalPassword", "id": made[0], "same": same}

    def _protect_with_pin(self, volume: str, name: str, sealed: str) -> dict[str, Any]:
        pin = self._opened(sealed, "pin", volume)
        made: list[str] = []
        self._change(lambda: made.append(self.drive(volume).protect(TPM_AND_PIN, name, pin)))
        return {"code": 0, "method": "ProtectKeyWithTPMAndPIN", "id": made[0]}

    def _read_out(self, volume: str, protector: str, modulus: str, exponent: str) -> dict[str, Any]:
        secret = self.drive(volume).passwords().get(protector)
        if secret is None:
            return {"code": INVALID, "method": "GetKeyProtectorNumericalPassword"}
        n, e = (int.from_bytes(base64.b64decode(text)) for text in (modulus, exponent))
        text = f"leeboard-1 read-out\n{volume} {protector}\n{secret}"
        sealed = rsa.RSAPublicNumbers(e, n).public_key().encrypt(text.encode(), OAEP)
        return {"code": 0, "sealed": base64.b64encode(sealed).decode()}

    def _remove(self, volume: str, protector: str, keep: str) -> dict[str, Any]:
        drive = self.drive(volume)
        if keep not in drive.passwords():
            raise LeeboardError("what is to stay is not there")
        self._change(lambda: drive.protectors.remove(next(p for p in drive.protectors if p["id"] == protector)))
        return {"code": 0}

    def _suspend(self, volume: str, keep: str, restarts: int) -> dict[str, Any]:
        drive = self.drive(volume)
        if keep not in drive.passwords() or not drive.protection:
            raise LeeboardError("it is not suspended")
        self._change(lambda: setattr(drive, "suspended", restarts))
        return {"suspended": drive.suspended, "journal": "C:\\journal.jsonl"}

    def _change(self, what: Callable[[], object]) -> None:
        self.watch()
        what()
        self.watch()

    def _opened(self, sealed: str, purpose: str, volume: str) -> str:
        assert self._key is not None, "nothing was sealed to it"
        key, self._key = machine_keys()[self._key], None
        head, about, secret = key.decrypt(base64.b64decode(sealed), OAEP).decode().split("\n")
        assert (head, about) == (f"leeboard-1 {purpose}", volume)
        return secret

    # The driver, in short

    def _plan(self, wish: dict[str, Any]) -> tuple[dict[str, Any], list[Callable[[], object]]]:
        """What is to be done, and the steps for it."""
        plan: dict[str, Any] = {"refusals": [], "needs": [], "pending": [], "notes": [], "done": []}
        steps: list[Callable[[], object]] = []
        system = next(drive for drive in self.drives if drive.kind == 0)
        if (system.hardware_test == 1 or wish.get("test_failed")) and "retry_test" not in wish.get("options", []):
            plan["refusals"].append(f"{system.letter}: its hardware test failed; ask for another try by name")
            return plan, steps
        for drive in self.drives:
            if drive is not system and (system.conversion != ENCRYPTED or steps):
                plan["pending"].append(f"{drive.letter} it waits for the volume of Windows")
            elif not set(drive.passwords()) & set(wish["kept"]):
                plan["needs"].append(self._need(drive, "recovery"))
            else:
                steps += self._steps(drive, wish.get("protector", "tpm"), plan, wish.get("restarts", 0))
        return plan, steps

    def _steps(self, drive: Drive, protector: str, plan: dict[str, Any], restarts: int) -> list[Callable[[], object]]:
        types = {one["type"] for one in drive.protectors}
        wanted = EXTERNAL if drive.kind else TPM_AND_PIN if protector == "tpm-and-pin" else TPM
        if wanted == TPM_AND_PIN and wanted not in types:
            plan["needs"].append(self._need(drive, "pin"))
            return []
        steps: list[Callable[[], object]] = [] if wanted in types else [lambda: drive.protect(wanted)]
        if drive.kind == 0 and drive.hardware_test == 2:
            plan["pending"].append(f"{drive.letter} its hardware test waits for a restart")
        elif drive.conversion == ENCRYPTING:
            plan["pending"].append(f"{drive.letter} being encrypted")
        elif drive.conversion in (DECRYPTING, PAUSED):
            steps.append(lambda: setattr(drive, "conversion", ENCRYPTING))
        elif drive.conversion == CLEAR:
            test = drive.kind == 0
            steps.append(lambda: vars(drive).update({"hardware_test": 2} if test else {"conversion": ENCRYPTING}))
        elif drive.suspended is not None:
            if 0 < drive.suspended <= restarts:
                plan["pending"].append(f"{drive.letter} suspended, as somebody wished")
            else:
                steps.append(lambda: setattr(drive, "suspended", None))
        return steps

    def _need(self, drive: Drive, kind: str) -> dict[str, str]:
        return {"volume": drive.name, "letter": drive.letter, "kind": kind, "why": f"it has no {kind} protector"}

    def _go_on(self, wish: dict[str, Any]) -> dict[str, Any]:
        _plan, steps = self._plan(wish)
        for step in steps:
            self._change(step)
        return {"plan": {**self._plan(wish)[0], "done": ["a step was taken"] * len(steps)}}

    def _shown(self, drive: Drive) -> dict[str, Any]:
        protectors = [{key: one[key] for key in ("id", "type", "name")} for one in drive.protectors]
        return {
            "volume": drive.name, "letter": drive.letter, "kind": drive.kind, "conversion": drive.conversion,
            "hardware_test": drive.hardware_test, "protectors": protectors, "protection": drive.protection,
            "suspended": drive.suspended,
        }  # fmt: skip
