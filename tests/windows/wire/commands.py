"""Shells and the commands that run in them: what a WS-Management service keeps between two requests."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from typing import IO

# Runs a command line on the machine, with pipes for all three streams, in a session of its own.
Start = Callable[[str], "subprocess.Popen[bytes]"]
STILL = 0.1  # seconds without new output after which what is there is handed over


class Command:
    """A program on the machine, started with its command line; its output is collected as it comes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._ready = threading.Condition()
        self._parts: list[tuple[str, bytes]] = []
        self._open = 2
        self._input: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._feed, daemon=True).start()
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            threading.Thread(target=self._collect, args=(name, stream), daemon=True).start()

    def _collect(self, name: str, stream: IO[bytes]) -> None:
        while data := stream.read1(65536):
            with self._ready:
                self._parts.append((name, data))
                self._ready.notify_all()
        with self._ready:
            self._open -= 1
            self._ready.notify_all()

    def _feed(self) -> None:
        """Standard input in its turn. A program that ends before it read all of it is no error; its output tells."""
        with contextlib.suppress(OSError), self._process.stdin as stream:
            while data := self._input.get():
                stream.write(data)
                stream.flush()

    def send(self, data: bytes, last: bool) -> None:
        """Take input for the program, which may not read it yet: PowerShell takes seconds to start."""
        if data:
            self._input.put(data)
        if last:
            self._input.put(b"")

    def receive(self, timeout: float, most: int) -> tuple[list[tuple[str, bytes]], int | None] | None:
        """Output of at most `most` bytes and, once all of it was handed over, the exit status; None after `timeout`.

        It waits until output pauses, so that the number of answers depends on the output and not on the scheduler.
        A real service may hand it over in smaller parts.
        """
        until = time.monotonic() + timeout
        with self._ready:
            while self._open and sum(len(data) for _, data in self._parts) < most:
                before = len(self._parts)
                left = until - time.monotonic()
                self._ready.wait(min(STILL, left) if before else left)
                if len(self._parts) == before and self._open and (before or time.monotonic() >= until):
                    break
            parts, room = [], most
            while self._parts and room:
                name, data = self._parts.pop(0)
                if len(data) > room:
                    self._parts.insert(0, (name, data[room:]))
                    data = data[:room]
                room -= len(data)
                parts.append((name, data))
            if self._open or self._parts:
                return (parts, None) if parts else None
        return parts, self._process.wait()

    def end(self) -> None:
        """Terminate the program if it still runs, and let go of its streams."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._input.put(b"")


class Shells:
    """The shells of one machine. `start` runs a command line on it."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._shells: dict[str, dict[str, Command]] = {}

    def create(self) -> str:
        """Open a shell; its id."""
        shell = str(uuid.uuid4()).upper()
        self._shells[shell] = {}
        return shell

    def run(self, shell: str, line: str) -> str:
        """Start a command in a shell; its id. Raises KeyError for a shell that is not there."""
        commands = self._shells[shell]
        name = str(uuid.uuid4()).upper()
        commands[name] = Command(self._start(line))
        return name

    def command(self, shell: str, command: str) -> Command:
        """A command that was started and not yet ended by a signal. Raises KeyError."""
        return self._shells[shell][command]

    def end(self, shell: str, command: str) -> None:
        """End a command."""
        self._shells[shell].pop(command).end()

    def delete(self, shell: str) -> None:
        """Close a shell and end what still runs in it."""
        for command in self._shells.pop(shell).values():
            command.end()

    def left(self) -> int:
        """How many shells nobody closed."""
        return len(self._shells)

    def close(self) -> None:
        """Close all shells."""
        for shell in list(self._shells):
            self.delete(shell)
