"""Machines of the lab for the proof: brought to the baseline by the real roll-out, broken, visited, asked for truth.

A visit here is the drivers' own `visit()`, shipped and loaded once (resident_observer.py), asked for by one SSH command
and judged outside: the same code as a nightly check without Ansible around it, which would cost seconds a script.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from leeboard.escrow.disks.readings import asked_of_device, of_escrow
from leeboard.evidence.bundles.reader import Reader
from leeboard.model.device import Device, device
from leeboard.model.enums import Platform
from leeboard.model.finding import Finding
from leeboard.model.observation import Observation, parse, with_readings
from leeboard.planning.plan import plan
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.verdict import device_clock
from leeboard.verdict.evaluate import evaluate
from tests.device_code import linux_files
from tests.vm.encrypt import PASSPHRASE
from tests.vm.errors import LabError
from tests.vm.machine import Machine

from .scripts import FOLDER, Script, controls_with_truth, truth_files

ROOT = FOLDER.parents[1]
THERE = "/run/leeboard-proof"
NOTICE = "This computer is St Mary's School's. Only people whom the school has authorised may use it.\nUse is recorded."
OBSERVER = Path(__file__).with_name("resident_observer.py")
START = (  # as the shell of a technician's sudo would have it, and in no session of his
    "systemctl stop leeboard-proof.service 2>/dev/null; "
    f"rm -f {THERE}/observer.pid; systemd-run --quiet --collect --unit leeboard-proof "
    "-E HOME -E LANG -E LOGNAME -E PATH -E SUDO_UID -E SUDO_USER -E USER "
    f"/usr/bin/python3 {THERE}/resident_observer.py && until [ -s {THERE}/observer.pid ]; do sleep 0.2; done"
)
ASK = f"kill -0 $(cat {THERE}/observer.pid) && echo %s >{THERE}/ask && cat {THERE}/answer"
FAMILIES = ["LCK", "LBL", "AUD", "FWD", "ENC", "REM"]  # what a roll-out may change
ENFORCED = "enforced"
KNOWN = f"PASSPHRASE={shlex.quote(PASSPHRASE)}"  # what a technician at an encrypted machine knows
# The digests of the authority that the lab made on the machine, and of its collector's own certificate.
RECOGNISED = (
    "if cd /root/lab-collector 2>/dev/null; then for one in 'ca 256' 'localhost 1'; do "
    'openssl x509 -noout -fingerprint -sha${one#* } -in ${one% *}.pem | sed "s/.*=/SHA${one#* }:/"; done; fi'
)
# Truths that wait for rsyslogd most of the time, which they share with no other: asked beside the others or after them.
WAITS = ("FWD-01", "FWD-02")
MOST_ROUNDS = 4
PATIENCE = 900  # seconds for one command: other tests may keep both processors busy
# Before a command that may say nothing for minutes: REM-07 ends a session that is silent for so long (5 minutes at
# level high), and on a busy processor some are.
ALIVE = (
    "{ while sleep 60 2>/dev/null; do echo . >&2; done; } >/dev/null </dev/null & alive=$!; trap 'kill $alive' EXIT; "
)


def machines() -> dict[str, Any]:
    """What machines.yml says of each image."""
    data: dict[str, Any] = yaml.safe_load((FOLDER / "machines.yml").read_text(encoding="utf-8"))
    return data


def baseline(only: Sequence[str] = ()) -> Baseline:
    """The shipped baseline; of these families alone, if any are named."""
    families = tuple(family for family in load().families if not only or family.family in only)
    return load().model_copy(update={"families": families})


@dataclass(frozen=True)
class Truth:
    """What a truth script says of one control: compliant, pending or drifted, and why."""

    verdict: str
    why: str


@dataclass(frozen=True)
class RollOut:
    """How a playbook ended: Ansible's exit status, its counts for the machine, and all that it printed."""

    status: int
    counts: dict[str, int]
    output: str


