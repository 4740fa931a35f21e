"""Device code asks for the time, for chance and for its own process only where this list says, each with its reason.

What is so asked for in a reading or a fact makes it another each night on a device that nobody touched (decision 0026).
A new driver that counts days, ages or process ids stops here first: give the brain what does not move, or say here why
it moves nothing.
"""

from __future__ import annotations

from . import tree
from .moving import in_powershell, in_python

ENVELOPE = "observed_at and cost stand in the envelope"
LIMIT = "how long to wait for something; messages name the limit itself"
JOURNAL = "the undo journal says when a change was made"
RUN = "the name of a run that nobody named"
KEYS = "a key, or where one is handed over, for a roll-out; no reading is made there"
CHECKPOINT = "a checkpoint lasts for some seconds; what a visit says of one is a fact only while one is held"
L, W = "plugins/module_utils/_linux/", "plugins/module_utils/_windows/"
KNOWN = {
    f"{L}visit.py: visit": ENVELOPE,
    f"{L}engine/host.py: run_process": LIMIT,
    f"{L}engine/host.py: _exchange": LIMIT,
    f"{L}luks/initramfs.py: read": LIMIT,
    f"{L}luks/initramfs.py: _archives": LIMIT,
    f"{L}luks/initramfs.py: take": LIMIT,
    f"{L}engine/journal.py: record": JOURNAL,
    f"{L}system/tls_files.py: ended": "a roll-out relies on no certificate that is not valid now",
    f"{L}removable_media/state.py: _answer": "polkit is told which process asks; problems do not name it",
    f"{L}simple/shell_timeout.py: at import": "a mark that nothing in a start-up file can print; it is in no reading",
    f"{L}engine/secret_pipe.py: secret_files": KEYS,
    f"{L}checkpoint/arm.py: _alone": LIMIT,
    f"{L}checkpoint/arm.py: _arm": CHECKPOINT,
    f"{L}checkpoint/arm.py: _plan": CHECKPOINT,
    f"{L}engine/armed.py: seconds_left": CHECKPOINT,
    f"{L}faillock/trial.py: _until_its_end": LIMIT,
    f"{L}faillock/trial.py: in_child": LIMIT,
    f"{L}faillock/update.py: plan": "the name of a folder below /run, which the change takes away again",
    f"{L}luks/authorise.py: _end_children": KEYS,
    f"{L}luks/empty_disk.py: _not_open": KEYS,
    f"{L}luks/empty_disk.py: spans": KEYS,
    f"{L}luks/format.py: make": KEYS,
    f"{L}luks/restore.py: restore": KEYS,
    f"{L}luks/tpm.py: _sealed": KEYS,
    f"{L}luks/tpm.py: _memory": KEYS,
    f"{L}luks/tpm.py: _credentials": KEYS,
    f"{L}vpn/tunnel/changes.py: _refuse": "a roll-out relies on no certificate that is not valid now",
    f"{L}vpn/ikev2/traffic.py: ask": "the number of a question for a name, which nobody is told",
    f"{L}vpn/wireguard/key.py: _shakes_hands": "a roll-out waits for the gateway's answer; no reading",
    "plugins/module_utils/driver_module.py: run": RUN,
    "plugins/modules/journal_undo.py: main": RUN,
    "plugins/modules/vpn_certificate.py: _done": "which certificates are out of date, for a roll-out; no reading",
    f"{W}Visit.psm1: Get-LeeboardObservation": ENVELOPE,
    f"{W}checkpoint/Arm.psm1: Wait-Run": LIMIT,
    f"{W}checkpoint/Arm.psm1: Write-Checkpoint": CHECKPOINT,
    f"{W}checkpoint/Ending.psm1: Undo-LeeboardCheckpoint": LIMIT,
    f"{W}engine/Host.psm1: Get-LeeboardNow": "where all others get it from",
    f"{W}engine/Host.psm1: Invoke-LeeboardProgram": LIMIT,
    f"{W}engine/Host.psm1: Receive-Output": LIMIT,
    f"{W}engine/Journal.psm1: Write-LeeboardJournal": JOURNAL,
    f"{W}engine/DriverModule.psm1: Invoke-LeeboardDriverModule": RUN,
    "plugins/modules/win_journal_undo.ps1: at import": RUN,
    f"{W}engine/ToolFile.psm1: Use-LeeboardToolFolder": "a folder for a program's output; problems do not name it",
    f"{W}system/DefaultProfile.psm1: Mount-LeeboardDefaultProfile": "a place for a copy; readings name the original",
    f"{W}system/DefaultProfile.psm1: Test-Visit": "whether the visit that left a copy behind is still at work",
    f"{W}registry/RegistryStart.psm1: Update-Seen": "a note for the next start, on the device; no reading has its time",
    f"{W}logging/EventForwarding.psm1: Get-ConnectedAspect": "whether it said anything in 30 days, yes or no",
    f"{W}simple/WindowsTime.psm1: Get-SynchronisedReading": "whether it said anything in 14 days, yes or no",
    f"{W}vpn/CertificateInstall.psm1: Test-Key": "something new for a key to sign; nobody is told of it",
    f"{W}vpn/MachineCertificate.psm1: Get-ChainEnd": "a roll-out relies on no certificate that is not valid now",
    f"{W}vpn/MachineCertificate.psm1: Get-LeeboardCertificateFault": "the same; no reading",
}


def asking() -> set[str]:
    """FILE: FUNCTION of each place in device code that asks."""
    python = [*tree.select(".py", under="plugins/module_utils/"), *tree.select(".py", under="plugins/modules/")]
    powershell = tree.select(".psm1", ".ps1", under="plugins/")
    assert len(python) > 150 and len(powershell) > 50
    found = {f"{name}: {function}" for name in python for function in in_python(tree.text(name))}
    return found | {f"{name}: {function}" for name in powershell for function in in_powershell(tree.text(name))}


def test_device_code_asks_the_clock_in_known_places_only() -> None:
    found = asking()
    tree.none(sorted(found - KNOWN.keys()), "asks for what moves, and tests/house/test_moving.py does not say why")
    tree.none(sorted(KNOWN.keys() - found), "does not ask any more; take it out of tests/house/test_moving.py")


def test_every_way_to_ask_is_seen() -> None:
    for asks in (
        "time.time()", "time.gmtime()", "time.strftime('%Y')", "datetime.now()", "datetime.datetime.now()",
        "os.getpid()", "secrets.token_hex()", "uuid.uuid4()",
    ):  # fmt: skip
        assert list(in_python(f"def observe():\n    return {asks}\n")) == ["observe"], asks
    assert list(in_python("def observe():\n    clock = time.monotonic\n")) == ["observe"]
    assert list(in_python("from time import time\n")) == ["at import"]
    assert list(in_python("def moment(at):\n    return time.strftime('%Y', time.gmtime(at))\n")) == []
    for asks in (
        "Get-Date",
        "Get-LeeboardNow",
        "[datetime]::UtcNow",
        "[System.DateTime]::Today",
        "$PID",
        "[guid]::NewGuid()",
    ):
        assert list(in_powershell(f"function Get-One {{\n    $x = {asks}\n}}\n")) == ["Get-One"], asks
    assert list(in_powershell("function Get-One {\n    # Get-Date would move\n}\n")) == []
