"""`leeboard escrow rotate`, `adopt`, `pin`, `restore`, `header`, `suspend`: what somebody does to a device's disks."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from leeboard.ansible import inventory as inventories
from leeboard.ansible.run import run_playbook
from leeboard.ansible.scratch import scratch
from leeboard.cli import prompts
from leeboard.cli.escrow import custodians as people
from leeboard.cli.escrow.command import Device, School, keys_of_device, now, reason_of
from leeboard.cli.options import Var
from leeboard.errors import LeeboardError
from leeboard.escrow.disks.restoring import image_of, newest
from leeboard.escrow.disks.tpm_policy import wrong_pin as wrong_pin_of_luks
from leeboard.escrow.keys.private_key import in_clear
from leeboard.escrow.vault import ledger, vault
from leeboard.escrow.vault.rekeying import opener
from leeboard.escrow.volumes.suspending import DAYS, MOST_DAYS, MOST_RESTARTS, Suspension
from leeboard.escrow.volumes.wish import wrong_pin
from leeboard.evidence.bundles.schema import Expected
from leeboard.model import near
from leeboard.model.enums import Platform
from leeboard.model.values import plain
from leeboard.policy.load import load
from leeboard.storage import files

FAILED, NOT_REACHED = 1, 3
MOST_WORDS = 600  # characters of what came of a device
MOST_REPORT = 64 * 1024

Inventory = Annotated[Path, typer.Option("--inventory", "-i", help="An Ansible inventory: a file, or a folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Disk = Annotated[str | None, typer.Option(help="The LUKS UUID of the disk, where the device has several.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what Ansible printed as well.")]


def rotate(
    device: Device,
    inventory: Inventory,
    private_key: people.PrivateKey,
    school: School = None,
    dry_run: DryRun = False,
    var: Var = Path("var"),
    verbose: Verbose = False,
) -> int:
    """Change a device's recovery key, the one that is kept being what authorises the new one.

    For a disk that nothing else opens: no TPM, no passphrase in the school's vault, nobody at the machine. Its family
    ENC has to be switched on. Ends with 0; 1 when it failed; 3 when the device was not reached.
    """
    return _run("bring", device, inventory, school, _handed(private_key, var), {}, dry_run, var, verbose)


def adopt(
    device: Device,
    inventory: Inventory,
    school: School = None,
    dry_run: DryRun = False,
    var: Var = Path("var"),
    verbose: Verbose = False,
) -> int:
    """Keep a key or passphrase of a device that somebody knows already; it is asked for on the terminal.

    It is tried on each of the device's disks, and nothing there changes. ENC-08 goes on saying that it was known
    before, until a roll-out brings in a key that nobody knows. Ends with 0; 1 when it opened nothing; 3 when the device
    was not reached.
    """
    vault.open_vault(var, whole=False)
    known = prompts.secret("The key or passphrase that opens the disk", "the key has to be typed")
    return _run("adopt", device, inventory, school, {"leeboard_known_key": known}, {}, dry_run, var, verbose)


def pin(
    device: Device,
    inventory: Inventory,
    school: School = None,
    dry_run: DryRun = False,
    var: Var = Path("var"),
    verbose: Verbose = False,
) -> int:
    """Set the PIN of one device that asks for it at a start; it is typed on the terminal, twice, and kept nowhere.

    It is for this device alone. Everything else that a roll-out of ENC does to its disks comes with it, a recovery
    password or key that is kept first. On Windows the person changes it afterwards. Ends with 0; 1 when it was refused
    or failed; 3 when the device was not reached.
    """
    target = _target(inventory, school, device)
    typed = prompts.secret(f"A PIN for {plain(device)}", "the PIN has to be typed", twice=True)
    wrong_of = wrong_pin if target.platform is Platform.WINDOWS else wrong_pin_of_luks
    wrong = wrong_of(typed, target.level)
    if wrong:
        raise LeeboardError(f"{wrong.replace('leeboard_disk_pin', 'the PIN')}; nothing was changed")
    return _run("bring", device, inventory, school, {"leeboard_disk_pin": typed}, {}, dry_run, var, verbose)


def restore(
    device: Device,
    inventory: Inventory,
    private_key: people.PrivateKey,
    school: School = None,
    disk: Disk = None,
    dry_run: DryRun = False,
    var: Var = Path("var"),
    verbose: Verbose = False,
) -> int:
    """Bring back the damaged LUKS header of a machine that still runs, and prove that its recovery key opens the disk.

    What is there now is kept first. For a machine that does not start, see leeboard escrow header. Ends with 0; 1 when
    it was refused or failed; 3 when the device was not reached.
    """
    extra = {"recovery_keys_disk": disk or ""}
    return _run("restore", device, inventory, school, _handed(private_key, var), extra, dry_run, var, verbose)


def suspend(
    device: Device,
    inventory: Inventory,
    restarts: Annotated[
        int, typer.Option(help=f"After how many restarts protection comes back, 1 to {MOST_RESTARTS}.")
    ],
    reason: Annotated[str, typer.Option(help="What it is for, such as firmware. It is kept in the ledger.")],
    days: Annotated[int, typer.Option(help=f"For how many days the window is open, at most {MOST_DAYS}.")] = DAYS,
    school: School = None,
    dry_run: DryRun = False,
    var: Var = Path("var"),
    verbose: Verbose = False,
) -> int:
    """Suspend BitLocker on a Windows device for some restarts, such as those of a firmware update.

    It opens a window in the ledger, which ENC-09 excuses until its end. Until Windows has switched protection on again
    the device is open to whoever has it: keep it where it is. Refused where no recovery password of it is kept and
    compared here. Ends with 0; 1 when it was refused or failed; 3 when the device was not reached.
    """
    asked = Suspension(restarts, reason_of(reason), days)
    asked.check()
    vault.open_vault(var, whole=False)
    extra = {"recovery_keys_restarts": str(restarts), "recovery_keys_days": str(days)}
    handed = {"leeboard_suspension_reason": asked.reason}
    return _run("suspend", device, inventory, school, handed, extra, dry_run, var, verbose)


def header(
    device: Device,
    reason: Annotated[str, typer.Option(help="Why it is opened. It is kept in the ledger.")],
    private_key: people.PrivateKey,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write: on a stick, and not here.")],
    school: School = None,
    disk: Disk = None,
    var: Var = Path("var"),
) -> None:
    """Write the newest copy of a disk's LUKS header for a machine that does not start: cryptsetup luksHeaderRestore.

    Whoever has that file and any passphrase of that time opens the disk; destroy it when the machine starts again.
    """
    why = reason_of(reason)
    opened = vault.open_vault(var)
    mine = keys_of_device(list(opened.keys().values()), device, school)
    copy, key = newest(opened, mine[0].urn, mine[0].asset, disk)
    content = image_of(opened, copy, opener(opened, people.private_key(private_key)))
    with opened.writing(now()) as writer:
        writer.note(ledger.HEADER_READ, urn=copy.urn, asset=copy.asset, key=copy.id, disk=copy.disk, reason=why)
    files.replace(output, content)
    os.chmod(output, 0o600)
    typer.echo(
        f"The header of disk {copy.disk}, as it was at {copy.made}, is in {output}. On the machine, from a rescue "
        "stick:\n"
        f"    cryptsetup luksHeaderRestore --header-backup-file {output.name} /dev/THE-PARTITION\n"
        f"Key {key.id} opens it then: leeboard escrow open {plain(device)} --key {key.id}"
    )


def _handed(private_key: Path, var: Path) -> dict[str, str]:
    """A custodian's private key as the run is handed it. Raises LeeboardError where it is nobody's of this vault."""
    secret = people.private_key(private_key)
    opener(vault.open_vault(var, whole=False), secret)
    return {"leeboard_custodian_key": in_clear(secret)}


def _run(
    work: str, device: str, inventory: Path, school: str | None, secrets: dict[str, str], extra: dict[str, str],
    dry_run: bool, var: Path, verbose: bool,
) -> int:  # fmt: skip
    """Run the playbook on one device and print its report. Returns the exit code."""
    source, target = inventories.file_of(inventory), _target(inventory, school, device)
    with scratch("escrow") as folder:
        variables = {"recovery_keys_work": work, "recovery_keys_report": str(folder), **extra}
        options = ["--check"] if dry_run else []
        done = run_playbook(
            "recovery_keys", source, var, [target.name], variables, options, school=target.urn, secrets=secrets
        )
        reports = [json.loads(files.read_regular(path, MOST_REPORT) or b"{}") for path in folder.glob("*.json")]
    if verbose or not reports:
        print(done.output.strip(), file=sys.stderr)
    if not reports:
        print(f"{plain(device)}: not reached; what Ansible said stands above")
        return NOT_REACHED
    report: dict[str, Any] = reports[0]
    print(f"{plain(device)}: {plain(str(report.get('message', '')), MOST_WORDS)}")
    if report.get("unreachable"):
        return NOT_REACHED
    return FAILED if report.get("failed") or report.get("skipped") else 0


def _target(inventory: Path, school: str | None, device: str) -> Expected:
    """The device that is meant. Raises LeeboardError."""
    listed = inventories.read(inventories.file_of(inventory), tuple(load().parameters))
    return _device(listed.of_school(school) if school else listed.devices, device)


def _device(devices: tuple[Expected, ...], wanted: str) -> Expected:
    """The device with this asset tag or host. Raises LeeboardError."""
    fits = [
        candidate
        for candidate in devices
        if wanted.casefold() in (candidate.asset.casefold(), candidate.name.casefold())
    ]
    if not fits:
        names = (alias for one in devices for alias in (one.asset, one.name))
        raise LeeboardError(f"{plain(wanted)}: there is no such device in the inventory{near.meant(wanted, names)}")
    if len(fits) > 1:
        urns = ", ".join(sorted({device.urn for device in fits}))
        raise LeeboardError(f"{plain(wanted)}: the schools {urns} have one; name it with --school")
    return fits[0]
