"""The power is cut at each change that a rotation makes to the header of a real machine's disk: nothing is lost.

Takes five minutes a point, so it runs only where it is named: `make test-full`. In `make test` every point is gone
through on disks that lie in files (tests/unit/escrow/test_kill_matrix.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leeboard.escrow.records import State
from tests.vm.console import ASKS
from tests.vm.encrypt import PASSPHRASE, SECOND

from .harness import PATIENCE, Proof
from .lane import Lane
from .test_recovery_keys import desk

Lanes = Callable[[str], Lane]
# In the place of cryptsetup until the machine restarts: it switches the machine off, as somebody does who pulls the
# plug, before the command of this number that changes the header. Commands are counted, never named.
PLUG = """
mkdir -p /run/plug && cp /usr/sbin/cryptsetup /run/plug/real && echo 0 >/run/plug/count
cat >/run/plug/cryptsetup <<'SH'
#!/bin/bash
case "$1 $2" in luksAddKey*|luksKillSlot*|token\\ *)
    count=$(($(cat /run/plug/count) + 1))
    echo $count >/run/plug/count
    if [ $count = POINT ]; then echo o >/proc/sysrq-trigger; sleep 600; fi ;;
esac
exec /run/plug/real "$@"
SH
chmod 755 /run/plug/cryptsetup && mount --bind /run/plug/cryptsetup /usr/sbin/cryptsetup
"""
# Of a rotation: two tokens, the key, the old slot, its token.
POINTS = range(1, 6)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("image", ["encrypted"])
def test_a_power_cut_during_a_rotation_costs_nothing(lane: Lanes, image: str, point: int, tmp_path: Path) -> None:
    def work(proof: Proof) -> None:
        with desk(proof, tmp_path) as it:
            it.roll_out()
            old = it.current
            it.use(old)
            it.machine.root(PLUG.replace("POINT", str(point)))
            assert it.proof.roll_out().status != 0
            it.machine.power_cut()
            it.machine.start()
            opener = it.secret(old) if point < 5 else it.secret(it.current)
            it.machine.type_on_console(ASKS, opener, PATIENCE)
            it.machine.wait_for_ssh(PATIENCE)
            assert it.opens(PASSPHRASE) and it.opens(SECOND)
            for key in it.keys:
                if key.state is State.PROVED:
                    assert it.opens(it.secret(key)), key.id

            it.roll_out()
            assert it.verdicts()["ENC-07"] == "compliant"
            assert it.opens(it.secret(it.current)) and it.opens(PASSPHRASE) and it.opens(SECOND)
            assert not it.opens(it.secret(old))
            assert [one.state for one in it.keys].count(State.PROVED) == 1

    lane(image).with_machine(work)
