"""`leeboard-authorise`: somebody at the machine lets the next roll-out add a recovery key to a disk.

It asks for the disk's passphrase on the terminal, tries it, and leaves it for a day in the kernel's memory, where the
roll-out finds it and takes it away. The passphrase is on no screen and in no file, argument list or environment.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import signal
import sys
import termios
from typing import TextIO

from ..engine.host import Host, HostError
from ..engine.secret_pipe import secret_files
from ..system import kernel_keyring
from .layout import Layout, Volume
from .unlock_test import NO_TOKEN

HOURS = 24
TRIES = 3
LONGEST = 512  # bytes that cryptsetup takes of a passphrase on a terminal; what is typed beyond, it does not look at
PATIENCE = 300  # seconds of one trial: an old slot may take long on a slow machine
WRONG = 2  # cryptsetup's exit status for a passphrase that opens no slot
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 130  # how it ends; argparse, too, ends with 2


class _Refused(Exception):
    """Nothing was asked and nothing was changed, and this is what to do."""


def main(arguments: list[str], host: Host | None = None) -> int:
    """Run the command; its exit status."""
    options = _parser().parse_args(arguments)
    # A crash must not write memory to a disk, and a terminal that goes away must get its echo back.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    try:
        return _run(options, host or Host())
    except _Refused as problem:
        return _complain(str(problem), REFUSED)
    except HostError as problem:
        return _complain(problem.why, FAILED)
    except KeyboardInterrupt:
        _end_children()
        return _complain("stopped; what was typed is not kept", STOPPED)


def _end_children() -> None:
    """End a command that had only just begun when this was stopped: nobody had been told its number yet."""
    with open(f"/proc/self/task/{os.getpid()}/children") as running:
        left = [int(number) for number in running.read().split()]
    for number in left:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leeboard-authorise",
        description="Let the next roll-out add a recovery key to an encrypted disk: it asks for the disk's passphrase, "
        f"tries it, and keeps it for at most {HOURS} hours in this machine's memory.",
    )
    parser.add_argument(
        "volume", metavar="VOLUME", nargs="?", help="a device, the name of a mapping, a mount point or a LUKS UUID"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--revoke", action="store_true", help="forget the passphrase of VOLUME now")
    instead.add_argument("--list", action="store_true", help="show for which disks a passphrase is kept, and how long")
    return parser


def _run(options: argparse.Namespace, host: Host) -> int:
    # The keyring is that of the real account, so a program that only borrows root's rights is not enough.
    if os.getuid() != 0 or os.geteuid() != 0:
        raise _Refused("only root may do this; repeat it with sudo in front")
    volumes = _volumes(host)
    if options.list:
        return _list(volumes)
    if options.revoke:
        return _revoke(host, volumes, options.volume)
    return _authorise(host, _chosen(host, volumes, options.volume))


def _volumes(host: Host) -> list[Volume]:
    """The LUKS volumes that a roll-out looks after: those on drives that nobody carries away."""
    return [volume for volume in Layout(host).volumes.values() if volume.kind == "luks" and not volume.removable]


def _uuid(volume: Volume) -> str:
    """The UUID in the volume's LUKS header; empty where the header lies elsewhere, or holds something else."""
    uuid = volume.block_device.uuid.lower() if volume.block_device.fstype == "crypto_LUKS" else ""
    return uuid if UUID.fullmatch(uuid) else ""


def _one_line(volume: Volume) -> str:
    """A volume in one line of the terminal."""
    mounts = ", ".join(volume.mounts) or "not mounted"
    return f"{volume.block_device.path} ({mounts}), LUKS UUID {_uuid(volume) or 'unknown'}".replace("\n", "?")


def _chosen(host: Host, volumes: list[Volume], name: str | None) -> Volume:
    """The volume of this name, or the only one where none is named. Raises _Refused."""
    if not volumes:
        raise _Refused("this machine has no LUKS volume on a fixed drive")
    every = "\n".join(["", *(f"  {_one_line(volume)}" for volume in volumes)])
    if name is None and len(volumes) > 1:
        raise _Refused(f"name one of this machine's LUKS volumes:{every}")
    matching = [volume for volume in volumes if name is None or _is_named(host, volume, name)]
    if len(matching) != 1:
        what = "none" if not matching else "more than one"
        raise _Refused(f"{name} is {what} of this machine's LUKS volumes on fixed drives:{every}")
    uuid = _uuid(matching[0])
    if not uuid:
        raise _Refused(
            f"the LUKS header does not lie on {matching[0].block_device.path} itself, which no roll-out changes"
        )
    if sum(_uuid(volume) == uuid for volume in volumes) > 1:
        raise _Refused(f"these are copies of one disk; give one a new UUID (cryptsetup luksUUID) or remove it:{every}")
    return matching[0]


