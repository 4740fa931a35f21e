"""Letting a TPM open a LUKS2 volume, proving that it does, and removing a token. The decision is made elsewhere.

systemd-cryptenroll(1) never touches the volume: it adds a slot before the token that says whose it is, and may wipe
another slot meanwhile. It seals a key into the TPM for a container of no use, in memory; that token is taken over, and
`cryptsetup` adds its key to the volume. So each function leaves a volume that opens by all that opened it before:

    enrol    token that names key and slot -> slot, its key from the TPM -> token gets the slot -> the token opens it
    remove   the token that stays opens the volume -> token that names its slot only as ours do -> slot wiped -> token
             removed

The PIN goes to `cryptsetup` on standard input, and to `systemd-cryptenroll` as a credential that lies in memory. Its
variable NEWPIN would do too, but /proc shows what a program was started with.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from typing import Any

from ..engine.edits import ChangeRefused
from ..engine.host import Completed, Host, HostError
from ..engine.secret_pipe import secret_files
from ..system import boot_state
from . import binding, unlock_test
from . import image as luks_image
from .header import header
from .initramfs_unlock import Start
from .layout import Layout
from .slots import DERIVATION, PATIENCE, STATUSES, Authority, expected, find, import_token, token_number, with_free_slot
from .volume import BY_INITRAMFS

ENROLLER = "systemd-cryptenroll"
KIND = "systemd-tpm2"
TPMS = "/sys/class/tpmrm"
OLDEST = 253  # the first systemd whose systemd-cryptenroll takes a key from a file
VERSION = re.compile(r"\Asystemd ([0-9]{1,5})\b")
RUN = "/run"
# What systemd 253 and later look for.
CREDENTIALS = ("cryptenroll.tpm2-pin", "cryptenroll.new-tpm2-pin")
SMALL = ["--luks2-metadata-size", "16k", "--luks2-keyslots-size", "1m"]
LEAST_ITERATIONS = 1000  # of PBKDF2, as cryptsetup has it
BY_HAND = "somebody may know what opens it; look who, and remove both by hand (systemd-cryptenroll --wipe-slot)"
SIZE = 4 * 1024 * 1024  # bytes of the container of no use
GOING = "going"  # marks a token of somebody else's whose slot is being wiped
CHEAP = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
# TPM 2.0 Library, Part 2, "TPM_RC"; tpm2-tss prints the numbers.
LOCKED_OUT = "the TPM is locked out after wrong PINs; it counts down by itself, some hours with the power on"
MESSAGES = (
    ("00000921", LOCKED_OUT),
    ("0000098e", "the TPM refuses the PIN"),
    ("TPM2 support is not installed", "libraries of tpm2-tss are missing (libtss2-esys, libtss2-rc, libtss2-mu)"),
    ("No usable token", "cryptsetup has no plug-in for tokens of a TPM (on Debian the package systemd-cryptsetup)"),
)


def inspect(host: Host, uuid: str) -> dict[str, Any]:
    """What a decision about a volume's TPM token needs, as leeboard/escrow/disks/tpm.py has it. Raises HostError."""
    device = find(host, uuid)
    metadata = header(host, device.path)
    tokens = [entry for entry in metadata["tokens"] if entry["type"] == KIND]
    trials = [unlock_test.try_token(host, device.path, entry, "") for entry in tokens if entry["slots"]]
    volumes = [one for one in Layout(host).volumes.values() if one.kind == "luks" and one.block_device.uuid == uuid]
    volume = volumes[0] if volumes else None
    state = {
        "binding": binding.binding(host, device.path, uuid),
        "tpm": bool(host.entries(TPMS)),
        "secure_boot": boot_state.secure_boot(host)["value"],
        "chain": boot_state.chain(host)["value"],
        "lacking": _lacking(host),
        "tokens": tokens,
        "trials": [trial for trial in trials if trial is not None],
        "generator": luks_image.generator(host),
        "early": volume is not None and bool(set(volume.mounts) & set(BY_INITRAMFS)),
        "image": "",
        "unusable": "",
        "pending": [],
    }
    if volume is not None and state["early"]:
        start = Start(host)
        names = [mapping.name for mapping in volume.mappings]
        state.update(
            image=start.path[:400], unusable=luks_image.unusable(start, uuid, names)[:400], pending=start.pending[:20]
        )
    return state


