"""What root keeps in the kernel's keyring: who reads it, when it ends, and what a process that dies leaves of it."""

from __future__ import annotations

import errno
import platform
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import kernel_keyring

from tests.unit.linux.keyrings import IMPORT, RAW, SESSIONS, environment, needs_keyring, session

SECRET = "correct horse \N{GREEK SMALL LETTER OMEGA} ".encode() + b"\xff\x00"
EMPTY = SESSIONS["empty, as systemd gives a service"]


@pytest.fixture
def name() -> Iterator[str]:
    """A description that no other test has."""
    description = kernel_keyring.of_disk(str(uuid.uuid4()))
    yield description
    kernel_keyring.revoke(description)


@needs_keyring
@pytest.mark.parametrize("writer", SESSIONS)
@pytest.mark.parametrize("reader", SESSIONS)
def test_what_one_session_keeps_every_other_reads_and_revokes(name: str, writer: str, reader: str) -> None:
    session(f"kernel_keyring.put({name!r}, {SECRET!r}, 60)", SESSIONS[writer])
    code = f"""
print(kernel_keyring.read({name!r}))
print(list(kernel_keyring.keys_held({name!r})))
print(kernel_keyring.revoke({name!r}), kernel_keyring.read({name!r}))
"""
    assert session(code, SESSIONS[reader]).split("\n") == [repr(SECRET), repr([name]), "True None"]
    assert kernel_keyring.read(name) is None


@needs_keyring
@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(("sudo", "-n", "--preserve-env=PYTHONPATH", sys.executable, "-"), id="sudo"),
        pytest.param(("runuser", "-l", "root", "-w", "PYTHONPATH", "-c", f"{sys.executable} -"), id="PAM's session"),
    ],
)
def test_real_programs_that_change_the_session(name: str, argv: tuple[str, ...]) -> None:
    """From a person's session, as SSH has one."""
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed")
    kernel_keyring.put(name, SECRET, 60)
    start = "\n".join([RAW, SESSIONS["a person's, as sudo keeps it"], f"os.execvp({argv[0]!r}, {argv!r})"])
    code = f"{IMPORT}\nprint(kernel_keyring.read({name!r}))"
    done = subprocess.run(
        [sys.executable, "-c", start], env=environment(), input=code, capture_output=True, text=True, timeout=600
    )
    assert done.stdout.strip() == repr(SECRET), done.stderr


@needs_keyring
def test_another_account_has_a_keyring_of_its_own(name: str) -> None:
    kernel_keyring.put(name, SECRET, 60)
    as_nobody = "os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)"
    code = f"{as_nobody}\nprint(kernel_keyring.read({name!r}), {name!r} in open('/proc/keys').read())"
    assert session(code) == "None False"


@needs_keyring
def test_nobody_changes_it_or_gives_it_more_time(name: str) -> None:
    kernel_keyring.put(name, SECRET, 60)
    assert session(f"print({name!r} in open('/proc/keys').read())", EMPTY) == "False"
    code = f"""
key = kernel_keyring._find_key({name!r})
buffer = ctypes.create_string_buffer(100)
print(raw(READ, key, buffer, 100))
print(raw(SET_TIMEOUT, key, 3600), raw(UPDATE, key, b'x', 1), raw(SETPERM, key, 0x3f3f0000))
print([line.split()[4] for line in open('/proc/keys') if {name!r} in line])
kernel_keyring.revoke({name!r})
print(raw(READ, key, buffer, 100) < 0)
"""
    no = -errno.EACCES
    assert session(code).split("\n") == [f"{len(SECRET)}", f"{no} {no} {no}", "['1b000000']", "True"]


@needs_keyring
def test_its_time_is_up(name: str) -> None:
    kernel_keyring.put(name, SECRET, 1)
    end = time.monotonic() + 3
    while kernel_keyring.read(name) is not None:
        assert time.monotonic() < end, "a key of one second is there after three"
        time.sleep(0.05)
    assert kernel_keyring.keys_held(name) == {} and kernel_keyring.revoke(name) is False


