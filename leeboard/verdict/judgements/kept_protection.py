"""Is the volume of Windows protected, or open in a window that somebody opened for that: where the vault is ours."""

from __future__ import annotations

from leeboard.model.strict import Wire
from leeboard.verdict.codes import Code, Fault
from leeboard.verdict.judgements.answer import Answer, Facts, Judgement, UnderWay
from leeboard.verdict.judgements.bitlocker import EncryptableVolume, system
from leeboard.verdict.judgements.bitlocker_state import protected
from leeboard.verdict.judgements.escrowed_keys import KeptSuspension, in_window
from leeboard.verdict.judgements.volume_checks import faults, some

# A head reads this of a laptop that was stolen within a window: it says first what that means.
OPEN = "it is not protected now: its key lies beside it in clear, so whoever has the device can read it"


class KeptProtection(Wire):
    """A volume of Windows, and what the ledger has of its suspension; nothing where it is not suspended."""

    volume: EncryptableVolume
    suspension: KeptSuspension | None = None

    @property
    def label(self) -> str:
        """How a technician would call it."""
        return self.volume.label


def unprotected(kept: tuple[KeptProtection, ...], facts: Facts) -> Answer:
    """Why the encrypted volume of Windows opens to somebody who knows nothing.

    A suspension is under way, with its end, as long as its window is open: it is nobody's mistake, and no protection.
    """

    def look(one: KeptProtection) -> tuple[list[Fault], str]:
        wrong, grounds = protected(one.volume)
        if one.suspension is None or [fault.code for fault in wrong] != [Code.SUSPENDED]:
            return wrong, grounds
        fault, said = in_window(one.suspension, facts.at)
        if fault:
            return [Fault(Code.SUSPENDED, f"{fault}, so its key lies beside it in clear")], ""
        raise UnderWay(f"{one.label}: {OPEN}; a window is open for that: {said}")

    volume = system(one.volume for one in kept)
    return faults(some([] if volume.in_clear else list(kept)), look)


JUDGEMENTS: dict[str, Judgement] = {"bitlocker_unprotected_without_window": unprotected}