def _is_named(host: Host, volume: Volume, name: str) -> bool:
    device = volume.block_device
    mappings = [way for mapping in volume.mappings for way in (mapping.name, mapping.path)]
    names = {device.path, f"/dev/{device.kname}", *mappings, *volume.mounts}
    return name in names or host.real(name) in names or name.lower() == _uuid(volume)


def _authorise(host: Host, volume: Volume) -> int:
    description = kernel_keyring.of_disk(_uuid(volume))
    terminal = _terminal()
    _say(_one_line(volume))
    for _try in range(TRIES):
        passphrase = _ask(terminal, "Passphrase of this disk (it is not shown): ")
        if passphrase and _opens(host, passphrase, volume.block_device.path):
            break
        _say("It does not open the disk." if passphrase else "Nothing was typed.")
    else:
        return _complain(f"none of them opens {volume.block_device.path}; what was typed is not kept", FAILED)
    try:
        kernel_keyring.put(description, passphrase, HOURS * 3600)
        _say(
            f"It opens the disk. The next roll-out within {HOURS} hours adds a recovery key to this disk\n"
            "and forgets the passphrase. Until then it is in this machine's memory only. A restart\n"
            f"forgets it, and so does: sudo leeboard-authorise --revoke {_uuid(volume)}"
        )
    except KeyboardInterrupt:
        kernel_keyring.revoke(description)
        raise
    return DONE


def _terminal() -> int:
    """The open terminal that this was started on. Raises _Refused.

    A passphrase that comes by a pipe stands in some script or history already.
    """
    try:
        if os.isatty(0):
            return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        pass
    raise _Refused("a passphrase is taken from somebody at a terminal only: no pipe, no script (by SSH: ssh -t)")


def _ask(terminal: int, question: str) -> bytes:
    """What somebody types, without the end of the line: the bytes that cryptsetup would take there.

    Not getpass: it decodes what is typed, fails on bytes that this locale has not, and knows no longest passphrase.
    """
    before = termios.tcgetattr(terminal)
    quiet = list(before)
    quiet[3] &= ~termios.ECHO
    try:
        # Flushed: what was typed before the question was shown on the screen.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, quiet)
        os.write(terminal, question.encode())
        typed = os.read(terminal, LONGEST)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        os.write(terminal, b"\n")
    return typed[:-1] if typed.endswith(b"\n") else typed


def _opens(host: Host, passphrase: bytes, path: str) -> bool:
    """Whether a passphrase opens a slot of the volume. Raises HostError where that cannot be told."""
    with secret_files(passphrase) as (named,):
        argv = ["cryptsetup", "open", "--test-passphrase", *NO_TOKEN, "--key-file", named, path]
        done = host.act(argv, timeout=PATIENCE)
    if done.rc in (0, WRONG):
        return done.rc == 0
    last = (done.err.strip().split("\n") or [""])[-1][:200]
    raise HostError("failed", f"cryptsetup could not try it on {path} (status {done.rc}): {last}")


def _list(volumes: list[Volume]) -> int:
    held_keys = kernel_keyring.keys_held(kernel_keyring.of_disk(""))
    for description, seconds in sorted(held_keys.items()):
        volume = next((volume for volume in volumes if kernel_keyring.of_disk(_uuid(volume)) == description), None)
        gone = f"a disk that is not here now, LUKS UUID {description.rpartition(':')[2]}"
        what = _one_line(volume) if volume else gone
        _say(f"{what}: {_span(seconds)}")
    if not held_keys:
        _say("No passphrase of a disk is kept.")
    return DONE


def _span(seconds: int | None) -> str:
    """How long a passphrase is still kept, in words."""
    if seconds is None:
        return "kept until the next restart (not by this program)"
    for unit, length in (("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= length:
            number = seconds // length
            return f"kept for another {number} {unit}{'' if number == 1 else 's'}"
    return "forgotten in this very second"


def _revoke(host: Host, volumes: list[Volume], name: str | None) -> int:
    # A disk that was taken out has no name any more, but its UUID is known.
    chosen = (name or "").lower()
    uuid = chosen if UUID.fullmatch(chosen) else _uuid(_chosen(host, volumes, name))
    gone = kernel_keyring.revoke(kernel_keyring.of_disk(uuid))
    _say("Its passphrase is forgotten." if gone else "No passphrase of this disk was kept.")
    return DONE


def _complain(message: str, status: int) -> int:
    """Say why it ends; the status to end with."""
    _say(f"leeboard-authorise: {message}", sys.stderr)
    return status


def _say(message: str, stream: TextIO | None = None) -> None:
    """Write a line. What a disk is called does not drive the terminal, and may have letters that it has not."""
    stream = stream or sys.stdout
    text = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in message)
    letters = stream.encoding or "ascii"
    stream.write(text.encode(letters, "backslashreplace").decode(letters) + "\n")
    stream.flush()