def _lacking(host: Host) -> str:
    """Why the program that seals cannot be used, empty where it can."""
    try:
        done = host.query([ENROLLER, "--version"])
    except HostError as problem:
        missing = problem.code == "missing_tool"
        return f"{ENROLLER} is missing (the package systemd-cryptsetup)" if missing else problem.why[:200]
    match = VERSION.match(done.out)
    if done.rc != 0 or match is None:
        return f"{ENROLLER} does not say its version"
    if int(match.group(1)) < OLDEST:
        return f"systemd {match.group(1)} is too old to do it without a person; {OLDEST} or later can"
    return "" if "+TPM2" in done.out else f"systemd {match.group(1)} was built without TPM2"


def enrol(
    host: Host,
    uuid: str,
    expect: str,
    key_id: str,
    slot: int,
    iterations: int,
    authority: Authority,
    pcrs: list[int],
    pin: bytes,
) -> dict[str, Any]:
    """Let the TPM open the volume by a token in a free slot, prove it; the binding. Raises ChangeRefused or HostError.

    `pcrs` are bound with their present values. Without a `pin` the TPM gives the key to whatever started like this, so
    that is refused where Secure Boot is not on.
    """
    if not pin and boot_state.secure_boot(host)["value"] != "on":
        raise ChangeRefused("Secure Boot is not on, and without a PIN anyone who edits the boot menu would get in")
    device, before = with_free_slot(host, uuid, expect, slot)
    number = token_number(before)
    token = {**_sealed(host, pcrs, pin), **binding.mark(key_id, slot, iterations)}
    import_token(host, device.path, number, {**token, "keyslots": []})
    try:
        with secret_files(*authority.secrets) as paths:
            _run(
                host, "luksAddKey", "--batch-mode", *authority.options(paths), "--new-token-id", str(number),
                "--new-key-slot", str(slot), *DERIVATION, "--pbkdf-force-iterations", str(iterations), device.path,
                pin=pin,
            )  # fmt: skip
        import_token(host, device.path, number, {**token, "keyslots": [str(slot)]}, "--token-replace")
        opens(host, device.path, number, pin)
    except (ChangeRefused, HostError):
        # Night after night one more would be left.
        with contextlib.suppress(ChangeRefused, HostError):
            _remove_tokens(host, device.path, [number])
        raise
    host.forget()
    return binding.binding(host, device.path, uuid)


def attempt(host: Host, uuid: str, number: int | None, pcrs: list[int], pin: bytes) -> dict[str, Any]:
    """Whether a token opens the volume now: {"opens", "locked", "why"}. A wrong PIN is counted by the TPM.

    Without a `number` it is whether one that is made for it would, as far as that can be told without the volume.
    """
    try:
        if number is None:
            _sealed(host, pcrs, pin)
        else:
            opens(host, find(host, uuid).path, number, pin)
    except ChangeRefused as problem:
        return {"opens": False, "locked": LOCKED_OUT in str(problem), "why": str(problem)}
    return {"opens": True, "locked": False, "why": ""}


def opens(host: Host, path: str, number: int, pin: bytes) -> None:
    """See that a token alone opens the volume at `path`. Raises ChangeRefused."""
    _run(host, "open", "--test-passphrase", "--token-only", "--token-id", str(number), path, pin=pin)


def remove(host: Host, uuid: str, expect: str, going: list[int], keep: int, pin: bytes) -> dict[str, Any]:
    """Remove tokens by number with the slots that only they have; the binding. Raises ChangeRefused or HostError.

    Token `keep` opens the volume before anything goes.
    """
    device = find(host, uuid)
    if keep in going:
        raise ChangeRefused(f"token {keep} of {device.path} is the one that is to stay")
    expected(host, device, expect)
    opens(host, device.path, keep, pin)
    _remove_tokens(host, device.path, going)
    host.forget()
    return binding.binding(host, device.path, uuid)


def _remove_tokens(host: Host, path: str, going: list[int]) -> None:
    """Remove tokens and their slots. Raises ChangeRefused or HostError.

    A token has its slot no longer when that is wiped: while half of it is, cryptsetup would ask that token, and fail
    without asking the one that stays. It is marked, so that it still says which slot goes with it.
    """
    host.forget()
    metadata = binding.metadata(host, path)
    marks = {mark["token"]: mark for mark in binding.our_tokens(metadata)}
    for number in going:
        token = metadata["tokens"].get(str(number))
        if token is None or token["type"] != KIND:
            raise ChangeRefused(f"token {number} of {path} is not one that may go")
        slot = _slot(path, metadata, number, token, marks.get(number))
        if slot and token["keyslots"]:
            marked = binding.mark(GOING, int(slot), metadata["keyslots"][slot]["kdf"]["iterations"])
            import_token(host, path, number, {**marked, **token, "keyslots": []}, "--token-replace")
        if slot:
            _run(host, "luksKillSlot", "--batch-mode", path, slot)
        _run(host, "token", "remove", "--token-id", str(number), path)


