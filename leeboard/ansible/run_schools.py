"""One check of many schools: an Ansible process for each, some side by side. What one school costs it costs alone.

A host's share of one Ansible process grows with the number of hosts in it, so a school each is also the fastest way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from leeboard.ansible.run import RunResult, run_playbook
from leeboard.ansible.scratch import scratch
from leeboard.evidence.bundles.files import bundles, run_of

ANSIBLE_RAN = (0, 2, 4)  # all well, some hosts failed, some hosts were unreachable


@dataclass(frozen=True)
class SchoolCheck:
    """A school to be checked: the inventory file that has it, and its hosts there (None: all that the file has)."""

    urn: str
    name: str
    source: Path
    hosts: tuple[str, ...] | None
    devices: int


@dataclass(frozen=True)
class SchoolRun:
    """How the check of one school went. `runs` are the ids of what it recorded, `seconds` the time that it took."""

    school: SchoolCheck
    runs: frozenset[str]
    result: RunResult
    seconds: float

    @property
    def broken(self) -> bool:
        """True when Ansible broke off, or recorded nothing."""
        return self.result.status not in ANSIBLE_RAN or not self.runs


def check(
    schools: Iterable[SchoolCheck],
    var: Path,
    at_once: int,
    extra: Mapping[str, str],
    ended: Callable[[SchoolRun], None],
    tick: Callable[[], None],
) -> None:
    """Check schools, `at_once` side by side. `ended` is told of each as it ends, `tick` is called twice a second.

    Whatever ends this (Ctrl-C included) ends each Ansible first, which closes its bundle.
    """
    stop = threading.Event()
    with scratch("modules") as modules, ThreadPoolExecutor(at_once, thread_name_prefix="school") as pool:
        try:
            pending: set[Future[SchoolRun]] = {
                pool.submit(_run_school, school, var, extra, stop, modules) for school in schools
            }
            while pending:
                done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                tick()
                for future in done:
                    ended(future.result())
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def runs_of(var: Path, urn: str) -> frozenset[str]:
    """The ids of the runs whose bundles lie in a school's folder."""
    return frozenset(map(run_of, bundles(var / "evidence" / urn)))


def _run_school(
    school: SchoolCheck, var: Path, extra: Mapping[str, str], stop: threading.Event, modules: Path
) -> SchoolRun:
    earlier, began = runs_of(var, school.urn), time.monotonic()
    result = run_playbook(
        "drift",
        school.source,
        var,
        school.hosts,
        extra,
        stopped=stop.is_set,
        school=school.urn,
        modules=modules,
    )
    return SchoolRun(school, runs_of(var, school.urn) - earlier, result, time.monotonic() - began)
