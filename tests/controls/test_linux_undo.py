"""A roll-out is undone on a real machine: the machine is as it was, or what somebody changed since is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .harness import Proof, verdicts, wrong_lines
from .machine_run import MachineRun
from .test_linux_trouble import DRIFT, listing

MachineRuns = Callable[[str], MachineRun]
JOURNALS = "/var/lib/leeboard/journal"
# Of these an undo brings back all: no package, nothing that the kernel locks before its next start, and nothing that
# opens a disk.
WHOLE = ("LBL", "LCK", "ENC-11", "ENC-14")


def runs(proof: Proof, order: str = "-t") -> list[str]:
    """The runs that have a journal on the machine, newest first (-tr: oldest first)."""
    names = proof.machine.root(f"cd {JOURNALS} && ls {order} -- *.jsonl").stdout.split()
    return [name.removesuffix(".jsonl") for name in names]


def undo(proof: Proof, run: str) -> str:
    """Undo a run as a technician does it with plain Ansible; what was printed."""
    done = proof.play("undo.yml", "-e", f"undo_run={run}", "-v")
    assert done.status == 0, done.output
    return done.output


def of_whole(findings: dict[str, str]) -> dict[str, str]:
    return {control: verdict for control, verdict in findings.items() if control.startswith(WHOLE)}


@pytest.mark.full
@pytest.mark.parametrize("image", ["server"])
def test_what_a_roll_out_mended_is_as_it_was_before(machine_run: MachineRuns, image: str) -> None:
    def work(proof: Proof) -> None:
        proof.machine.root(DRIFT)
        drifted, before = proof.findings(proof.visit()), listing(proof)
        assert verdicts(drifted)["LBL-02"] == "drifted", wrong_lines(drifted)
        assert proof.roll_out().status == 0
        mended = listing(proof)
        assert mended != before
        run = runs(proof)[0]
        undo(proof, run)
        assert listing(proof) == before
        findings = proof.findings(proof.visit())
        assert verdicts(findings) == verdicts(drifted), wrong_lines(findings)
        assert "changed=0" in undo(proof, run), "a second undo changes nothing"
        undo(proof, runs(proof)[0])
        assert listing(proof) == mended, "an undo can be undone"

    machine_run(image).with_machine(work)


@pytest.mark.full
@pytest.mark.parametrize("image", ["gnome"])
def test_the_first_roll_out_undone_gives_the_stock_verdicts(machine_run: MachineRuns, image: str) -> None:
    at_first = machine_run(image).enforced().stock_truth

    def work(proof: Proof) -> None:
        undo(proof, runs(proof, "-tr")[0])
        findings = proof.findings(proof.visit())
        stock = machine_run(image).about["stock"]
        now = {control: verdict for control, verdict in verdicts(findings).items() if control in stock}
        assert of_whole(now) == of_whole(stock), wrong_lines(findings)
        # And by other means than ours, as the machine said before anything was changed.
        asked_controls = [control for control in at_first if control.startswith(WHOLE)]
        truth = proof.truth(asked_controls)
        assert {control: truth[control].verdict for control in asked_controls} == {
            control: at_first[control].verdict for control in asked_controls
        }

    machine_run(image).with_machine(work)


@pytest.mark.full
@pytest.mark.parametrize("image", ["server"])
def test_a_change_in_between_is_left_alone(machine_run: MachineRuns, image: str) -> None:
    def work(proof: Proof) -> None:
        proof.machine.root(DRIFT)
        assert proof.roll_out().status == 0
        run = runs(proof)[0]
        proof.machine.root("printf 'a technician wrote this\\n' >/etc/issue")
        output = undo(proof, run)
        assert "changed since: its content is another one" in output
        assert proof.machine.root("cat /etc/issue").stdout == "a technician wrote this\n"
        gone = proof.machine.root("ls /etc/leeboard/label; ls /etc/profile.d/*leeboard*", check=False)
        assert gone.stdout == "", "the rest was put back: neither was there"

    machine_run(image).with_machine(work)