@needs_keyring
def test_a_second_one_takes_the_place_of_the_first_with_a_time_of_its_own(name: str) -> None:
    kernel_keyring.put(name, SECRET, 1)
    kernel_keyring.put(name, b"another", 3 * 86400 + 60)
    assert kernel_keyring.read(name) == b"another"
    assert kernel_keyring.keys_held(name) == {name: 3 * 86400}
    kernel_keyring.put(name, b"x" * 512, 7000)
    assert kernel_keyring.keys_held(name) == {name: 3600}
    time.sleep(1.5)
    assert kernel_keyring.read(name) == b"x" * 512, "the end of the first one does not count for the last"


@needs_keyring
def test_one_with_the_same_description_in_another_keyring_is_not_ours(name: str) -> None:
    add_key = kernel_keyring.NUMBERS[platform.machine()][0]
    code = f"""
_libc.syscall({add_key}, b'user', {name!r}.encode(), b'theirs', ctypes.c_long(6), ctypes.c_long(SESSION))
print({name!r} in open('/proc/keys').read(), kernel_keyring.read({name!r}), kernel_keyring.keys_held('leeboard:luks:'))
"""
    shown, read, held = session(code, EMPTY).split(" ", 2)
    assert (shown, read) == ("True", "None") and name not in held


@needs_keyring
@pytest.mark.parametrize("operation", ["SET_TIMEOUT", "SETPERM", "LINK"])
@pytest.mark.parametrize("before", [b"", b"kept before"])
def test_a_process_that_dies_on_the_way_leaves_what_was_there(name: str, operation: str, before: bytes) -> None:
    if before:
        kernel_keyring.put(name, before, 60)
    code = f"""
keyctl = kernel_keyring._keyctl
def dies(operation, *rest):
    if operation == kernel_keyring.{operation}:
        print("died", flush=True)
        os._exit(0)
    return keyctl(operation, *rest)
kernel_keyring._keyctl = dies
kernel_keyring.put({name!r}, {SECRET!r}, 60)
"""
    assert session(code) == "died"
    assert kernel_keyring.read(name) == (before or None)


@needs_keyring
def test_a_refusal_leaves_nothing_and_is_said_in_words(name: str) -> None:
    code = f"""
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
os.setresuid(65534, 65534, 65534)
for secret in (b'x' * 30000, b''):
    try:
        kernel_keyring.put({name!r}, secret, 60)
    except HostError as problem:
        print(problem.code, problem.why)
print(kernel_keyring.read({name!r}))
"""
    most, empty, left = session(code).split("\n")
    assert most.startswith("failed the kernel's keyring cannot be used: this account has as many keys as it may")
    assert empty == "failed the kernel's keyring cannot be used: Invalid argument" and left == "None"
    with pytest.raises(ValueError, match="without an end"):
        kernel_keyring.put(name, SECRET, 0)


@pytest.mark.parametrize("machine", ["riscv64", "i686", "armv7l"])
def test_another_machine_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    monkeypatch.setattr(kernel_keyring.platform, "machine", lambda: machine)
    with pytest.raises(HostError, match=f"known on aarch64 and x86_64 with 64 bits only, and this is {machine}"):
        kernel_keyring.read("leeboard:luks:x")


@pytest.mark.parametrize("refusal", [errno.ENOSYS, errno.EPERM, errno.EACCES])
def test_a_kernel_without_keyrings_and_one_that_refuses(refusal: int) -> None:
    """As a container's rules have it (seccomp): the words name a cause and hold no secret."""
    problem = kernel_keyring._Refused(refusal)
    assert problem.code == ("failed" if refusal == errno.ENOSYS else "denied")
    assert "built without keyrings" in problem.why or "SELinux or the rules of a container" in problem.why
