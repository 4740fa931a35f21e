"""What the first recovery key of a disk costs, on both sides together: a vault on two volumes, a disk in a file.

`PYTHONPATH=collections python -m tests.scale.enrol_cost` brings in a key with the cost that cryptsetup itself chooses
for a passphrase, and with the least that it takes; the difference is Argon2id, which is meant to cost that. What
Ansible and the line to a device cost comes on top: that is a roll-out's, not the key's. The figures are in
docs/performance.md.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.scale.page import write
from tests.unit.escrow.controller import Controller
from tests.unit.escrow.vaults import a_vault
from tests.unit.linux.disks import PASSPHRASE, cryptsetup
from tests.unit.linux.luks_machine import Disk

TIMES = 5  # the middle one of so many counts


def _enrolled(usual: bool) -> tuple[float, float]:
    """Seconds of bringing in a key, and of opening the disk by its passphrase, at the `usual` cost or the least."""
    with tempfile.TemporaryDirectory() as folder, a_vault(Path(folder)) as made:
        disk = Disk(Path(folder))
        if usual:
            cryptsetup("luksConvertKey", "-q", "--pbkdf", "argon2id", str(disk.path), input=PASSPHRASE)
        controller = Controller(made, disk)
        started = time.monotonic()
        outcome = controller.run()
        enrolled = time.monotonic()
        if outcome.failed or not outcome.changed:
            raise SystemExit(outcome.summary)
        disk.opens(PASSPHRASE, "--key-slot", "0")
        return enrolled - started, time.monotonic() - enrolled


def main() -> None:
    """Measure, and write the page."""
    found = {usual: sorted(_enrolled(usual) for _ in range(TIMES))[TIMES // 2] for usual in (False, True)}
    (least, _), (whole, opening) = found[False], found[True]
    argon2 = f"Argon2id, which takes {opening:.1f} s each time that the passphrase opens the disk"
    rows = [
        f"| the first key of a disk | {whole:.1f} s | seconds |",
        f"| of it {argon2} | {whole - least:.1f} s | by design |",
        f"| of it all the rest: sealed, kept twice, added, proved, the header copied | {least:.1f} s | |",
    ]
    write("enrol-cost", "\n".join(rows))


if __name__ == "__main__":
    main()
