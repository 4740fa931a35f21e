"""Trying a volume without opening it: does an empty passphrase open a slot, and does the TPM give a key away now.

Each trial runs the key derivation of the slots it tries, which costs seconds of processor and up to a gigabyte of
memory a slot, and nothing about a header tells the answer more cheaply. So the costs are added up first, and what
would take too long, or more memory than is free, is not tried and says so.
"""

from __future__ import annotations

import re
from typing import Any

from ..engine.host import Host, HostError
from ..engine.safe_read import number

# Memory times passes, in KiB: thirty slots of Argon2 at a quarter of a gigabyte, ten at one and three passes.
MOST_MEMORY_PASSES = 32 * 1024 * 1024
MOST_ITERATIONS = 60_000_000  # of PBKDF2: about thirty seconds
EMPTY_TIMEOUT = 90
TOKEN_TIMEOUT = 30
# PCRs that go on changing after the initramfs had its key: measured files, systemd's phases, the system's identity.
MOVING = (10, 11, 15)
OPENED = re.compile(r"Key slot ([0-9]+) unlocked")
# No token of this type exists: cryptsetup then goes straight to the passphrase. Otherwise it would ask the tokens
# first, and a key from the TPM or the keyring would pass for an empty passphrase.
NO_TOKEN = ["--token-type", "leeboard-none"]


def try_empty(host: Host, path: str, header: dict[str, Any], detached: str) -> dict[str, str]:
    """Whether an empty passphrase opens a slot: {"result", "why"}."""
    tried = [slot for slot in header["slots"] if slot["opens"]]
    if not tried and header["version"] == 2:
        return _not_tested("its header has no slot that opens it")
    refused = _too_costly(host, [header["costs"].get(slot["id"], (0, 0, 0)) for slot in tried])
    if refused:
        return _not_tested(refused)
    # Slots of priority "ignore" are passed over unless they are named.
    for chosen in [[], *(["--key-slot", str(slot["id"])] for slot in tried if slot.get("ignored"))]:
        answer = _empty(host, path, [*chosen, *(["--header", detached] if detached else [])])
        if answer["result"] != "refused":
            return answer
    return {"result": "refused"}


def _empty(host: Host, path: str, options: list[str]) -> dict[str, str]:
    argv = ["cryptsetup", "open", "--test-passphrase", "--verbose", "--tries", "1", *NO_TOKEN, *options, path]
    try:
        done = host.query(argv, input="\n", timeout=EMPTY_TIMEOUT)
    except HostError as problem:
        return _not_tested(problem.why)
    if done.rc == 0:
        slot = OPENED.search(done.out)
        return {"result": "opens", "why": f"slot {slot.group(1)}" if slot else "a slot"}
    if done.rc == 2:
        return {"result": "refused"}
    return _not_tested(f"cryptsetup ended with status {done.rc}: {done.err.strip()[-150:]}")


def _too_costly(host: Host, costs: list[tuple[int, int, int]]) -> str:
    """Why the slots are not tried, empty where they may be."""
    memory = max((kib for kib, _passes, _iterations in costs), default=0)
    free = _free_memory(host)
    if free is not None and memory > free:
        return f"a slot takes {memory // 1024} MiB of memory, and fewer are free"
    if sum(kib * max(passes, 1) for kib, passes, _iterations in costs) > MOST_MEMORY_PASSES or (
        sum(iterations for _kib, _passes, iterations in costs) > MOST_ITERATIONS
    ):
        return f"trying its {len(costs)} slots would take the machine longer than a check may"
    return ""


def _free_memory(host: Host) -> int | None:
    """KiB of memory that a program could have now; None where the kernel does not say."""
    try:
        text = host.text("/proc/meminfo")
    except FileNotFoundError:
        return None
    words = next((line.split() for line in text.split("\n") if line.startswith("MemAvailable:")), [])
    return number(words[1]) if len(words) > 1 else None


def try_token(host: Host, path: str, entry: dict[str, Any], detached: str) -> dict[str, Any] | None:
    """What the TPM says of a token of systemd without a PIN: a trial, or None for a token that cannot be tried so."""
    if entry["type"] == "clevis":
        return _trial_of(entry, _not_tested("Clevis would show the key itself if it were asked, so it is not"))
    if entry["type"] != "systemd-tpm2" or entry["pin"]:
        return None
    moving = sorted(set(MOVING) & {*entry["pcrs"], *entry.get("signed_pcrs", [])})
    if moving:
        named = ", ".join(str(pcr) for pcr in moving)
        return _trial_of(entry, _not_tested(f"it is bound to PCR {named}, which goes on changing after the start"))
    options = ["--header", detached] if detached else []
    argv = ["cryptsetup", "open", "--test-passphrase", "--token-only", "--token-id", str(entry["id"]), *options, path]
    try:
        done = host.query(argv, timeout=TOKEN_TIMEOUT)
    except HostError as problem:
        return _trial_of(entry, _not_tested(problem.why))
    if done.rc == 0:
        return _trial_of(entry, {"result": "opens"})
    why = (done.err + done.out).strip().split("\n")[-1][:200]
    if "No usable token" in done.err + done.out:
        return _trial_of(
            entry, _not_tested("cryptsetup has no plug-in for it (on Debian the package systemd-cryptsetup)")
        )
    return _trial_of(entry, {"result": "refused", "why": why or f"cryptsetup ended with status {done.rc}"})


def _trial_of(entry: dict[str, Any], trial: dict[str, str]) -> dict[str, Any]:
    return {**trial, "token": entry["id"]}


def _not_tested(why: str) -> dict[str, str]:
    return {"result": "not-tested", "why": why[:400]}
