"""A PowerShell that stays: server.ps1 in one process, which answers scripts as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_SERVER = Path(__file__).parent / "server.ps1"
_MARK = b"@@leeboard "


class PowerShellError(RuntimeError):
    """A script ended with an error. `details` has PowerShell's message, type, id, category and where."""

    def __init__(self, details: dict[str, str]) -> None:
        super().__init__(f"{details['message']}\n{details['type']}\n{details['where']}")
        self.details = details


class PowerShell:
    """One PowerShell process, which keeps its modules and variables between scripts.

    `program` is pwsh or wine-pwsh; `path` turns a path of ours into one that it understands.
    """

    def __init__(
        self,
        program: str,
        modules: Iterable[Path] = (),
        environment: dict[str, str] | None = None,
        path: Callable[[Path], str] = str,
        patience: float = 60,
    ) -> None:
        self._count = 0
        self._noise: list[bytes] = []
        self._pending = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            [program, "-NoProfile", "-NonInteractive", "-File", path(_SERVER), ";".join(map(path, modules))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            self._answer(patience)
        except BaseException:
            self.close()
            raise

    def run(self, script: str, /, *, timeout: float = 60, **arguments: Any) -> Any:
        """What a script puts out: None, one thing, or a list. It finds the arguments in $arguments."""
        self._count += 1
        line = json.dumps({"id": self._count, "script": script, "arguments": arguments})
        self._process.stdin.write(line.encode("ascii") + b"\n")
        self._process.stdin.flush()
        output = self._answer(timeout)
        return output[0] if len(output) == 1 else output or None

    @property
    def noise(self) -> str:
        """What was printed beside the answers since the start."""
        self._errors.seek(0)
        return (b"\n".join(self._noise) + self._errors.read()).decode("utf-8", "replace")

    @property
    def ended(self) -> bool:
        """Whether the process is gone, killed for instance."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End the process, by itself if it will."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._reap()
        self._process.stdout.close()
        self._errors.close()

    def _reap(self) -> None:
        """Wait for a process that says nothing any more, so that it `ended` for whoever asks next."""
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answer(self, timeout: float) -> list[Any]:
        line = self._line(timeout)
        answer = json.loads(line)
        if "error" in answer:
            raise PowerShellError(answer["error"])
        return answer["output"]

    def _line(self, timeout: float) -> bytes:
        """The next line behind the mark. TimeoutError after `timeout` seconds: then the process is of no more use."""
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                while b"\n" in self._pending:
                    line, _end, self._pending = self._pending.partition(b"\n")
                    before, mark, answer = line.partition(_MARK)
                    if mark:
                        return answer
                    self._noise.append(before)
                if not selector.select(max(0, end - time.monotonic())):
                    raise TimeoutError(f"PowerShell gave no answer for {timeout:.0f} s; it printed: {self.noise}")
                chunk = os.read(self._process.stdout.fileno(), 65536)
                if not chunk:
                    self._reap()
                    raise RuntimeError(f"PowerShell ended; it printed: {self.noise}")
                self._pending += chunk
