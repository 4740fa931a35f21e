"""Will the machine start, and what is pending: judged from the next start's initramfs, from trials, never proved."""

from __future__ import annotations

from leeboard.model.judgements import BOOTS, STARTS
from leeboard.verdict.codes import Code, Fault, of_word
from leeboard.verdict.judgements.answer import Answer, Facts, Judgement, MakesNoSense
from leeboard.verdict.judgements.protection import opened_by_network, opened_by_tpm
from leeboard.verdict.judgements.volume import Luks, Pending, Start, Token, Volume
from leeboard.verdict.judgements.volume_checks import faults, headers, luks, with_luks

Volumes = tuple[Volume, ...]
# Tokens that want a PIN, or something to carry, where they do not open by themselves.
WITH_A_PERSON = ("systemd-tpm2", "systemd-fido2", "systemd-pkcs11")


def will_boot(volumes: Volumes, _facts: Facts) -> Answer:
    """One word for the volume that is worst, with its grounds."""
    answers = [_opens(volume, header) for volume, header in headers(volumes, "system", "data", "swap")]
    if not answers:
        return Answer("yes", "no LUKS volume stands in the way", (Code.START_YES,))
    word = max((word for word, _ in answers), key=BOOTS.index)
    grounds = "; ".join(dict.fromkeys(why for answer, why in answers if answer == word))
    return Answer(word, grounds, (of_word(STARTS, word),))


def _opens(volume: Volume, header: Luks) -> tuple[str, str]:
    """How this volume opens at the next start, and the grounds."""
    start = header.start
    if start is None:
        lost = [key.path for key in header.key_files if key.place == "missing"]
        if lost and volume.mounts:
            return "will-ask", f"{volume.label}: its key file {lost[0]} is missing"
        return "yes", f"{volume.label} is not opened by the initramfs"
    if start.trouble is not None:
        raise MakesNoSense(f"{volume.label}: the next start's image: {start.trouble.why}", start.trouble.code)
    if header.keeper:
        return "not-tested", f"{volume.label}: {header.keeper} opens it with a key of its own"
    if not start.opens:
        return ("no" if start.image else "not-tested"), f"{volume.label}: {start.why}"
    by_itself = [token for token in header.tokens if opened_by_tpm(token) or opened_by_network(token)]
    for token in header.tokens:
        # Whoever was given a PIN or a key to carry knows no passphrase.
        if token.type in WITH_A_PERSON and token not in by_itself and token.type not in start.tokens:
            return "will-ask", f"{volume.label}: {_useless(start, token)}, so a passphrase is asked for in its place"
    if not by_itself:
        if any(key.place == "initramfs" for key in header.key_files):
            return "yes", f"{volume.label}: {start.image} holds its key"
        return "needs-its-user", f"{volume.label}: {start.image} asks for it, and nobody tried a passphrase or PIN"
    return max((_token(volume, header, start, token) for token in by_itself), key=lambda pair: BOOTS.index(pair[0]))


def _token(volume: Volume, header: Luks, start: Start, token: Token) -> tuple[str, str]:
    if token.type not in start.tokens:
        return "will-ask", f"{volume.label}: {_useless(start, token)}"
    trial = next((trial for trial in header.trials if trial.token == token.id), None)
    if trial is None or trial.result == "not-tested":
        why = trial.why if trial is not None else "no trial was made"
        return "not-tested", f"{volume.label}: token {token.id}: {why}"
    if trial.result == "refused":
        return "will-ask", f"{volume.label}: token {token.id} does not open with the present PCRs: {trial.why}"
    coming = [change.what for change in start.pending if _touches(token, change)]
    if coming:
        return "not-tested", f"{volume.label}: token {token.id} opens today, but {', '.join(coming)}"
    return "yes", f"{volume.label}: {start.image} can use token {token.id}, which opens with the present PCRs"


def _useless(start: Start, token: Token) -> str:
    return f"{start.image} has nothing that uses the token {token.id} ({token.type})"


def _touches(token: Token, pending: Pending) -> bool:
    return bool(set(token.pcrs) & set(pending.pcrs))


def pending(volumes: Volumes, _facts: Facts) -> Answer:
    """What has to be finished or renewed: a re-encryption, or a token that the last update left behind."""

    def look(volume: Volume) -> tuple[list[Fault], str]:
        header = luks(volume)
        half_done = [Fault(Code.REENCRYPTION_HALF_DONE, "its re-encryption is half done")]
        wrong = half_done if header.reencrypting else []
        wrong += [
            Fault(
                Code.TOKEN_REFUSED,
                f"token {trial.token} does not open with the present PCRs, enrol it again: {trial.why}",
            )
            for trial in header.trials
            if trial.result == "refused"
        ]
        coming = header.start.pending if header.start is not None else ()
        for token in header.tokens:
            wrong += [
                Fault(
                    Code.CHANGE_COMING, f"{change.what}, and token {token.id} is bound to PCRs {_named(token, change)}"
                )
                for change in coming
                if _touches(token, change)
            ]
        return wrong, "nothing is pending"

    return faults(with_luks(volumes, "system", "data", "swap"), look, "no LUKS header")


def _named(token: Token, change: Pending) -> str:
    return ", ".join(str(pcr) for pcr in sorted(set(token.pcrs) & set(change.pcrs)))


JUDGEMENTS: dict[str, Judgement] = {
    "will_boot": will_boot,
    "pending": pending,
}
