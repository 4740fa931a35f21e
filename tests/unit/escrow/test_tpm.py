"""The TPM opens a real LUKS2 disk where the school wants it: swtpm, systemd-cryptenroll and cryptsetup are real.

The disk lies in a file and is not open; tests/controls/test_tpm.py starts a machine by what a roll-out enrolled.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import boot_state

from leeboard.escrow.disks.disk import Credentials
from leeboard.escrow.disks.tpm_policy import TpmPolicy, Way, parse_policy
from tests.unit.linux.disks import CHEAP, PASSPHRASE, cryptsetup, debian_image, mount, needs_cryptsetup
from tests.windows.wire.secrets import leaks

from .tpm_controller import ABLE, ALONE, DRACUT, EFI, IMAGE, OTHER_PIN, PIN, WITH_PIN, TpmController

pytestmark = needs_cryptsetup
SETTINGS = "root/etc/dracut.conf.d/leeboard-tpm.conf"


@pytest.mark.parametrize("wanted", [ALONE, WITH_PIN], ids=["alone", "with a PIN"])
def test_the_tpm_opens_the_disk_after_its_key_is_kept(with_tpm: TpmController, wanted: TpmPolicy) -> None:
    outcome = with_tpm.wish(wanted)
    assert outcome.changed and not outcome.failed and not outcome.waiting, outcome.summary
    with_tpm.good(wanted)
    if wanted.pin:
        assert not with_tpm.disk.by_itself(), "without the PIN it gives nothing away"


def test_the_pin_is_nowhere(with_tpm: TpmController) -> None:
    outcome = with_tpm.wish(WITH_PIN)
    assert not leaks(PIN, with_tpm.vault.var) and PIN not in outcome.summary and PIN not in repr(WITH_PIN)
    assert any(argv[0] == "systemd-cryptenroll" and len(argv) > 2 for argv, _ in with_tpm.disk.ran)
    for argv, environment in with_tpm.disk.ran:
        assert PIN not in " ".join([*argv, *environment.values()]), argv
    assert os.listdir(with_tpm.disk.folder / "root" / "run") == ["lock"], "what led to it is gone"


def test_a_dry_run_only_says(with_tpm: TpmController) -> None:
    with_tpm.run()
    before, kept = with_tpm.now, with_tpm.kept
    outcome = with_tpm.wish(WITH_PIN, dry=True)
    assert outcome.changed and "a token of the TPM is to open it" in outcome.summary
    assert (with_tpm.now, with_tpm.kept) == (before, kept)


def test_no_token_before_a_key_is_proved(with_tpm: TpmController) -> None:
    outcome = with_tpm.wish(WITH_PIN, passphrase="")
    assert "no token of the TPM was enrolled: no recovery key of it is proved" in outcome.summary
    assert with_tpm.now.tokens == {} and with_tpm.kept.tpm == ()


# What stands in the way: said in one line, and nothing changes.


def _other_chain(controller: TpmController) -> None:
    controller.disk.lacks("/boot/grub/grub.cfg")
    controller.disk.has("/boot/vmlinuz-6.12.48", "")


def _initramfs_tools(controller: TpmController) -> None:
    controller.disk.has("/usr/sbin/mkinitramfs", "")
    path = controller.disk.folder / "root" / IMAGE.lstrip("/")
    path.write_bytes(debian_image(controller.disk.folder / "debian"))


def _no_image(controller: TpmController) -> None:
    (controller.disk.folder / "root" / IMAGE.lstrip("/")).unlink()
    controller.disk.has("/usr/sbin/mkinitramfs", "")


def _locked(controller: TpmController) -> None:
    controller.disk.by_hand("--tpm2-pcrs=7", "--tpm2-with-pin=yes", pin=OTHER_PIN)
    (number,) = (str(one.id) for one in controller.disk.seen().tokens)
    for _ in range(4):
        assert not controller.disk.by_itself("--token-id", number, pin="wrong")
    assert not controller.disk.by_itself("--token-id", number, pin=OTHER_PIN)


def _old_systemd(controller: TpmController) -> None:
    """A double of the program's answer: there is one version of it here."""
    really = controller.disk.really

    def aged(argv: list[str], *more: object) -> object:
        done = really(argv, *more)
        if argv == ["systemd-cryptenroll", "--version"]:
            done.out = done.out.replace("systemd 257", "systemd 252", 1)
        return done

    controller.disk.really = aged


