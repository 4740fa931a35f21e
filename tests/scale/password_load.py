"""What 100,000 recovery passwords of BitLocker take: made, sealed for two custodians, listed, verified, found, opened.

`python -m tests.scale.password_load` makes and seals each by itself, as a roll-out does, and writes envelopes and
ledger of an invented LA with 50,000 devices of two volumes each into two temporary folders. Each step is a process of
its own, whose memory counts. The first and the last are then opened by `openssl cms` for each custodian, from each
place. It puts the figures into docs/performance.md; the number of passwords may be given.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from leeboard.escrow.keys import certificates, envelope
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.keys.recovery_password import new_password, parse_password
from leeboard.escrow.vault import ledger, vault
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.ledger import Ledger
from tests.scale.escrow_load import SCHOOLS, SECOND, alone, measured
from tests.scale.page import write

AT = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
MANY = 100_000
CUSTODIANS, PASSPHRASE = ("head-of-ict", "siro"), "a passphrase for a measurement"
COUNT = "count"  # a file beside var: how many


def _names(number: int) -> Iterator[tuple[str, str, str]]:
    """The URN, asset tag and key of each password: two volumes a device."""
    for one in range(number):
        device = one // 2
        yield f"{900000 + device % SCHOOLS}", f"PC-{device:05}", f"261203-{one:08x}"


def seal_all(var: Path) -> None:
    """Make and seal them all, and write envelopes and ledger into both places as a roll-out's writer does."""
    made = vault.open_vault(var)
    fingerprints = tuple(one.fingerprint for one in made.custodians)
    before = made.ledger().mark
    number, previous = before.entries, before.tip
    ledgers = [(place.path / ledger.FILE).open("ab") for place in made.places]

    def note(event: str, **more: object) -> None:
        nonlocal number, previous
        entry = ledger.next_entry(
            Ledger(after=ledger.Mark(number, previous, 0)), AT, "leeboard on controller", event, **more
        )
        line = ledger.line_of(entry)
        number, previous = number + 1, ledger._hash(line.rstrip(b"\n"))
        for file in ledgers:
            file.write(line)

    for urn, asset, key in _names(int((var.parent / COUNT).read_text())):
        disk, protector = str(uuid.uuid4()), f"{{{str(uuid.uuid4()).upper()}}}"
        content = Content(
            new_password(), f"School ({urn})", asset, disk, key, "2026-12-03T10:00:00Z", kind=Kind.BITLOCKER
        )
        sealed = envelope.seal(content, made.custodians)
        about = {"urn": urn, "asset": asset, "disk": disk, "key": key, "kind": Kind.BITLOCKER}
        note(ledger.SEALED, digest=envelope.digest(sealed), custodians=fingerprints, **about)
        note(ledger.COMPARED, protector=protector, **about)
        for place in made.places:
            folder = place.path / urn / asset
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            folder.parent.chmod(0o700)
            (folder / f"{key}.pem").write_bytes(sealed)
            (folder / f"{key}.pem").chmod(0o600)
    for file in ledgers:
        file.close()
    with made.writing(AT):
        pass  # the controller remembers each device, and how far the ledger goes


def _verify(var: Path) -> None:
    said = check(vault.open_vault(var), AT)
    assert not said.problems, said.problems[:3]


def _find(var: Path) -> None:
    """By the first eight characters of an id, as `leeboard escrow open` looks for one."""
    keys = list(vault.open_vault(var).keys().values())
    shown = keys[-1].protector.strip("{}")[:8].casefold()
    assert keys[-1] in [one for one in keys if one.protector.strip("{}").casefold().startswith(shown)]


def _list(var: Path) -> None:
    number = int((var.parent / COUNT).read_text())
    keys = vault.open_vault(var).keys()
    assert len(keys) == number == len({one.protector for one in keys.values()})


STEPS: dict[str, Callable[[Path], object]] = {
    "make and seal all, for two custodians, into two places": seal_all,
    "list": _list,
    "verify": _verify,
    "find one by what the blue screen shows": _find,
}


def opened(place: Path, key: str, custodian: str, private_key: Path) -> str:
    """The password in an envelope, by openssl alone. Raises CalledProcessError, and LeeboardError for what is none."""
    command = [
        "openssl", "cms", "-decrypt", "-inform", "PEM", "-in", str(place / key), "-recip",
        str(place / "custodians" / f"{custodian}.pem"), "-inkey", str(private_key), "-passin", "stdin",
    ]  # fmt: skip
    said = subprocess.run(command, input=PASSPHRASE, capture_output=True, text=True, check=True).stdout
    return parse_password(said.splitlines()[-1]).text


def main() -> None:
    if sys.argv[1:2] == ["step"]:
        measured(STEPS[sys.argv[2]], Path(sys.argv[3]))
        return
    number = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory() as first:
        second = Path(tempfile.mkdtemp(dir=SECOND))
        try:
            folder = Path(first)
            (folder / COUNT).write_text(str(number))
            owners = {name: certificates.make(name, PASSPHRASE, AT) for name in CUSTODIANS}
            for name, (_owner, secret) in owners.items():
                (folder / f"{name}.pem").write_bytes(secret)
            made = vault.make(
                folder / "var", (folder / "vault", second / "vault"), [one for one, _ in owners.values()], AT
            )
            found = [(step, *alone("tests.scale.password_load", step, folder / "var")) for step in STEPS]
            size = (made.places[0].path / ledger.FILE).stat().st_size
            names = [f"{urn}/{asset}/{key}.pem" for urn, asset, key in _names(number)]
            texts = [
                opened(place.path, key, name, folder / f"{name}.pem")
                for key in (names[0], names[-1])
                for place in made.places
                for name in CUSTODIANS
            ]
            assert len(set(texts)) == 2
        finally:
            shutil.rmtree(second)
    rows = [f"| recovery passwords | {number:,} | |", f"| the ledger | {size / 1e6:.0f} MB | |"]
    rows += [f"| {step} | {used:.0f} s of the processor, {most} MB | |" for step, _clock, used, most in found]
    rows.append(f"| opened by `openssl cms` for each custodian, from each place | {len(texts)} of {len(texts)} | all |")
    write("password-load", "\n".join(rows))
    print("\n".join(rows))


if __name__ == "__main__":
    main()