def _slot(path: str, metadata: dict[str, Any], number: int, token: dict[str, Any], mark: dict[str, Any] | None) -> str:
    """The slot that goes with a token: one that it alone has, and whose key nobody knows; empty for none.

    Raises ChangeRefused.
    """
    if mark is not None:
        # Somebody may have taken the number since.
        slots = {str(mark["slot"])} if binding.made_for(metadata, mark) else set()
    else:
        slots = {key for key in token["keyslots"] if key in metadata["keyslots"]}
    others = {key for name, other in metadata["tokens"].items() if name != str(number) for key in other["keyslots"]}
    if mark is None and len(slots) > 1:
        raise ChangeRefused(f"token {number} of {path} names {len(slots)} slots, and systemd's name one: {BY_HAND}")
    for slot in slots:
        kdf = metadata["keyslots"][slot].get("kdf", {})
        # A token can name any slot. systemd gives a random key the least that cryptsetup allows; no passphrase has it.
        if mark is None and (kdf.get("type") != "pbkdf2" or kdf.get("iterations", 0) > LEAST_ITERATIONS):
            raise ChangeRefused(
                f"slot {slot} of {path}, which token {number} names, is not as systemd makes it: {BY_HAND}"
            )
    return next(iter(slots - others), "")


def _sealed(host: Host, pcrs: list[int], pin: bytes) -> dict[str, Any]:
    """A token whose key the TPM gives away on these conditions. Raises ChangeRefused or HostError."""
    with contextlib.ExitStack() as stack:
        container = _memory(stack, "leeboard-container", b"\0")
        os.truncate(container, SIZE)
        key = secrets.token_bytes(32)
        with secret_files(key) as (named,):
            _run(host, "luksFormat", "--batch-mode", "--type", "luks2", *CHEAP, *SMALL, "--key-file", named, container)
        options = ["--tpm2-device=auto", f"--tpm2-pcrs={'+'.join(map(str, sorted(pcrs)))}"]
        environment = {}
        if pin:
            options.append("--tpm2-with-pin=yes")
            environment["CREDENTIALS_DIRECTORY"] = _credentials(host, stack, pin)
        with secret_files(key) as (named,):
            done = host.act(
                [ENROLLER, f"--unlock-key-file={named}", *options, container], environment=environment, timeout=PATIENCE
            )
        if done.rc != 0:
            raise ChangeRefused(f"{ENROLLER} ended with status {done.rc}: {_why(done)}")
        # All that the volume will need is tried on the container.
        opens(host, container, 0, pin)
        host.forget()
        tokens: list[dict[str, Any]] = [
            token for token in binding.metadata(host, container)["tokens"].values() if token["type"] == KIND
        ]
    # What it made is looked at: another default of another version must not pass for what was asked for.
    if (
        len(tokens) != 1
        or sorted(tokens[0].get("tpm2-pcrs", [])) != sorted(pcrs)
        or bool(tokens[0].get("tpm2-pin")) != bool(pin)
    ):
        raise ChangeRefused(f"{ENROLLER} made another token than it was asked for; nothing was changed")
    return tokens[0]


def _memory(stack: contextlib.ExitStack, name: str, content: bytes) -> str:
    """The path of a file in memory that only this account reads, as long as `stack` is open."""
    handle = os.memfd_create(name)
    stack.callback(os.close, handle)
    os.fchmod(handle, 0o600)
    os.write(handle, content)
    return f"/proc/{os.getpid()}/fd/{handle}"


def _credentials(host: Host, stack: contextlib.ExitStack, pin: bytes) -> str:
    """A folder in which systemd's programs find the PIN: links to where it lies in memory."""
    folder = tempfile.mkdtemp(prefix="leeboard-", dir=host.path(RUN))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    path = _memory(stack, "leeboard-pin", pin)
    for name in CREDENTIALS:
        os.symlink(path, f"{folder}/{name}")
    return folder


def _run(host: Host, *arguments: str, pin: bytes = b"") -> None:
    # Without an end of line cryptsetup would take no more than is there, and ask again.
    input_text = pin.decode() + "\n" if pin else ""
    done = host.act(["cryptsetup", *arguments], input=input_text, timeout=PATIENCE)
    if done.rc != 0:
        raise ChangeRefused(f"cryptsetup {arguments[0]} ended with status {done.rc}: {_why(done)}")


def _why(done: Completed) -> str:
    """What a program that failed says, in words of ours where it is a number of the TPM."""
    output = done.err + done.out
    known = next((message for sign, message in MESSAGES if sign in output), "")
    return known or STATUSES.get(done.rc) or (output.strip().split("\n")[-1][:200])
