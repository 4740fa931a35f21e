"""A term of nights of one laptop whose recovery passwords are kept here: what ENC says, and on which nights it changes.

Each night is a check by the real readings of the vault and the real baseline; a roll-out comes on Fridays. What happens
to the laptop meanwhile is a double's (bitlocker_device.py). Beside the list nothing is news: a night in which nothing
happened says what the night before said.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from leeboard.escrow.vault import vault as vaults
from leeboard.escrow.volumes import keeping
from leeboard.escrow.volumes.keeping import keep
from leeboard.escrow.volumes.readings import of_escrow
from leeboard.escrow.volumes.suspending import Suspension
from leeboard.model.observation import Found, Observation, Reading
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.report.summary.questions import QUESTIONS, Answer, answer_of
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.judgements.bitlocker import BackupState, Start, Tpm
from tests.unit.escrow.bitlocker_controller import DEVICE, PLAIN, WindowsController, clear, reply
from tests.unit.escrow.bitlocker_device import TPM
from tests.unit.escrow.test_bitlocker_readings import shown
from tests.unit.escrow.vaults import AT, a_vault

BASELINE = load()
CONTROLS = ("ENC-01", "ENC-07", "ENC-08", "ENC-09")
(LAPTOPS,) = (one for one in QUESTIONS if one.id == "encrypted")
NIGHTS = 84  # twelve weeks
READY = Start(secure_boot="on", tpm=Tpm(present=True, enabled=True, activated=True, owned=True), coming=(), notes=())


class Term:
    """The laptop, its controller, and what each night said of it."""

    def __init__(self, controller: WindowsController) -> None:
        self.controller = controller
        self.device = DEVICE
        self.history: list[tuple[int, str, str]] = []  # night, control, verdict, where it is another one than before
        self.encrypted: dict[int, Answer] = {}  # night, and what a head is told of it
        self._before = dict.fromkeys(CONTROLS, "")

    def check(self, night: int) -> None:
        """The nightly check. It writes to no vault."""
        lines = self.controller.lines()
        volumes = [one.model_copy(update={"method": 7, "lock": 0}) for one in shown(self.controller.device)]
        typed = BackupState(used=tuple(self.controller.device.typed or ()))
        volumes[0] = volumes[0].model_copy(update={"start": READY, "kept": typed, "hardware_test": self._tested()})
        texts = [one.model_dump_json() for one in volumes]
        reading = Reading(
            driver="bitlocker_volume", address="volumes", effective=Found(state="value", value=texts, source="device")
        )
        wanted = resolve(
            BASELINE, self.device.model_copy(update={"parameters": {"recovery_passwords": "ours"}, "enforce": ("ENC",)})
        )
        seen = Observation.model_construct(readings=(reading,), facts={})
        kept = of_escrow(seen, wanted, self.controller.vault.var)
        judged = evaluate(wanted, Observation.model_construct(readings=(reading, *kept), facts={}), self.controller.at)
        for finding in judged:
            if finding.control in CONTROLS and str(finding.verdict) != self._before[finding.control]:
                self._before[finding.control] = str(finding.verdict)
                self.history.append((night, finding.control, str(finding.verdict)))
        self.encrypted[night] = answer_of(LAPTOPS, [one for one in judged if one.control == "ENC-01"])
        assert self.controller.lines() == lines

    def roll_out(self) -> None:
        """A roll-out by a controller that was started anew."""
        opened = vaults.open_vault(self.controller.vault.var, whole=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keeping, "new_reply", reply)
            outcome = keep(opened, self.device, self.controller.device.ask, self.controller.clock, PLAIN)
        assert outcome.failed == []

    def _tested(self) -> int:
        return self.controller.device.drive("C:").hardware_test


def by_hand(left: int) -> Callable[[Term], None]:
    """A technician suspends it, for so many restarts."""
    return lambda term: setattr(term.controller.device.drive("C:"), "suspended", left)


def window(term: Term) -> None:
    """A technician suspends it by `leeboard escrow suspend`, for the firmware."""
    term.controller.suspend(Suspension(1, "firmware 1.24"))


def read_out(term: Term) -> None:
    """A custodian reads the password of C: out over the telephone."""
    keys = [key for key in term.controller.kept.keys if key.protector in term.controller.device.drive("C:").passwords()]
    term.controller.read_out(keys[-1])


def new_board(term: Term) -> None:
    """A repaired board: somebody types the 48 digits, and its TPM protector opens nothing any more, so he renews it."""
    drive = term.controller.device.drive("C:")
    term.controller.device.typed = list(drive.passwords())
    drive.protectors = [one for one in drive.protectors if one["type"] != TPM]
    drive.protect(TPM)


def academy(term: Term) -> None:
    """The school reopens under another URN, and its inventory names the old one."""
    term.device = term.device.model_copy(
        update={"urn": "900009", "school": "Hill Academy", "predecessors": (DEVICE.urn,)}
    )


EVENTS: dict[int, Callable[[Term], None]] = {
    15: window, 24: by_hand(2), 31: by_hand(0), 38: read_out, 45: new_board, 59: academy, 66: read_out,
}  # fmt: skip
RESTARTS = (2, 8, 17, 26)  # of the laptop, before the night's check; on all others it sleeps
FRIDAYS = range(1, NIGHTS + 1, 7)
EXPECTED = [
    (1, "ENC-01", "pending"), (1, "ENC-07", "not_applicable"), (1, "ENC-08", "not_applicable"),
    (1, "ENC-09", "pending"),
    # The hardware test was passed, and all was encrypted by the morning.
    (2, "ENC-01", "compliant"), (2, "ENC-07", "compliant"), (2, "ENC-08", "compliant"), (2, "ENC-09", "compliant"),
    # A window is open, until the restart: ENC-09 excuses it.
    (15, "ENC-01", "pending"), (17, "ENC-01", "compliant"),
    # By hand for two restarts, of which one came; Friday's roll-out ends it. And without an end.
    (24, "ENC-01", "drifted"), (24, "ENC-09", "drifted"), (29, "ENC-01", "compliant"), (29, "ENC-09", "compliant"),
    (31, "ENC-01", "drifted"), (31, "ENC-09", "drifted"), (36, "ENC-01", "compliant"), (36, "ENC-09", "compliant"),
    # Read out, and typed after the repair: a new password each time.
    (38, "ENC-08", "drifted"), (43, "ENC-08", "compliant"),
    (45, "ENC-08", "drifted"), (50, "ENC-08", "compliant"),
    # Under the new URN what is kept under the old one counts, and is changed when it was read out.
    (66, "ENC-08", "drifted"), (71, "ENC-08", "compliant"),
]  # fmt: skip


def test_a_term_has_exactly_the_history_that_is_expected(tmp_path: Path) -> None:
    with a_vault(tmp_path) as made:
        term = Term(WindowsController(made, clear()))
        controller = term.controller
        for night in range(1, NIGHTS + 1):
            controller.at = AT + timedelta(days=night)
            if night in RESTARTS:
                controller.device.restart()
            controller.device.night()
            if night in EVENTS:
                controller.device.watch = lambda: None  # what happens there is not ours
                EVENTS[night](term)
            if night in FRIDAYS:
                term.roll_out()
            term.check(night)
        assert term.history == EXPECTED
        protected = {night for night, answer in term.encrypted.items() if answer is Answer.YES}
        in_clear = {1, 15, 16, *range(24, 29), *range(31, 36)}  # a window that is open makes no laptop a yes
        assert protected == set(range(1, NIGHTS + 1)) - in_clear
        drives = controller.device.drives
        assert all(drive.protection and len(drive.passwords()) == 1 for drive in drives)
