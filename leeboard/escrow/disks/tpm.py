"""Letting the TPM of a device open its disk, where the school says so: only after a recovery key of it is proved.

What counts as protection is DESIGN's rule 1: a PIN, or Secure Boot with a policy that covers kernel, command line and
start-up image. The next start's image has to be able to use such a token first.

    can it be done here -> image made anew where dracut makes it (without a PIN: a restart, the rest in the next run)
    -> id and slot in the ledger -> token, slot, proof on the device -> known in the ledger -> weaker tokens removed
    -> copy of the header

A run that is cut off leaves a token that the ledger knows by its id: the next run takes it where it opens the disk, and
else removes it, once another one does.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal

from pydantic import ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Disk, binding_of, free_slot, new_cost
from leeboard.escrow.disks.tpm_policy import TpmPolicy, Way
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.binding import Binding, faults, known, strangers
from leeboard.escrow.vault.device_records import about
from leeboard.escrow.vault.records import Key, State
from leeboard.model.observation import Text
from leeboard.model.strict import Wire
from leeboard.model.values import plain
from leeboard.verdict.judgements.protection import COVERED
from leeboard.verdict.judgements.volume import Pending, Token, Trial

# systemd goes on measuring into it once the disk is open (systemd-pcrphase.service(8)).
MOVING = frozenset((11,))
WITH_PIN = (7,)  # the others change with each kernel, and the PIN is what protects


class Seen(Wire):
    """What a device says of one volume and its TPM, as `luks_tpm.look` there has it.

    `tokens` are those of systemd for a TPM, `trials` what came of trying those without a PIN. `early`: the start-up
    image opens the volume; then `image` is the next one's path, and `unusable` why it uses no such token. `lacking` is
    why systemd-cryptenroll cannot be used there. Both are empty where nothing is wrong.
    """

    binding: Binding
    tpm: bool
    secure_boot: Literal["on", "off", "none"]
    chain: Text
    lacking: Text
    tokens: tuple[Token, ...]
    trials: tuple[Trial, ...]
    generator: Text
    early: bool
    image: Text
    unusable: Text
    pending: tuple[Pending, ...]

    @property
    def pcrs(self) -> tuple[int, ...]:
        """What a token without a PIN is bound to; nothing where that is not known, or has another value at a start."""
        pcrs = sorted(COVERED.get(self.chain, ()))
        return () if set(pcrs) & MOVING else tuple(pcrs)

    @property
    def refused(self) -> set[int | None]:
        """Tokens that do not open with the present PCRs."""
        return {trial.token for trial in self.trials if trial.result == "refused"}


class Tpm(Disk):
    """A volume that the TPM is to open."""

    def apply(self, ways: Sequence[str], in_hand: str) -> None:
        """Enrol, replace or remove tokens as needed. Raises LeeboardError.

        `ways` is what the device says that opens the disk there, `in_hand` a recovery key that this very run made,
        empty for none.
        """
        seen = self._look()
        if not seen.early:
            return  # it opens once the system runs, and asks nobody
        records = self.records()
        good = (State.PROVED, State.USED)
        mine = [key for key in records.keys if key.disk == seen.binding.uuid and key.state in good]
        key = next((key for key in reversed(mine) if not faults(key, seen.binding)), None)
        if key is None:
            self._wait("no recovery key of it is proved")
            return
        ours = {mark.token for mark in seen.binding.ours if mark.key in records.tpm}
        token = self._working(seen, key, ours)
        outdated = self._outdated(seen, token, ours)
        if token is not None and not outdated and not self._unknown(key, seen.binding, token, ours):
            self.outcome.done.append(f"{self.volume.label}: the TPM opens it by token {token.id}")
            if seen.unusable:
                self.outcome.waiting.append(f"{self.volume.label}: token {token.id} is of no use: {seen.unusable}")
        elif token is None:
            self._enrol(seen, key, ways, in_hand)
        elif self._changes(f"token {token.id} of the TPM is to be kept, and {len(outdated)} others removed"):
            self._tidy(seen.binding, token.id, outdated)

    def _look(self) -> Seen:
        try:
            return Seen.model_validate_json(self.ask("look_tpm", uuid=self.volume.uuid).get("seen", ""))
        except (ValidationError, TypeError):
            raise LeeboardError("what the device says of its TPM makes no sense") from None

    # What is there

    def _working(self, seen: Seen, key: Key, ours: set[int]) -> Token | None:
        """A token of the wanted kind that opens the disk; None for none. Raises LeeboardError: TPM locked out."""
        fits = [token for token in seen.tokens if token.slots and token.pin == (self.policy.way is Way.PIN)]
        if self.policy.way is Way.TPM:
            # One that cannot be tried (a signed policy) is not refused.
            return next((token for token in fits if token.id not in seen.refused and _covers(seen, token)), None)
        for token in fits:
            # The PIN of somebody else's token is not ours to try: the TPM counts.
            if token.id in ours and not self.policy.wrong(self.device.level) and self._tried(token.id):
                return token
        known_ones = key.binding.get("disk", {}).get("tokens", {})
        others = [token for token in fits if token.id not in ours and str(token.id) in known_ones]
        weak = any(not token.pin and token.slots for token in seen.tokens)
        return others[0] if others and not weak and not ours else None

    def _tried(self, number: int | None, pcrs: Sequence[int] = ()) -> bool:
        """Whether a token opens the disk, or None: whether a new one could. Raises LeeboardError."""
        answer = self.ask("try_tpm", uuid=self.volume.uuid, keep=number, pcrs=list(pcrs), pin=self.policy.pin)
        opens = answer.get("opens") is True
        if answer.get("locked") is True or (number is None and not opens):
            raise LeeboardError(plain(str(answer.get("why"))))
        return opens

    def _outdated(self, seen: Seen, token: Token | None, ours: set[int]) -> list[int]:
        """Tokens that are not to stay: what a run of ours left, and what opens without a PIN where one is wanted, or
        without a policy that covers the start. Nobody knows the key of such a slot, so nobody loses one."""
        if token is not None and token.pin and token.id not in ours:
            return []  # that one stays could not be seen without somebody else's PIN
        outdated = []
        for candidate in seen.tokens:
            # One that has lost its slot was being removed when that was broken off.
            weak = (
                self.policy.way is Way.PIN
                or not candidate.slots
                or candidate.id in seen.refused
                or not _covers(seen, candidate)
            )
            if candidate is not token and (candidate.id in ours or (not candidate.pin and weak)):
                outdated.append(candidate.id)
        return outdated

    def _unknown(self, key: Key, now: Binding, token: Token, ours: set[int]) -> bool:
        """Whether a token of ours works that the ledger does not know yet: a run died in between."""
        return token.id in ours and any(stranger.startswith(f"token {token.id} ") for stranger in strangers(key, now))

    # What is done

    def _enrol(self, seen: Seen, key: Key, ways: Sequence[str], in_hand: str) -> None:
        """A new token: named in the ledger first, proved, and only then are those removed that it replaces."""
        why = self._impossible(seen)
        if why:
            self._wait(why)
            return
        authority = ("passphrase", in_hand) if in_hand else self.authority(ways, key)
        if authority is None:
            self._wait(
                "nothing opens the disk here: have somebody run leeboard-authorise at the machine, or put "
                "leeboard_disk_passphrase into the school's vault"
            )
            return
        slot = free_slot(seen.binding)
        pcrs = WITH_PIN if self.policy.way is Way.PIN else seen.pcrs
        if not seen.unusable and self._restart_first(seen, pcrs):
            return
        # Nothing is done for a TPM or a passphrase that does not do: the ledger would grow night after night.
        self.ask("try", uuid=seen.binding.uuid, authority=authority[0], passphrase=authority[1])
        self._tried(None, pcrs)
        if not self._changes("a token of the TPM is to open it"):
            return
        if seen.unusable:
            path = plain(str(self.ask("make_image", uuid=seen.binding.uuid).get("path")))
            self.outcome.done.append(f"{self.volume.label}: {path} was made anew, and can use a token of the TPM")
            seen = self._look()
            if seen.unusable:
                raise LeeboardError(f"the image that was made anew is of no use: {seen.unusable}")
            if self._restart_first(seen, pcrs):
                return
        self._copy_if_new(seen.binding)
        self._add(seen, key, slot, pcrs, authority)
        if authority[0] == "keyring":
            self.ask("forget", uuid=seen.binding.uuid)

    def _restart_first(self, seen: Seen, pcrs: Sequence[int]) -> bool:
        """Whether the TPM would measure something else at the next start than what it has measured at this one."""
        coming = [change.what for change in seen.pending if set(change.pcrs) & set(pcrs)]
        if coming:
            self._wait(f"restart it first, since {', '.join(coming)}: the TPM measures that, and would keep the key")
        return bool(coming)

    def _add(self, seen: Seen, key: Key, slot: int, pcrs: Sequence[int], authority: tuple[str, str]) -> None:
        now, name, iterations = seen.binding, f"tpm-{self.clock():%y%m%d}-{secrets.token_hex(4)}", new_cost()
        with self.writing() as writer:
            binding = {"slot": slot, "iterations": iterations}
            writer.note(ledger.TPM, **self.about(name, now.uuid), binding=binding)
        way, secret = authority
        answer = self.ask(
            "enrol_tpm", uuid=now.uuid, expect=now.digest, key_id=name, slot=slot, iterations=iterations,
            authority=way, passphrase=secret, pcrs=list(pcrs), pin=self.policy.pin,
        )  # fmt: skip
        after = binding_of(answer)
        slots, tokens = set(after.slots) - set(now.slots), set(after.tokens) - set(now.tokens)
        added = [mark.token for mark in after.ours if mark.key == name and mark.assigned]
        if after.volume_key != now.volume_key or slots != {str(slot)} or tokens != {str(number) for number in added}:
            raise LeeboardError(f"after token {name} was added the disk is not what it should be; look at it")
        how = "with its PIN" if self.policy.pin else f"bound to PCRs {', '.join(map(str, pcrs))}"
        self.outcome.done.append(f"{self.volume.label}: the TPM opens it by token {added[0]}, {how}")
        self.outcome.change("ENC-03", "luks_volume", "volumes", None, f"token {added[0]} of the TPM")
        self._tidy(after, added[0], self._outdated(seen, None, self._ours(now)))

    def _tidy(self, now: Binding, token: int, outdated: list[int]) -> None:
        """Let the ledger know the token, remove those that it replaces, and copy the header."""
        self._vouch(now, token)
        if outdated:
            answer = self.ask(
                "remove_tpm", uuid=now.uuid, expect=now.digest, tokens=outdated, keep=token, pin=self.policy.pin
            )
            now = binding_of(answer)
            removed = ", ".join(map(str, outdated))
            self.outcome.done.append(f"{self.volume.label}: tokens {removed} of the TPM removed from it")
        self._copy_if_new(now)
        self.destroy_older()

    def _vouch(self, now: Binding, token: int) -> None:
        """Say in the ledger that a token of ours is known; a stranger's becomes no better known by that.

        Raises LeeboardError where another token has the same id.
        """
        records = self.records()
        name = next((mark.key for mark in now.ours if mark.token == token and mark.key in records.tpm), "")
        if not name:
            return
        if sum(mark.key == name for mark in now.ours) != 1:
            raise LeeboardError(f"two tokens say that they are {name}: somebody copied one; look who, and remove it")
        for key in records.keys:
            if key.disk != now.uuid or key.state not in (State.PROVED, State.USED) or faults(key, now):
                continue
            binding = {**key.binding, "disk": known(key, now, {name})}
            if binding != key.binding:
                with self.writing() as writer:
                    writer.note(
                        ledger.ACCEPTED, **about(key), binding=binding,
                        reason="a token of the TPM was added, and opens it",
                    )  # fmt: skip

    def _copy_if_new(self, now: Binding) -> None:
        records = self.records()
        copies = [header for header in records.headers if header.disk == now.uuid]
        if not copies or copies[-1].binding != now.model_dump(mode="json"):
            self.copy(now)

    def _ours(self, now: Binding) -> set[int]:
        records = self.records()
        return {mark.token for mark in now.ours if mark.key in records.tpm}

    # What stands in the way

    def _impossible(self, seen: Seen) -> str:
        """Why no token can be enrolled here, in words; empty where one can."""
        wrong = self.policy.wrong(self.device.level)
        if not seen.tpm:
            return "the machine has no TPM 2.0, or its firmware has it switched off"
        if seen.lacking:
            return seen.lacking
        if wrong:
            return wrong
        if self.policy.way is Way.TPM and seen.secure_boot != "on":
            return (
                "Secure Boot is not on, and without a PIN anyone who edits the boot menu would get in; switch it on, "
                "or set leeboard_disk_tpm to tpm-and-pin"
            )
        if self.policy.way is Way.TPM and not seen.pcrs:
            why = "does not start by GRUB, so what a policy has to cover is not known"
            if seen.chain in COVERED:
                why = "starts by a unified kernel image, whose PCR 11 has another value by now than at the start"
            return f"it {why}; set leeboard_disk_tpm to tpm-and-pin, or enrol a signed policy by hand"
        if not seen.image or (seen.unusable and seen.generator != "dracut"):
            why = seen.unusable or "the next start's image is not known"
            tools = "; initramfs-tools uses no token of a TPM: install dracut in its place"
            return f"{why}{tools if seen.generator == 'initramfs-tools' else ''}"
        return ""

    def _wait(self, why: str) -> None:
        self.outcome.waiting.append(f"{self.volume.label}: no token of the TPM was enrolled: {why}")

    def _changes(self, message: str) -> bool:
        """Note what is to change; False in a dry run, which changes nothing."""
        self.outcome.changed = True
        if self.dry:
            self.outcome.done.append(f"{self.volume.label}: {message}")
        return not self.dry

    @property
    def policy(self) -> TpmPolicy:
        """What the school wants of the TPM."""
        return self.credentials.tpm


def _covers(seen: Seen, token: Token) -> bool:
    """Whether a policy without a PIN counts as protection, as ENC-01 has it."""
    if seen.secure_boot != "on":
        return False
    if token.signed_pcrs or token.pcrlock:
        return True
    return seen.chain in COVERED and COVERED[seen.chain] <= set(token.pcrs)
