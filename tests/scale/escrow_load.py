"""What the vault of a whole LA costs: 25,000 devices whose keys are listed and verified, and one more that gets a key.

`python -m tests.scale.escrow_load` writes a vault of an invented LA into two temporary folders, as the product's own
lines and envelopes, and times `escrow list`, `escrow verify`, a check's look at one device, and what the controller
does for a disk that gets a key, each in a process whose memory counts. (The device's half costs what its Argon2id is
meant to cost.) It puts the figures into docs/performance.md. A second number says how many devices have headers of
512 kB, 500 unless it does: those of a whole LA would fill 25 GB.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from leeboard.escrow.keys import certificates, envelope
from leeboard.escrow.keys.certificates import Custodian
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.keys.recovery_key import new_key
from leeboard.escrow.vault import clone_detection, controller_state, ledger, vault
from leeboard.escrow.vault.binding import Binding
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.ledger import Ledger
from leeboard.escrow.vault.vault import Vault
from leeboard.model.enums import Level
from tests.scale.memory import most_memory
from tests.scale.page import write

AT = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
SCHOOLS = 200
HEADER = 512 * 1024
SECOND = Path("/dev/shm")  # another volume, in memory
SLOT = {"slot": 1, "iterations": 4321}


def _binding(number: int) -> dict[str, object]:
    """A disk with two slots and our token: digests of the right length, of nothing."""
    digest = f"{number:064x}"
    ours = [{"token": 0, "key": f"261126-{number:08x}", "slot": 1, "iterations": 4321, "assigned": True}]
    return {
        "uuid": f"{number:08x}-0000-4000-8000-000000000000", "version": 2, "volume_key": digest, "segments": digest,
        "slots": {"0": digest, "1": digest}, "tokens": {"0": digest}, "ours": ours,
    }  # fmt: skip


def fill(made: Vault, devices: int, with_headers: int) -> None:
    """Write envelopes, headers and ledger of so many devices; each sealing by RSA is done once, for all the same."""
    content = Content(new_key(), "School (900001)", "PC-1", "disk", "id", "2026-11-26T10:00:00Z")
    sealed = envelope.seal(content, made.custodians)
    small, large = (envelope.seal_bytes(bytes(size), made.custodians) for size in (1024, HEADER))
    custodians = tuple(one.fingerprint for one in made.custodians)
    number, previous = made.ledger().mark.entries, made.ledger().mark.tip
    lines: list[bytes] = []

    def line(event: str, **more: object) -> None:
        nonlocal number, previous
        after = Ledger(after=ledger.Mark(number, previous, 0))
        entry = ledger.next_entry(after, AT, "leeboard on controller", event, **more)
        lines.append(ledger.line_of(entry))
        number, previous = number + 1, ledger._hash(lines[-1].rstrip(b"\n"))

    for one in range(devices):
        urn, asset, key = f"{900000 + one % SCHOOLS}", f"PC-{one:05}", f"261126-{one:08x}"
        disk = str(_binding(one)["uuid"])
        header = large if one < with_headers else small
        about = {"urn": urn, "asset": asset, "disk": disk}
        line(ledger.SEALED, key=key, digest=envelope.digest(sealed), custodians=custodians, binding=SLOT, **about)
        line(ledger.PROVED, key=key, binding={"slot": 1, "disk": _binding(one)}, **about)
        line(
            ledger.HEADER, key=f"h-{key}", digest=envelope.digest(header), size=len(header), binding=_binding(one),
            **about,
        )  # fmt: skip
        for place in made.places:
            folder = place.path / urn / asset
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            folder.parent.chmod(0o700)
            for name, file in ((f"{key}.pem", sealed), (f"h-{key}.header", header)):
                (folder / name).write_bytes(file)
                (folder / name).chmod(0o600)
    for place in made.places:
        with (place.path / ledger.FILE).open("ab") as file:
            file.write(b"".join(lines))


def alone(module: str, step: str, var: Path) -> tuple[float, float, int]:
    """Seconds on the clock and of the processor, and MB, of a step of a module in a process of its own."""
    said = subprocess.run(
        [sys.executable, "-m", module, "step", step, str(var)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    clock, used, most = said.split()
    return float(clock), float(used), int(most)


def measured(step: Callable[[Path], object], var: Path) -> None:
    """Do a step, and print what `alone` reads."""
    started, before = time.monotonic(), time.process_time()
    step(var)
    print(time.monotonic() - started, time.process_time() - before, round(most_memory()))


def _custodian() -> Custodian:
    return certificates.make("head-of-ict", "a passphrase for a measurement", AT)[0]


def main() -> None:
    if sys.argv[1:2] == ["step"]:
        measured(STEPS[sys.argv[2]], Path(sys.argv[3]))
        return
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else 25_000
    with_headers = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as first:
        second = Path(tempfile.mkdtemp(dir=SECOND))
        try:
            var = Path(first) / "var"
            made = vault.make(var, (Path(first) / "vault", second / "vault"), [_custodian()], AT)
            fill(made, devices, with_headers)
            for (urn, asset), kept in made.records().items():
                controller_state.write_records(var, urn, asset, kept)
                clone_detection.record_disks(var, (urn, asset), [Binding.model_validate(kept.headers[0].binding)])
            with made.writing(AT):
                pass  # the controller remembers how far the ledger goes
            found = [(step, *alone("tests.scale.escrow_load", step, var)) for step in STEPS]
            size = (made.places[0].path / ledger.FILE).stat().st_size
        finally:
            shutil.rmtree(second)
    rows = [
        f"| devices, and those with headers of {HEADER // 1024} kB | {devices:,}, {with_headers:,} | |",
        f"| the ledger | {size / 1e6:.0f} MB | |",
    ]
    for step, clock, used, most in found:
        wanted = "under a minute" if step in ("list", "verify") else ""
        rows.append(f"| {step} | {clock:.2f} s, {used:.2f} s of the processor, {most} MB | {wanted} |")
    write("escrow-load", "\n".join(rows))
    print("\n".join(rows))


def _keep(var: Path) -> None:
    """What the controller does for one disk that gets its first key, without the device's half."""
    opened = vault.open_vault(var, whole=False)
    binding = _binding(99_999)
    about = {"urn": "900000", "asset": "PC-99999", "disk": str(binding["uuid"])}
    content = Content(new_key(), "School (900000)", "PC-99999", "disk", "261126-0001869f", "2026-11-26T10:00:00Z")
    with opened.writing(AT) as writer:
        writer.keep_header(bytes(HEADER), about["urn"], about["asset"], "h-1", about["disk"], binding)
    with opened.writing(AT) as writer:
        writer.seal(content, about["urn"], about["asset"], Level.STANDARD, about["disk"], SLOT)
    with opened.writing(AT) as writer:
        writer.note(ledger.PROVED, key=content.id, binding={"slot": 1, "disk": binding}, **about)
    with opened.writing(AT) as writer:
        writer.keep_header(bytes(HEADER), about["urn"], about["asset"], "h-2", about["disk"], binding)


def _seen(var: Path) -> None:
    """What a check does besides, so that a disk that was cloned is found."""
    disk = Binding.model_validate(_binding(0))
    clone_detection.record_disks(var, ("900000", "PC-00000"), [disk])
    assert clone_detection.shared(var, ("900000", "PC-00000"), disk) == []


STEPS: dict[str, Callable[[Path], object]] = {
    "list": lambda var: vault.open_vault(var).keys(),
    "verify": lambda var: check(vault.open_vault(var), AT),
    "look at one device, as each check does": lambda var: controller_state.records(var, "900000", "PC-00000"),
    "look whether one device's disk is another's too": _seen,
    "keep the first key of one disk, with two headers": _keep,
}

if __name__ == "__main__":
    main()