class Proof:
    """One machine of the lab with its place in an inventory. `work` is a folder for inventory and evidence."""

    def __init__(self, machine: Machine, work: Path, **variables: Any) -> None:
        self.machine = machine
        self.work = work
        self.waits: Callable[[], AbstractContextManager[None]] = nullcontext  # around what costs time and no processor
        self.about = machines()[machine.spec.image]
        self.baseline = baseline(self.about.get("only", ()))
        self.variables = {
            "leeboard_asset": f"LAB-{machine.spec.image}",
            "leeboard_urn": "900003",
            "leeboard_school": "Lab School",
            "leeboard_platform": "linux",
            "leeboard_notice_text": NOTICE,
            "leeboard_enforce": [family for family in FAMILIES if family in self.about.get("only", FAMILIES)],
            "leeboard_log_collector": "localhost:6514",  # lab-collector.service
            "leeboard_time_servers": "localhost",  # lab-clock.service
            "leeboard_management_networks": "10.0.2.0/24",  # QEMU's own, by which we come
            "leeboard_remove_saved_passwords": "remmina",
            **{f"leeboard_{name}": self.about[name] for name in ("level", "form", "role")},
            **variables,
        }

    # Looking

    def device(self, level: str = "") -> Device:
        """The machine as the inventory describes it, at another level if one is given."""
        variables = {**self.variables, **({"leeboard_level": level} if level else {})}
        return device("lab", variables, tuple(load().parameters))

    def ship(self) -> None:
        """Put the drivers on the machine, compiled, so that a visit starts at once."""
        self.machine.root(f"mkdir -p {THERE} && tar -xC {THERE}", input=packed(shipped()))
        self.machine.put(f"{NOTICE}\n".encode(), f"{THERE}/notice")
        self.machine.put(json.dumps(asked_of_device(self.baseline, Platform.LINUX)).encode(), f"{THERE}/addresses")
        collector = self.machine.root(RECOGNISED, timeout=PATIENCE).stdout.split()
        if collector:
            self.variables["leeboard_log_collector_ca"] = " ".join(collector)
        self.machine.root(START, timeout=PATIENCE)
        self.visit()

    def visit(self) -> Observation:
        """Everything that a nightly check asks of the machine, in one command."""
        return parse(self.raw_visit())

    def raw_visit(self) -> Any:
        """The visit's answer, with what the controller's vault has of the machine, as the action files it."""
        return self._filed(self._ask("visit"))

    def _filed(self, answer: str) -> Any:
        reply, at = _read(answer), datetime.now(UTC)
        seen = parse(reply)
        # A visit takes no minute, and less than five in the lab: a clock that is right is not told apart.
        clock = device_clock.reading(seen, at, at)
        return with_readings(reply, [*of_escrow(seen, self.device(), self.work / "var"), clock])

    def _ask(self, word: str) -> str:
        return self._patiently(ASK % word)

    def _patiently(self, command: str, input: bytes | None = None) -> str:
        """What a command prints that may take long."""
        return self.machine.root(ALIVE + command, input=input, timeout=PATIENCE).stdout

    def findings(self, observation: Observation, level: str = "") -> dict[str, Finding]:
        """What the brain makes of an observation, by control."""
        findings = evaluate(resolve(self.baseline, self.device(level)), observation, observation.observed_at)
        return {finding.control: finding for finding in findings}

    def truth(self, controls: list[str] | None = None, level: str = "") -> dict[str, Truth]:
        """What the machine itself says, by the truth scripts. Run after a visit: some compile and reload things."""
        controls_asked = [control for control in controls_with_truth() if controls is None or control in controls]
        if "LBL-01" in controls_asked:
            self._fetch_banners()
        return self._truths(self._patiently(self._truth_command(controls_asked, level)))

    def try_out(self, scripts: Sequence[Script]) -> tuple[Observation, dict[str, Truth]]:
        """Run scripts of one level, visit the machine, and ask it for the truth about the controls that they name."""
        level = scripts[0].level
        asked_controls = sorted({control for script in scripts for control in script.asked})
        at_once = [control for control in asked_controls if control not in (*WAITS, "LBL-01")]
        files = {script.path: f"scripts/{number:02d}" for number, script in enumerate(scripts)}
        run = f"for one in {THERE}/scripts/*; do (cd /root && {KNOWN} bash $one >&2 </dev/null) || exit; done"
        command = f"tar -xC {THERE} && {self._clock()}{run}; rm -r {THERE}/scripts; {ASK % 'visit'}"
        if at_once:
            command += f"; echo; {self._truth_command(at_once, level)}"
        answer, _, text = self._patiently(command, packed(files)).partition("\n")
        truth = self._truths(text)
        if "LBL-01" in asked_controls:
            truth |= self.truth(["LBL-01"], level)
        return parse(self._filed(answer)), truth | self._truth_that_waits(asked_controls, level)

    def mend_all(self, controls: Sequence[str], level: str) -> tuple[Observation, dict[str, Truth]]:
        """Put back what scripts broke, visit the machine, and ask it for the truth about these controls."""
        observation = self.mend(level)
        truth = self.truth([control for control in controls if control not in WAITS], level)
        return observation, truth | self._truth_that_waits(controls, level)

    def _truth_that_waits(self, controls: Sequence[str], level: str) -> dict[str, Truth]:
        waiting = [control for control in controls if control in WAITS]
        if not waiting:
            return {}
        with self.waits():
            return self.truth(waiting, level)

    def _clock(self) -> str:
        """Wait for the clock, which was set after a restore and counts as wrong until the time service has asked."""
        if self.about["applies"].get("FWD-05") != "compliant":
            return ""
        right = '[ "$(timedatectl show -P NTPSynchronized)" = yes ]'
        return f"for _ in $(seq 60); do {right} && break; sleep 1; done; "

    def _truth_command(self, controls: list[str], level: str) -> str:
        variables = f"LEVEL={level or self.variables['leeboard_level']} NOTICE={THERE}/notice"
        variables += f" SSH_NOW={THERE}/ssh-now SSH_NEXT={THERE}/ssh-next"

        def ask(names: list[str]) -> str:
            return "".join(f"echo; echo '== {c}'; {variables} bash {THERE}/truth/{c}.sh 2>/dev/null; " for c in names)

        waiting = [control for control in controls if control in WAITS]
        if not waiting:
            return ask(controls)
        others = ask([control for control in controls if control not in waiting])
        return f"{{ {ask(waiting)} }} >{THERE}/said & waits=$!; {others} wait $waits; cat {THERE}/said"

    def _truths(self, output: str) -> dict[str, Truth]:
        parts = re.split(r"^== (\S+)\n", output, flags=re.MULTILINE)[1:]
        return {
            control: Truth(*[part.strip() for part in text.strip().partition("\n")[::2]])
            for control, text in zip(parts[::2], parts[1::2], strict=True)
        }

    def banner(self, user: str = "pupil") -> str:
        """What an SSH client that stands outside is shown before it signs in."""
        access = self.machine.access
        command = ["ssh", *access.options(), "-o", "PreferredAuthentications=none", "-o", "LogLevel=INFO"]
        command += ["-T", "-p", str(access.port), f"{user}@127.0.0.1"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stderr
        return re.sub(rf"{user}@127\.0\.0\.1: Permission denied.*", "", shown)

    def _fetch_banners(self) -> None:
        # The shared connection lives on through a restart of the service.
        self.machine.root(f"cat >{THERE}/ssh-now; systemctl restart ssh", input=self.banner())
        self.machine.root(f"cat >{THERE}/ssh-next", input=self.banner())

    # Changing

    def run(self, script: Script) -> None:
        """Run a break or a harmless change as root."""
        self.machine.root(f"cd /root && {KNOWN} bash -s", input=script.text)

    def mend(self, level: str = "") -> Observation:
        """Plan and apply until nothing is left, as the action `enforce` does it, without Ansible around it."""
        wanted = resolve(self.baseline, self.device(level))
        observation = self.visit()
        for _round in range(MOST_ROUNDS):
            steps = plan(wanted, observation, FAMILIES, observation.observed_at)
            if not steps:
                break
            request = json.dumps([(step.driver, [change.as_argument() for change in step.changes]) for step in steps])
            self.machine.put(request.encode(), f"{THERE}/asked")
            if _read(self._ask("apply")) != "applied":
                raise LabError("the observer did not apply the changes")
            observation = self.visit()
        return observation

    def play(self, playbook: str, *arguments: str) -> RollOut:
        """Run one of our playbooks through the collection, as a technician would."""
        self.work.mkdir(parents=True, exist_ok=True)
        inventory = self.work / "hosts.yml"
        hosts = {"lab": {**self.machine.inventory(), **self.variables}}
        inventory.write_text(yaml.safe_dump({"lab_school": {"hosts": hosts}}), encoding="utf-8")
        return play(self.work, inventory, playbook, *arguments)

    def roll_out(self) -> RollOut:
        """Bring the machine to its baseline."""
        return self.play("rollout.yml")

    def begin_roll_out(self, log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """The same, for somebody who wants to do something to it meanwhile: its own group of processes. `log` is the
        file for what it prints."""
        done = self.play("rollout.yml", "--list-hosts")  # writes the inventory
        assert done.status == 0, done.output[-2000:]
        command, usual = played(self.work, self.work / "hosts.yml", "rollout.yml")
        with log.open("wb") as out:
            return subprocess.Popen(
                command, cwd=ROOT, env={**usual, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def check(self) -> tuple[RollOut, dict[str, str]]:
        """The nightly check, and the verdicts in its evidence of the controls that are looked at here."""
        done = self.play("drift.yml")
        recorded_now = recorded(self.work).get(str(self.variables["leeboard_asset"]), {})
        mine = {control.id for family in self.baseline.families for control in family.controls}
        return done, {control: verdict for control, verdict in recorded_now.items() if control in mine}


def shipped() -> dict[Path, str]:
    """What goes to a machine, by the names that it has there: drivers, truth scripts and the observer."""
    return linux_files() | {path: f"truth/{name}" for path, name in truth_files().items()} | {OBSERVER: OBSERVER.name}


def _read(answer: str) -> Any:
    """What the observer answered. Raises LabError with its own words where it failed."""
    try:
        return json.loads(answer)
    except json.JSONDecodeError:
        raise LabError(answer[-3000:] or "the observer said nothing") from None


def packed(files: Mapping[Path, str]) -> bytes:
    """A tar archive of files by the names that they get in it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, name in files.items():
            tar.add(path, name)
    return archive.getvalue()


def play(work: Path, inventory: Path, playbook: str, *arguments: str) -> RollOut:
    """Run a playbook of this clone on an inventory, with evidence in `work`/var."""
    command, environment = played(work, inventory, playbook, *arguments)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False)
    return run_of(done.returncode, done.stdout + done.stderr)


def run_of(status: int, output: str) -> RollOut:
    """How a playbook ended, from its exit status and what it printed."""
    recap = re.search(r"^lab\s+: (.*)$", output, re.MULTILINE)
    counts = {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", recap[1] if recap else "")}
    return RollOut(status, counts, output)


def played(work: Path, inventory: Path, playbook: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command that runs a playbook of this clone on an inventory, and its environment."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(ROOT / "playbooks" / playbook)]
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "PYTHONPATH": str(ROOT),
        "LEEBOARD_VAR": str(work / "var"),
        "ANSIBLE_LOCAL_TEMP": str(work / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    return [*command, "-i", str(inventory), *arguments], environment


def recorded(work: Path) -> dict[str, dict[str, str]]:
    """Asset tag, control and verdict in the newest bundle that a run left in `work`/var."""
    newest = max((work / "var" / "evidence").glob("*/*.jsonl.xz"), key=lambda path: path.stat().st_mtime_ns)
    with Reader(newest) as bundle:
        return {
            record.line.asset: {finding["control"]: finding["verdict"] for finding in record.findings() or []}
            for record in bundle.devices()
        }


def verdicts(findings: dict[str, Finding]) -> dict[str, str]:
    """Control and verdict, as plain text."""
    return {control: str(finding.verdict) for control, finding in findings.items()}


def wrong_lines(findings: dict[str, Finding]) -> str:
    """What was found wrong, in lines for a failing test's message."""
    return "\n".join(
        f"{finding.control} {finding.verdict} ({finding.mode}): {result.setting} is {result.seen!r} from "
        f"{result.source!r}, wanted {result.wanted!r}; {result.reason}"
        for finding in findings.values()
        for result in finding.judged
        if str(result.verdict) not in ("compliant", "not_applicable")
    )
