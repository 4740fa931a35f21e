"""The judgements on starting: whether a machine will start, and what waits for its next start."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.verdict.judgements.answer import MakesNoSense
from tests.unit.verdict.volumes import TPM, answer, clear, faults, judged, luks, volume


def started(tokens: list[str], **changes: Any) -> dict[str, Any]:
    return {"image": "/boot/initrd.img-6.12", "opens": True, "tokens": tokens, **changes}


OPENS = {"token": 0, "result": "opens"}
CHANGED = {"what": "/boot/grub/grub.cfg has changed since the last start", "pcrs": [8, 9]}


@pytest.mark.parametrize(
    ("header", "word", "grounds"),
    [
        (luks(), "needs-its-user", "nobody tried"),
        (luks(start=started([], opens=False, why="the initramfs does not name it")), "no", "does not name it"),
        (luks(start=started([], image="", opens=False, why="no kernel lies in /boot")), "not-tested", "no kernel"),
        (luks(tokens=[TPM], start=started([])), "will-ask", "nothing that uses"),
        (luks(tokens=[TPM], start=started(["systemd-tpm2"]), trials=[OPENS]), "yes", "present PCRs"),
        (luks(tokens=[TPM], start=started(["systemd-tpm2"])), "not-tested", "no trial"),
        (
            luks(
                tokens=[TPM], start=started(["systemd-tpm2"]), trials=[OPENS | {"result": "refused", "why": "policy"}]
            ),
            "will-ask",
            "policy",
        ),
        (
            luks(tokens=[TPM], start=started(["systemd-tpm2"], pending=[CHANGED]), trials=[OPENS]),
            "not-tested",
            "grub.cfg has changed",
        ),
        (
            luks(tokens=[TPM | {"pcrs": [7]}], start=started(["systemd-tpm2"], pending=[CHANGED]), trials=[OPENS]),
            "yes",
            "present PCRs",
        ),
        (luks(tokens=[TPM | {"pin": True}], start=started([])), "will-ask", "a passphrase is asked for in its place"),
        (luks(tokens=[TPM | {"pin": True}], start=started(["systemd-tpm2"])), "needs-its-user", "PIN"),
        (luks(start=None), "yes", "not opened by the initramfs"),
        (luks(start=None, key_files=[{"path": "/etc/k", "place": "missing"}]), "will-ask", "/etc/k is missing"),
    ],
)
def test_will_it_boot(header: dict[str, Any], word: str, grounds: str) -> None:
    found = answer("will_boot", volume(header))
    assert found.value == word
    assert grounds in found.grounds


def test_an_image_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(MakesNoSense, match="cut off") as problem:
        answer("will_boot", volume(luks(start=started([], trouble={"code": "malformed", "why": "cut off"}))))
    assert problem.value.code == "malformed"


def test_the_worst_volume_decides_whether_it_boots() -> None:
    no = volume(luks(start=started([], opens=False, why="not there")), name="sdb1")
    assert judged("will_boot", volume(), no) == "no"
    assert judged("will_boot", clear("sda3", "/", "system")) == "yes"


def test_what_is_pending() -> None:
    assert faults("pending", luks()) == ""
    assert "half done" in faults("pending", luks(reencrypting=True))
    refused = luks(tokens=[TPM], trials=[OPENS | {"result": "refused", "why": "policy"}])
    assert "enrol it again" in faults("pending", refused)
    assert "bound to PCRs 8, 9" in faults("pending", luks(tokens=[TPM], start=started([], pending=[CHANGED])))
    assert faults("pending", luks(tokens=[TPM | {"pcrs": [7]}], start=started([], pending=[CHANGED]))) == ""