def _no_secure_boot(controller: TpmController) -> None:
    controller.disk.has(EFI.format("SecureBoot"), "\x06\0\0\0\0")


def _no_program(controller: TpmController) -> None:
    controller.disk.programs = ("cryptsetup",)


REFUSED: dict[str, tuple[Callable[[TpmController], object], TpmPolicy, str]] = {
    "no TPM": (lambda it: it.disk.lacks("/sys/class/tpmrm/tpmrm0/dev", folder=True), WITH_PIN, "has no TPM 2.0"),
    "no Secure Boot": (_no_secure_boot, ALONE, "Secure Boot is not on"),
    "another chain": (_other_chain, ALONE, "does not start by GRUB"),
    "a kernel image": (lambda it: it.disk.has(boot_state.STUB, ""), ALONE, "PCR 11 has another value by now"),
    "no PIN": (lambda _: None, TpmPolicy(Way.PIN), "leeboard_disk_pin is not in the school's vault"),
    "a short PIN": (lambda _: None, TpmPolicy(Way.PIN, "12345"), "leeboard_disk_pin must have 6 to 64 characters"),
    "an odd PIN": (lambda _: None, TpmPolicy(Way.PIN, "hühnerei"), "not every keyboard types"),
    "initramfs-tools": (_initramfs_tools, WITH_PIN, "install dracut in its place"),
    "no image": (_no_image, WITH_PIN, "is missing"),
    "no program": (_no_program, WITH_PIN, "package systemd-cryptsetup"),
    "an old systemd": (_old_systemd, WITH_PIN, "systemd 252 is too old"),
    "changed since the start": (lambda it: it.disk.has("/proc/stat", "btime 1\n"), ALONE, "restart it first"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_what_stands_in_the_way_is_said_and_nothing_changes(with_tpm: TpmController, why: str) -> None:
    done, wanted, words = REFUSED[why]
    with_tpm.run()
    done(with_tpm)
    before, kept = with_tpm.now, with_tpm.kept
    outcome = with_tpm.wish(wanted)
    (said,) = outcome.waiting
    assert words in said and not outcome.failed and not outcome.changed, outcome.summary
    assert (with_tpm.now, with_tpm.kept) == (before, kept)


def test_a_tpm_that_is_locked_out_is_said_and_nothing_changes(with_tpm: TpmController) -> None:
    with_tpm.run()
    _locked(with_tpm)
    before = with_tpm.now
    outcome = with_tpm.wish(WITH_PIN)
    assert "the TPM is locked out after wrong PINs" in outcome.summary and outcome.failed
    assert with_tpm.now == before


def test_nothing_opens_the_disk(with_tpm: TpmController) -> None:
    with_tpm.run()
    before = with_tpm.now
    outcome = with_tpm.wish(WITH_PIN, passphrase="")
    assert "leeboard-authorise" in outcome.summary and not outcome.changed
    assert with_tpm.now == before


def test_all_slots_taken(with_tpm: TpmController) -> None:
    with_tpm.run()
    for number in set(range(32)) - set(with_tpm.disk.slots()):
        cryptsetup(
            "luksAddKey", "-q", *CHEAP["pbkdf2"], "--key-slot", str(number), str(with_tpm.disk.path),
            input=f"{PASSPHRASE}\n{number}",
        )  # fmt: skip
    before = with_tpm.now
    assert "all 32 slots of its header are taken" in with_tpm.wish(WITH_PIN).summary
    assert with_tpm.now == before


def test_a_wish_that_makes_no_sense() -> None:
    assert (
        parse_policy("", PIN) == TpmPolicy()
        and parse_policy("tpm", PIN) == ALONE
        and parse_policy("tpm-and-pin", PIN) == WITH_PIN
    )
    with pytest.raises(Exception, match="leeboard_disk_tpm is 'pin': it must be tpm or tpm-and-pin"):
        parse_policy("pin", PIN)


# The next start's image.


def test_an_image_that_lacks_it_is_made_anew_by_dracut(with_tpm: TpmController) -> None:
    with_tpm.disk.pack(DRACUT)
    outcome = with_tpm.wish(WITH_PIN)
    assert f"{IMAGE} was made anew" in outcome.summary and not outcome.failed, outcome.summary
    assert 'add_dracutmodules+=" tpm2-tss "' in (with_tpm.disk.folder / SETTINGS).read_text()
    assert sorted(os.listdir(with_tpm.disk.folder / "root/boot")) == ["grub", "initrd.img-6.12.48"]
    with_tpm.good(WITH_PIN)


def test_an_image_that_lost_it_is_said(with_tpm: TpmController) -> None:
    with_tpm.wish(WITH_PIN)
    with_tpm.disk.pack(DRACUT)
    outcome = with_tpm.wish(WITH_PIN)
    assert "is of no use" in outcome.waiting[0] and not outcome.changed


def test_without_a_pin_the_new_image_is_started_first(with_tpm: TpmController) -> None:
    with_tpm.disk.pack(DRACUT)
    with_tpm.disk.has("/proc/stat", "btime 1\n")
    outcome = with_tpm.wish(ALONE)
    (said,) = outcome.waiting
    assert "restart it first" in said and outcome.changed and not outcome.failed
    assert with_tpm.disk.seen().tokens == () and with_tpm.kept.tpm == ()
    with_tpm.disk.has("/proc/stat", "btime 1900000000\n")
    assert not with_tpm.wish(ALONE).waiting
    with_tpm.good(ALONE)


def _full(controller: TpmController, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=1000, f_frsize=4096))


def _broken(controller: TpmController, _: pytest.MonkeyPatch) -> None:
    controller.disk.making = None


def _useless(controller: TpmController, _: pytest.MonkeyPatch) -> None:
    controller.disk.making = {name: text for name, text in ABLE.items() if "tcti" not in name}


@pytest.mark.parametrize(
    ("done", "words"),
    [(_full, "/boot has 3 MiB left"), (_broken, "dracut ended with status 1"), (_useless, "the old one stays")],
)
def test_an_image_that_cannot_be_made_leaves_the_old_one(
    with_tpm: TpmController,
    monkeypatch: pytest.MonkeyPatch,
    done: Callable[[TpmController, pytest.MonkeyPatch], None],
    words: str,
) -> None:
    with_tpm.run()
    with_tpm.disk.pack(DRACUT)
    boot = with_tpm.disk.folder / "root/boot"
    old, before = (boot / "initrd.img-6.12.48").read_bytes(), with_tpm.now
    done(with_tpm, monkeypatch)
    outcome = with_tpm.wish(WITH_PIN)
    assert words in outcome.summary and outcome.failed, outcome.summary
    assert sorted(os.listdir(boot)) == ["grub", "initrd.img-6.12.48"]
    assert (boot / "initrd.img-6.12.48").read_bytes() == old and with_tpm.now == before
    assert not (with_tpm.disk.folder / SETTINGS).exists(), "the next kernel's image must not fail by it"


def test_a_disk_that_opens_later_is_left_alone(with_tpm: TpmController) -> None:
    with_tpm.disk.has("/proc/self/mountinfo", mount("254:0", "/srv") + mount("8:2", "/"))
    assert not with_tpm.wish(WITH_PIN).waiting
    assert with_tpm.disk.seen().tokens == ()


def test_garbage_is_an_error(with_tpm: TpmController) -> None:
    with_tpm.run()
    really = with_tpm.disk.ask

    def lying(step: str, **said: object) -> dict[str, object]:
        return {"seen": '{"tpm": 1}'} if step == "look_tpm" else really(step, **said)

    with_tpm.disk.ask = lying
    assert (
        "what the device says of its TPM makes no sense"
        in with_tpm.run(Credentials(PASSPHRASE, None, WITH_PIN)).summary
    )
