"""The machine a driver looks at: files below a root, and a way to run commands.

Everything that touches the device goes through here, so a driver can be pointed at a folder of captured files, and so
that "each source is read once" holds by construction: reads, listings and queries are remembered until `forget()`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO, Any

READ_LIMIT = 1024 * 1024  # bytes; no setting lives in a larger file, and a larger one is an attack or an accident
QUERY_TIMEOUT = 20  # seconds; a command that says nothing for longer is `unreadable`, and the visit goes on
CLEAN_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
Runner = Callable[[list[str], str, float, dict[str, str]], "Completed"]


class HostError(Exception):
    """Something on the device could not be read or run. `code` is one of the codes in `engine/reading.py`."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Completed:
    """What a command left behind: `rc` (exit status), `out` and `err` (text of at most READ_LIMIT bytes each)."""

    def __init__(self, rc: int, out: str, err: str) -> None:
        self.rc = rc
        self.out = out
        self.err = err


class Host:
    """Files below `root` and commands of one machine, each read once.

    `root` is "/" on a device; a test gives a folder. `runner(argv, input, timeout, environment)` starts a command and
    returns `Completed`; the default starts a real process. `check(argv, starts)`, where one is set, raises HostError
    for a query whose answer must not be believed.
    """

    def __init__(self, root: str = "/", runner: Runner | None = None) -> None:
        self.root = root
        self.is_root = os.geteuid() == 0
        self.children = 0
        self.check: Callable[[list[str], tuple[str, ...]], None] | None = None
        self._runner = runner or run_process
        self._files: dict[str, bytes | FileNotFoundError | HostError] = {}
        self._folders: dict[str, list[str] | HostError] = {}
        self._queries: dict[tuple[Any, ...], Completed | HostError] = {}

    def path(self, name: str) -> str:
        """Where the device's absolute path `name` lies for this process."""
        return name if self.root == "/" else os.path.join(self.root, name.lstrip("/"))

    # Reading

    def read(self, name: str) -> bytes:
        """The bytes of a regular file. Raises FileNotFoundError when it is absent, HostError when it is unreadable."""
        if name not in self._files:
            self._files[name] = self._read(name)
        content = self._files[name]
        if isinstance(content, Exception):
            raise content
        return content

    def text(self, name: str) -> str:
        """The text of a file; bytes that are no UTF-8 come as backslash escapes, so two texts never look alike."""
        return self.read(name).decode("utf-8", "backslashreplace")

    def _read(self, name: str) -> bytes | FileNotFoundError | HostError:
        try:
            # O_NONBLOCK: a pipe left where a file belongs must not hang the visit.
            handle = os.open(self.path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return FileNotFoundError(name)
        except PermissionError:
            return HostError("denied" if self.is_root else "needs_root", f"{name} may not be read by this account")
        except OSError as problem:
            return HostError("failed", f"{name}: {problem.strerror}")
        try:
            with os.fdopen(handle, "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    return HostError("malformed", f"{name} is not a regular file")
                content = stream.read(READ_LIMIT + 1)
        except OSError as problem:
            return HostError("failed", f"{name}: {problem.strerror}")
        if len(content) > READ_LIMIT:
            return HostError("too_large", f"{name} is larger than {READ_LIMIT} bytes")
        return content

    def exists(self, name: str) -> bool:
        """True for anything that is there, a broken link included.

        Raises HostError where the machine does not say: what is refused (a home on FUSE or NFS) is not absent.
        """
        return self._lstat(name) is not None

    def _lstat(self, name: str) -> os.stat_result | None:
        """os.lstat of what has a name, None where nothing has it. Raises HostError."""
        try:
            return os.lstat(self.path(name))
        except (FileNotFoundError, NotADirectoryError, ValueError):  # no name holds a NUL
            return None
        except PermissionError:
            raise HostError("denied" if self.is_root else "needs_root", f"{name} may not be looked at") from None
        except OSError as problem:
            if problem.errno == errno.ENAMETOOLONG:
                return None
            raise HostError("failed", f"{name}: {problem.strerror}") from None

    def entries(self, name: str) -> list[str]:
        """Sorted names in a folder; an absent folder has none. Raises HostError when it cannot be listed."""
        if name not in self._folders:
            self._folders[name] = self._entries(name)
        names = self._folders[name]
        if isinstance(names, HostError):
            raise names
        return list(names)

    def _entries(self, name: str) -> list[str] | HostError:
        try:
            return sorted(os.listdir(self.path(name)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except PermissionError:
            return HostError("denied" if self.is_root else "needs_root", f"{name} may not be listed")
        except OSError as problem:
            return HostError("failed", f"{name}: {problem.strerror}")

    def stat(self, name: str) -> os.stat_result:
        """os.stat of the file itself (links followed). Raises FileNotFoundError or HostError."""
        try:
            return os.stat(self.path(name))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(name) from None
        except PermissionError:
            raise HostError("denied" if self.is_root else "needs_root", f"{name} may not be looked at") from None
        except OSError as problem:
            raise HostError("failed", f"{name}: {problem.strerror}") from None

    def executable(self, name: str) -> bool:
        """True for a regular file with an execute bit. Raises HostError."""
        try:
            status = self.stat(name)
        except FileNotFoundError:
            return False
        return stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o111)

    def access_list(self, name: str) -> bytes:
        """A file's access list as the kernel keeps it, empty for none. Raises HostError."""
        from . import access_attribute  # few files have one

        try:
            return access_attribute.content(self.path(name))
        except FileNotFoundError:
            return b""
        except PermissionError:
            raise HostError("denied" if self.is_root else "needs_root", f"{name} may not be looked at") from None
        except OSError as problem:
            raise HostError("failed", f"the access list of {name}: {problem.strerror}") from None

    def megabytes(self, name: str) -> int:
        """The size of the file system on which a file or folder lies. Raises HostError."""
        try:
            status = os.statvfs(self.path(name))
        except OSError as problem:
            raise HostError("failed", f"{name} has a file system of unknown size: {problem.strerror}") from None
        return status.f_blocks * status.f_frsize // 2**20

    def link(self, name: str) -> str | None:
        """Where a symbolic link leads in the end, as a path of the device; None for no link. Raises HostError."""
        status = self._lstat(name)
        return self.real(name) if status is not None and stat.S_ISLNK(status.st_mode) else None

    def real(self, name: str) -> str:
        """The path of the device by which a file or folder is reached without any link, those in folders above too."""
        real = os.path.realpath(self.path(name))
        root = os.path.realpath(self.root)
        if root == "/" or not f"{real}/".startswith(f"{root}/"):
            return real
        return real[len(root) :] or "/"

    def query(
        self,
        argv: list[str],
        input: str = "",
        environment: dict[str, str] | None = None,
        timeout: float = QUERY_TIMEOUT,
        starts: tuple[str, ...] = (),
    ) -> Completed:
        """Run a command that changes nothing, once: the same question again gives the remembered answer.

        `starts` names the programs that a script in it starts. Raises HostError `missing_tool`, `timeout`, or what
        `check` says of the programs. A non-zero exit status is returned, not raised.
        """
        key = (tuple(argv), input, tuple(sorted((environment or {}).items())))
        if key not in self._queries:
            try:
                if self.check:
                    self.check(argv, starts)
                self._queries[key] = self.act(argv, input, environment, timeout)
            except HostError as problem:
                self._queries[key] = problem
        completed = self._queries[key]
        if isinstance(completed, HostError):
            raise completed
        return completed

    def stream(self, argv: list[str], name: str, offset: int, timeout: float) -> Stream:
        """A running command whose standard input is the file `name` from `offset` on: for what is too large to keep.

        A context manager that gives the stream of its output; the command is ended with it, or at the time-out, after
        which the stream has an end. Raises HostError.
        """
        if self.check:
            self.check(argv, ())
        self.children += 1
        return Stream(argv, self.path(name), offset, timeout)

    # Changing

    def act(
        self, argv: list[str], input: str = "", environment: dict[str, str] | None = None, timeout: float = 120
    ) -> Completed:
        """Run a command that may change something; never remembered."""
        self.children += 1
        return self._runner(argv, input, timeout, {**CLEAN_ENVIRONMENT, **(environment or {})})

    def forget(self) -> None:
        """Drop what was remembered: the machine has changed."""
        self._files.clear()
        self._folders.clear()
        self._queries.clear()


class Stream:
    """One command that is read while it runs; `timed_out` is true when it was ended for taking too long."""

    def __init__(self, argv: list[str], path: str, offset: int, timeout: float) -> None:
        self.argv = argv
        self.timed_out = False
        self._path = path
        self._offset = offset
        self._timeout = timeout

    def __enter__(self) -> Stream:
        try:
            with open(self._path, "rb") as source:
                # The child reads from the place where the file stands: file and child share it.
                os.lseek(source.fileno(), self._offset, os.SEEK_SET)
                self._process = subprocess.Popen(
                    self.argv,
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=CLEAN_ENVIRONMENT,
                    start_new_session=True,
                    cwd="/",
                )
        except FileNotFoundError:
            raise HostError("missing_tool", f"the command {self.argv[0]} is not installed") from None
        except OSError as problem:
            raise HostError("failed", f"{self.argv[0]} could not be started: {problem.strerror}") from None
        self._watch = threading.Timer(self._timeout, self._end)
        self._watch.daemon = True
        self._watch.start()
        self.output = _pipe(self._process.stdout)
        return self

    def _end(self) -> None:
        self.timed_out = True
        _end_whole(self._process)

    def finish(self) -> bool:
        """Wait for the command, whose output was read to its end; true when it ended well."""
        return self._process.wait() == 0

    def __exit__(self, *_problem: object) -> None:
        self._watch.cancel()
        _put_away(self._process)


def run_process(argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:
    """Start `argv` with a clean environment in a process group of its own, which is ended whole at the time-out."""
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
            cwd="/",
        )
    except FileNotFoundError:
        raise HostError("missing_tool", f"the command {argv[0]} is not installed") from None
    except OSError as problem:
        raise HostError("failed", f"{argv[0]} could not be started: {problem.strerror}") from None
    try:
        out, err = _exchange(process, input.encode(), started + timeout)
        process.wait(max(started + timeout - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        _end_whole(process)
        raise HostError("timeout", f"{argv[0]} gave no answer within {timeout:.0f} s") from None
    except _TooMuch:
        _end_whole(process)
        raise HostError("too_large", f"{argv[0]} printed more than {READ_LIMIT} bytes") from None
    finally:
        _put_away(process)
    return Completed(
        process.returncode, out.decode("utf-8", "backslashreplace"), err.decode("utf-8", "backslashreplace")
    )


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    """The end of a pipe that a process was started with."""
    if end is None:
        raise ValueError("the process was started without it")
    return end


class _TooMuch(Exception):
    """A command printed more than anybody reads."""


def _exchange(process: subprocess.Popen[bytes], unsent: bytes, deadline: float) -> tuple[bytes, bytes]:
    """(standard output, standard error) of a command that gets `unsent`, both read until they end.

    Not Popen.communicate: that keeps all that is printed, and after a kill it waits for whoever still holds the pipe.
    Raises TimeoutExpired and _TooMuch.
    """
    stdin, stdout, stderr = map(_pipe, (process.stdin, process.stdout, process.stderr))
    received = {stdout: bytearray(), stderr: bytearray()}
    with selectors.DefaultSelector() as waiting:
        for stream in received:
            waiting.register(stream, selectors.EVENT_READ, stream)
        if unsent:
            os.set_blocking(stdin.fileno(), False)
            waiting.register(stdin, selectors.EVENT_WRITE, stdin)
        else:
            stdin.close()
        while waiting.get_map():
            ready = waiting.select(max(deadline - time.monotonic(), 0))
            if not ready:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _events in ready:
                stream = key.data
                if stream is stdin:
                    unsent = _written(stream, unsent)
                    done = not unsent
                else:
                    part = os.read(stream.fileno(), 65536)
                    received[stream] += part
                    done = not part
                    if len(received[stream]) > READ_LIMIT:
                        raise _TooMuch
                if done:
                    waiting.unregister(stream)
                    stream.close()
    return bytes(received[stdout]), bytes(received[stderr])


def _written(stream: IO[bytes], unsent: bytes) -> bytes:
    """What is left of `unsent`; nothing where the command reads no more."""
    try:
        return unsent[os.write(stream.fileno(), unsent[:65536]) :]
    except BlockingIOError:
        return unsent
    except BrokenPipeError:
        return b""


def _end_whole(process: subprocess.Popen[bytes]) -> None:
    """End a command and its children, also those that it left behind: until then they keep the group's number."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _put_away(process: subprocess.Popen[bytes]) -> None:
    """End what still runs of a command, and let go of its pipes without waiting for those who hold them too."""
    if process.poll() is None:
        _end_whole(process)
        process.wait()
    for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
        with contextlib.suppress(OSError):
            stream.close()
