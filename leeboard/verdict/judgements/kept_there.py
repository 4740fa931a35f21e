"""Whether a school's directory holds the recovery passwords of a Windows machine: its own word, where it was asked."""

from __future__ import annotations

from leeboard.model.strict import Wire
from leeboard.verdict.codes import Code, Fault
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement, MakesNoSense
from leeboard.verdict.judgements.bitlocker import EncryptableVolume, system
from leeboard.verdict.judgements.recovery import PLACES, Place, of_passwords, took, whose
from leeboard.verdict.judgements.volume import Text


class HeldThere(Wire):
    """The volumes of a machine, and which of their recovery passwords (by id) the directory `place` holds.

    `held` is None where it could not be asked: `why` says so, and what the device says itself is all there is.
    `known_from` says in words who said what it holds.
    """

    place: Place
    volumes: tuple[EncryptableVolume, ...]
    held: tuple[Text, ...] | None = None
    known_from: Text = ""
    why: Text = ""


def unheld(answers: tuple[HeldThere, ...], _facts: Facts) -> Answer:
    """Volumes of which the directory holds no recovery password. One of a volume is enough to open it.

    Raises CannotBeTold where nobody asked it, and nothing that the device says is against it.
    """
    if len(answers) != 1:
        raise MakesNoSense("what the directory holds is not one answer")
    (there,) = answers
    first = system(there.volumes)

    def who(volume: EncryptableVolume, passwords: list[str]) -> tuple[list[Fault], str]:
        if there.held is not None:
            return _held(there, passwords, first)
        if first.kept is None:
            raise first.untold("kept")
        wrong, grounds = whose(volume, passwords, first.kept, (there.place,))
        if wrong:
            return wrong, ""
        raise CannotBeTold(f"{volume.label}: {grounds}; nobody could ask: {there.why}")

    return of_passwords(there.volumes, who)


def _held(there: HeldThere, passwords: list[str], first: EncryptableVolume) -> tuple[list[Fault], str]:
    name = PLACES[there.place]
    for password in passwords:
        if password in (there.held or ()):
            return [], f"{name} has its recovery password {password} ({there.known_from})"
    backups = (first.kept.backups if first.kept is not None else None) or ()
    said = any(took(backups, password, there.place) for password in passwords)
    also = ", which the device says it took" if said else ""
    message = f"{name} does not have its recovery password {', '.join(passwords)}{also} ({there.known_from})"
    return [Fault(Code.NOT_KEPT, message)], ""


JUDGEMENTS: dict[str, Judgement] = {"bitlocker_unheld": unheld}
